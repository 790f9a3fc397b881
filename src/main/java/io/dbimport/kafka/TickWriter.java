package io.dbimport.kafka;

import io.dbimport.event.JobEnd;
import io.dbimport.event.Progress;
import io.dbimport.worker.Entry;
import io.dbimport.worker.Entry.Admitted;
import io.dbimport.worker.Entry.JobOver;
import io.dbimport.worker.Entry.Marked;
import io.dbimport.worker.Entry.Resolved;
import io.dbimport.worker.Entry.Settled;
import io.dbimport.worker.Moment;
import io.dbimport.worker.Worker;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the entries of a tick down. What a fault of ours keeps from being written down ends alone;
 * the others go on. Confined to the loop thread.
 */
final class TickWriter {
  private static final Logger LOG = LoggerFactory.getLogger(TickWriter.class);

  private final Records records;
  private final Worker worker;

  TickWriter(Records records, Worker worker) {
    this.records = records;
    this.worker = worker;
  }

  /**
   * The records of these entries, or of others in their place.
   *
   * @param shortened whose whole records the broker found too large
   */
  List<Transactions.Outgoing> outgoing(List<Entry> tick, Set<Entry> shortened, Moment now) {
    return tick.stream()
        .flatMap(entry -> outgoing(entry, shortened.contains(entry), now).stream())
        .toList();
  }

  private Optional<Transactions.Outgoing> outgoing(Entry entry, boolean shortened, Moment now) {
    try {
      return Optional.of(records.of(entry, shortened));
    } catch (RuntimeException bug) {
      LOG.error(
          "a fault of ours in writing down what became of a request of partition {}",
          entry.partition(),
          bug);
      return instead(entry, "writing it down failed: " + bug.getClass().getName(), now)
          .map(other -> records.of(other, shortened));
    }
  }

  private Optional<Entry> instead(Entry entry, String what, Moment now) {
    return switch (entry) {
      case Settled settled -> Optional.of(worker.faulted(settled, what, now));
      // Its call has not started, and does not: it has its outcome in the next tick.
      case Admitted(long _, var call, Progress _) -> {
        worker.faulted(call, what, now);
        yield Optional.empty();
      }
      // It is published as unknown, and that stays so.
      case Resolved _ -> Optional.empty();
      case JobOver(long epoch, var job, JobEnd _, var at) ->
          Optional.of(new JobOver(epoch, job, new JobEnd.Lost(what), at));
      // Its bytes are not here, and the offset may pass it: it must be written down in some form.
      case Marked(long epoch, var source, var state, var request, var key, Progress progress) ->
          Optional.of(new Marked(epoch, source, state, request, key, progress.withoutLast()));
    };
  }
}
