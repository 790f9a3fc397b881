package io.dbimport.worker;

import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The partitions that are assigned, and what they come to in all. Confined to the loop thread. */
final class Partitions {
  private final Map<Integer, Partition> byNumber = new HashMap<>();

  void add(Partition partition) {
    if (byNumber.putIfAbsent(partition.number, partition) != null) {
      throw new IllegalStateException("partition " + partition.number + " is assigned already");
    }
  }

  /** The partition that is let go; null when it was not assigned. */
  @Nullable Partition remove(int number) {
    return byNumber.remove(number);
  }

  /** The partition; null when it is not assigned. */
  @Nullable Partition get(int number) {
    return byNumber.get(number);
  }

  Collection<Partition> all() {
    return byNumber.values();
  }

  /** The partition of this assignment; null when it is over. */
  @Nullable Partition get(int number, long epoch) {
    Partition partition = byNumber.get(number);
    return partition != null && partition.epoch == epoch ? partition : null;
  }

  /** The lane's partition; null when its assignment is over. */
  @Nullable Partition of(Lane lane) {
    return get(lane.key.partition(), lane.epoch);
  }

  /** The entry's partition; null when its assignment is over. */
  @Nullable Partition of(Entry entry) {
    return get(entry.partition(), entry.epoch());
  }

  /** The partition of an entry that is owned. */
  Partition held(Entry entry) {
    Partition partition = of(entry);
    if (partition == null) {
      throw new IllegalStateException("partition " + entry.partition() + " is not held");
    }
    return partition;
  }

  /** The offsets to commit together with these entries. */
  Offsets offsets(Collection<Entry> taken) {
    Set<Integer> touched = new HashSet<>();
    taken.forEach(entry -> touched.add(entry.partition()));
    Map<Integer, Long> next = new HashMap<>();
    Map<Integer, Long> epochs = new HashMap<>();
    for (Partition partition : all()) {
      long committable = partition.offsets.committable();
      if (touched.contains(partition.number) || committable > partition.committed) {
        next.put(partition.number, committable);
        epochs.put(partition.number, partition.epoch);
      }
    }
    return new Offsets(next, epochs);
  }

  /**
   * The offsets are committed; those of an assignment that is over mean nothing.
   *
   * @param leaseUntilNanos until when no one else can own their partitions and call in them
   */
  void committed(Offsets offsets, long leaseUntilNanos) {
    offsets
        .next()
        .forEach((number, offset) -> {
          Partition partition = get(number, offsets.epochs().getOrDefault(number, -1L));
          if (partition != null) {
            partition.committed = offset;
            partition.leaseUntilNanos = Math.max(partition.leaseUntilNanos, leaseUntilNanos);
          }
        });
  }

  /** The offset of a partition in which no call and no outcome is open; empty while one is. */
  Optional<Long> restingOffset(int number) {
    Partition partition = byNumber.get(number);
    return partition == null || partition.calling > 0 || partition.settling > 0
        ? Optional.empty()
        : Optional.of(partition.offsets.committable());
  }

  /** When it is worth looking for parked deliveries to read again; {@code MAX_VALUE} for never. */
  long nextFetchNanos() {
    long due = Long.MAX_VALUE;
    for (Partition partition : all()) {
      if (!partition.fetching && !partition.closing && partition.hasToFetch()) {
        due = Math.min(due, partition.fetchAtNanos);
      }
    }
    return due;
  }

  /**
   * How much work there is now.
   *
   * @param jobs that are followed
   */
  WorkerView view(int jobs) {
    int open = 0;
    int calling = 0;
    int settling = 0;
    Instant oldest = null;
    for (Partition partition : all()) {
      open += partition.openDeliveries();
      calling += partition.calling;
      settling += partition.settling;
      Instant first = partition.oldest();
      oldest = oldest == null || (first != null && first.isBefore(oldest)) ? first : oldest;
    }
    return new WorkerView(open - calling - settling, calling, settling, jobs, oldest);
  }

  /** What waits, and what is unknown. */
  Waits waits(Admission admission) {
    int parked = 0;
    int unknown = 0;
    int behindBreaker = 0;
    for (Partition partition : all()) {
      parked += partition.parked;
      unknown += partition.claims.unknownCount();
      if (admission.openBreakers() != 0) {
        for (Lane lane : partition.lanes.values()) {
          if (admission.breakerOpen(lane.key.environment())) {
            behindBreaker += lane.queue.size() - (lane.calling ? 1 : 0);
          }
        }
      }
    }
    return new Waits(
        parked, unknown, behindBreaker, admission.openBreakers(), admission.throttled());
  }
}
