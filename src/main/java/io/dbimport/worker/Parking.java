package io.dbimport.worker;

import io.dbimport.event.LedgerRecord.OpenState;
import io.dbimport.event.Progress;
import io.dbimport.worker.LaneKey.Environment;
import io.dbimport.worker.WorkerSettings.Ordering;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;

/**
 * Puts deliveries aside that would wait long or fill a partition's window, so that neither its
 * offsets nor memory nor other tenants wait for them: the ledger marks them, the topic keeps their
 * bytes, and they are read again, oldest first, when their lane can go on. Confined to the loop
 * thread.
 */
final class Parking {
  /** A wait that is known to be longer than this is waited for outside memory. */
  static final Duration LONG = Duration.ofSeconds(30);

  /** What a lane that can go on keeps in memory when the window is full. */
  private static final int KEPT = 500;

  private static final int FETCH = 1_000;
  private static final int LEAST_OF_A_LANE = 16;

  /** Of a lane whose next call waits for a job more would only be put aside again. */
  private static final int ONE_BY_ONE = 1;

  private static final Duration NEXT_LOOK = Duration.ofMillis(20);
  private static final Duration NEXT_RELIEF = Duration.ofMillis(100);

  private final Admission admission;
  private final WorkerSettings.Window window;
  private final int mostOfALane;
  private final Queue<Entry> entries;

  Parking(Admission admission, WorkerSettings settings, Queue<Entry> entries) {
    this.admission = admission;
    this.window = settings.window();
    this.mostOfALane = settings.ordering() == Ordering.COMPLETION ? ONE_BY_ONE : FETCH;
    this.entries = entries;
  }

  /** Whether a delivery that just came belongs behind parked ones, or has long to wait. */
  boolean parksAtOnce(Lane lane, Moment now) {
    return lane.hasParked() || waitsLong(lane, now);
  }

  /** Whether the lane surely has to wait for long. */
  boolean waitsLong(Lane lane, Moment now) {
    return (lane.sleeping(now) && lane.dueNanos - now.nanos() > LONG.toNanos())
        || admission.heldFor(lane.key.environment(), now).compareTo(LONG) > 0;
  }

  /** Parks what follows the first few in the lane's queue; never one that is being called. */
  void park(Partition partition, Lane lane, int keep) {
    // What is being read again comes after the queue, and must find it there.
    if (lane.fetching > 0) {
      return;
    }
    int least = lane.calling ? Math.max(1, keep) : keep;
    List<Entry> marks = new ArrayList<>();
    while (lane.queue.size() > least) {
      OpenRequest open = lane.queue.removeLast();
      lane.parked.addFirst(open.offset());
      letGo(partition, open);
      if (open.tracked) {
        marks.add(mark(partition, open));
      }
    }
    entries.addAll(marks.reversed());
    awaitRoom(partition, lane);
  }

  /** Parks a delivery that comes last in its lane. */
  void parkLast(Partition partition, Lane lane, OpenRequest open) {
    lane.parked.add(open.offset());
    letGo(partition, open);
    if (open.tracked) {
      entries.add(mark(partition, open));
    }
    awaitRoom(partition, lane);
  }

  /** The lane makes no call until a job of it has ended: nothing is read again for it. */
  void awaitJob(Partition partition, Lane lane) {
    lane.jobs++;
    if (!lane.late) {
      partition.parkedLanes.remove(lane);
    }
  }

  /** A job that the lane waited for has ended. */
  void jobOver(Partition partition, Lane lane) {
    lane.jobs--;
    awaitRoom(partition, lane);
    partition.fetchAtNanos = Long.MIN_VALUE;
  }

  /** The lane's parked deliveries are to be read again, when that is of use. */
  void awaitRoom(Partition partition, Lane lane) {
    if (!lane.parked.isEmpty() && (lane.jobs == 0 || lane.late)) {
      partition.parkedLanes.add(lane);
    }
  }

  private static void letGo(Partition partition, OpenRequest open) {
    if (!open.progress().equals(Progress.NONE)) {
      partition.unfinished.put(open.offset(), Unfinished.of(open));
    }
    partition.park(open.delivery);
  }

  private static Entry mark(Partition partition, OpenRequest open) {
    return new Entry.Marked(
        partition.epoch,
        open.delivery.source(),
        OpenState.PARKED,
        open.request(),
        open.key,
        open.progress());
  }

  /**
   * Makes room in a full partition: nothing is kept of environments that cannot go on, and a few of
   * each other lane.
   */
  void relieve(Partition partition, Moment now) {
    if (now.nanos() < partition.relieveAtNanos) {
      return;
    }
    partition.relieveAtNanos = now.nanos() + NEXT_RELIEF.toNanos();
    for (Lane lane : partition.lanes.values()) {
      park(partition, lane, admission.blocked(lane.key.environment(), now) ? 0 : KEPT);
    }
  }

  /** Parks all lanes that surely have to wait for long. */
  void parkLongWaits(Partition partition, Moment now) {
    for (Lane lane : partition.lanes.values()) {
      if (!lane.queue.isEmpty() && waitsLong(lane, now)) {
        park(partition, lane, 0);
      }
    }
  }

  /** What to read again now in this partition; empty when there is nothing or no room for it. */
  Optional<Fetch> nextFetch(Partition partition, Moment now) {
    if (partition.fetching || now.nanos() < partition.fetchAtNanos) {
      return Optional.empty();
    }
    Map<Long, Lane> lanes = new HashMap<>();
    if (partition.roomToUnpark(window)) {
      int fair = Math.max(LEAST_OF_A_LANE, FETCH / Math.max(1, partition.parkedLanes.size()));
      int share = Math.min(fair, mostOfALane);
      partition.parkedLanes.offer(
          FETCH,
          environment -> waits(environment, now),
          lane -> canGoOn(lane, now) ? take(lane, share, lanes) : 0);
    }
    if (lanes.isEmpty() && partition.resolving.isEmpty()) {
      partition.fetchAtNanos = now.nanos() + NEXT_LOOK.toNanos();
      return Optional.empty();
    }
    long[] offsets = new long[lanes.size() + partition.resolving.size()];
    int n = 0;
    for (long offset : lanes.keySet()) {
      offsets[n++] = offset;
    }
    for (long offset : partition.resolving.keySet()) {
      offsets[n++] = offset;
    }
    Arrays.sort(offsets);
    partition.fetching = true;
    return Optional.of(new Fetch(partition, lanes, offsets));
  }

  private static int take(Lane lane, int most, Map<Long, Lane> lanes) {
    int taken = 0;
    for (; taken < most && !lane.parked.isEmpty(); taken++) {
      lanes.put(lane.parked.removeFirst(), lane);
      lane.fetching++;
    }
    return taken;
  }

  private boolean canGoOn(Lane lane, Moment now) {
    return lane.queue.size() < Math.min(LEAST_OF_A_LANE, mostOfALane)
        && !lane.sleeping(now)
        && (lane.late
            ? !admission.breakerOpen(lane.key.environment())
            : lane.jobs == 0 && !waits(lane.key.environment(), now));
  }

  private boolean waits(Environment environment, Moment now) {
    return admission.breakerOpen(environment) || !admission.heldFor(environment, now).isZero();
  }
}
