package io.dbimport.worker;

import io.dbimport.event.AcceptedJob;
import java.util.List;
import java.util.Set;

/**
 * What the ledger says about a partition that was just assigned. Immutable.
 *
 * @param start the offset that reading starts from
 * @param done offsets from there on whose outcome is published
 * @param openJobs accepted jobs whose end is not published
 */
public record Restored(long start, Set<Long> done, List<AcceptedJob> openJobs) {

  /** Whether the ledger has it, so that it must not be published again. */
  public boolean knows(Settlement settlement) {
    return switch (settlement) {
      case Settlement.Settled settled -> {
        long offset = settled.delivery().source().offset();
        yield offset < start || done.contains(offset);
      }
      case Settlement.JobOver over ->
          openJobs.stream().noneMatch(job -> job.source().equals(over.job().source()));
    };
  }
}
