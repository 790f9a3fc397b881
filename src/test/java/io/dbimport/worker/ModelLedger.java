package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.Outcome;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.event.AcceptedJob;
import io.dbimport.event.Decoding.Valid;
import io.dbimport.event.JobEnd;
import io.dbimport.event.Source;
import io.dbimport.worker.Settlement.JobOver;
import io.dbimport.worker.Settlement.Settled;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is committed: outcomes, ends of jobs and offsets. It takes nothing twice, and no offset that
 * passes a delivery without an outcome. Confined to one thread.
 */
final class ModelLedger {
  final Map<Source, Outcome> outcomes = new LinkedHashMap<>();
  final Map<Source, JobEnd> ends = new LinkedHashMap<>();
  final Map<Integer, Long> offsets = new HashMap<>();

  /** Every delivery there is, in any partition. */
  final Set<Source> deliveries = new HashSet<>();

  private final Map<Source, AcceptedJob> jobs = new LinkedHashMap<>();

  /** One transaction. */
  void commit(List<Settlement> settlements, Map<Integer, Long> frontier) {
    for (Settlement settlement : settlements) {
      switch (settlement) {
        case Settled settled -> add(settled);
        case JobOver over -> {
          Source source = over.job().source();
          assertThat(jobs).as("accepted jobs").containsKey(source);
          assertThat(ends.put(source, over.end())).as("the first end of %s", source).isNull();
        }
      }
      assertThat(frontier).as("the fence of a partition").containsKey(settlement.partition());
    }
    frontier.forEach(this::moveTo);
  }

  private void add(Settled settled) {
    Source source = settled.delivery().source();
    assertThat(outcomes.put(source, settled.outcome()))
        .as("the first outcome of %s", source)
        .isNull();
    if (settled.outcome() instanceof JobAccepted accepted) {
      assertThat(settled.decoding()).isInstanceOf(Valid.class);
      Valid valid = (Valid) settled.decoding();
      jobs.put(source, Worker.job(settled.delivery(), valid, accepted, settled.at()));
    }
  }

  private void moveTo(int partition, long offset) {
    assertThat(offset)
        .as("the offset of partition %d", partition)
        .isGreaterThanOrEqualTo(offset(partition));
    offsets.put(partition, offset);
    assertThat(deliveries.stream().filter(d -> d.partition() == partition && d.offset() < offset))
        .as("deliveries behind offset %d of partition %d", offset, partition)
        .allMatch(outcomes::containsKey);
  }

  long offset(int partition) {
    return offsets.getOrDefault(partition, 0L);
  }

  /** What a new owner of the partition is told. */
  Restored restored(int partition) {
    Set<Long> done = new HashSet<>();
    outcomes.keySet().stream()
        .filter(d -> d.partition() == partition && d.offset() >= offset(partition))
        .forEach(d -> done.add(d.offset()));
    List<AcceptedJob> open =
        jobs.values().stream()
            .filter(job -> job.source().partition() == partition)
            .filter(job -> !ends.containsKey(job.source()))
            .toList();
    return new Restored(offset(partition), done, open);
  }

  /** Accepted jobs, ended or not. */
  Set<Source> jobs() {
    return jobs.keySet();
  }
}
