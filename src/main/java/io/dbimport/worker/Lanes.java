package io.dbimport.worker;

import io.dbimport.ErrorClass;
import io.dbimport.ErrorCode;
import io.dbimport.ImportRequest;
import io.dbimport.Outcome.Failed;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.event.Decoding.Invalid;
import io.dbimport.event.Delivery;
import io.dbimport.event.LedgerRecord;
import io.dbimport.worker.Entry.Settled;
import io.dbimport.worker.LaneKey.Environment;
import io.dbimport.worker.WorkerSettings.Ordering;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Deliveries in their lanes: who is first, what the first one waits for, and what ends it without a
 * call. Confined to the loop thread.
 */
final class Lanes {
  private final Ordering ordering;
  private final Expiry expiry;
  private final Partitions partitions;
  private final Admission admission;
  private final @Nullable String defaultApp;
  private final Parking parking;
  private final Queue<Entry> entries;

  /** Lanes whose first request waits for a point in time. */
  private final PriorityQueue<Lane> timers =
      new PriorityQueue<>(Comparator.comparingLong((Lane lane) -> lane.dueNanos));

  Lanes(
      WorkerSettings settings,
      Expiry expiry,
      Partitions partitions,
      Admission admission,
      Parking parking,
      Queue<Entry> entries) {
    this.ordering = settings.ordering();
    this.defaultApp = settings.defaultApp();
    this.expiry = expiry;
    this.partitions = partitions;
    this.admission = admission;
    this.parking = parking;
    this.entries = entries;
  }

  /** The tenant of a request. */
  Environment environment(ImportRequest request) {
    return LaneKey.environment(request, defaultApp);
  }

  /** A delivery comes last in its lane, in memory or behind those that are parked. */
  void enqueue(Partition partition, OpenRequest open, Moment now) {
    Lane lane = of(partition, key(partition, open.request(), own(open.key)));
    // What is read again goes before what is still parked.
    if (open.tracked && parking.parksAtOnce(lane, now)) {
      parking.parkLast(partition, lane, open);
      return;
    }
    lane.queue.addLast(open);
    if (lane.queue.size() == 1) {
      firstOf(partition, lane, now);
    }
  }

  /** A delivery of an earlier owner comes last in its lane: its bytes are in the topic alone. */
  void restored(Partition partition, LedgerRecord.Open record, Unfinished unfinished) {
    RequestKey key = RequestKey.of(record.requestId(), record.content());
    Environment environment = LaneKey.environment(record.appId(), record.env(), defaultApp);
    Lane lane =
        of(
            partition,
            new LaneKey(partition.number, environment, record.collectionName(), own(key)));
    lane.parked.add(record.offset());
    lane.late |= unfinished.inherited() != null;
    parking.awaitRoom(partition, lane);
    partition.parked++;
  }

  private long own(RequestKey key) {
    return switch (ordering) {
      case REQUEST, COMPLETION -> 0;
      // Deliveries of one request id stay together: the second waits for the first.
      case NONE -> key.high();
    };
  }

  private LaneKey key(Partition partition, ImportRequest request, long own) {
    return LaneKey.of(partition.number, request, defaultApp, own);
  }

  private static Lane of(Partition partition, LaneKey key) {
    return partition.lanes.computeIfAbsent(key, k -> new Lane(k, partition.epoch));
  }

  /** Somebody else may be first in the lane now. */
  void firstOf(Partition partition, Lane lane, Moment now) {
    while (!lane.queue.isEmpty() && !lane.calling && !lane.sleeping(now)) {
      OpenRequest open = lane.first();
      Decided decided = decidedFirst(partition, open, now);
      if (decided == null) {
        if (lane.jobs > 0) {
          parking.park(partition, lane, 0);
        } else {
          admission.ready(lane);
        }
        return;
      }
      lane.queue.remove();
      settle(partition, open, decided, now);
    }
    forgetIfEmpty(partition, lane);
  }

  /** What ends a request that is first in its lane without a call; null when nothing does. */
  @Nullable Decided decidedFirst(Partition partition, OpenRequest open, Moment now) {
    Decided claimed = Decided.by(partition.claims.claimFirst(open.key, open.offset()));
    if (claimed != null) {
      return claimed;
    }
    Failed late = expiry.tooLate(open, now);
    return late == null ? null : new Decided(late, now.wall(), false);
  }

  /** Whether nothing has come up since its admission that keeps the request from being called. */
  boolean mayBeCalled(Call call, Moment now) {
    return call.lane.jobs == 0 && expiry.tooLate(call.open, now) == null;
  }

  /** The first of the lane has its outcome. */
  void finish(Partition partition, Lane lane, OpenRequest open, Decided decided, Moment now) {
    lane.queue.remove();
    lane.dueNanos = Long.MIN_VALUE;
    settle(partition, open, decided, now);
    firstOf(partition, lane, now);
  }

  /** The first of the lane is called again, not before this long from now. */
  void callAgain(Partition partition, Lane lane, Duration delay, Failed reason, Moment now) {
    lane.dueNanos = now.nanosAfter(Expiry.untilDeadline(lane.first(), delay, now));
    timers.add(lane);
    if (reason.errorClass() == ErrorClass.THROTTLED) {
      hold(lane.key.environment(), reason.errcode(), delay, now);
    }
    if (parking.waitsLong(lane, now)) {
      parking.park(partition, lane, 0);
    }
  }

  /** A quota window holds back exactly the app, or the environment, that it is about. */
  private void hold(Environment environment, int errcode, Duration wait, Moment now) {
    Moment until = now.plus(wait);
    if (ErrorCode.ofEnvironment(errcode)) {
      admission.holdEnvironment(environment, until);
    } else {
      admission.holdApp(environment.appId(), until);
    }
    if (wait.compareTo(Parking.LONG) > 0) {
      partitions.all().forEach(partition -> parking.parkLongWaits(partition, now));
    }
  }

  /** Lanes whose time has come go on. */
  void wake(Moment now) {
    for (Lane lane = timers.peek();
        lane != null && lane.dueNanos <= now.nanos();
        lane = timers.peek()) {
      timers.remove();
      Partition partition = partitions.of(lane);
      if (partition == null) {
        continue;
      }
      if (lane.queue.isEmpty()) {
        lane.late = true;
        parking.awaitRoom(partition, lane);
        partition.fetchAtNanos = Long.MIN_VALUE;
      } else {
        firstOf(partition, lane, now);
      }
    }
  }

  /** When the next lane's time comes, by the monotonic clock; {@code MAX_VALUE} for never. */
  long nextDueNanos() {
    Lane first = timers.peek();
    return first == null ? Long.MAX_VALUE : first.dueNanos;
  }

  /**
   * In the order of completion a job holds its lane from the moment it is known: accepted, found
   * open in the ledger, or heard of late. An unknown outcome holds nothing: nobody could say when
   * its job, if there is one, has ended.
   */
  void awaitJob(Partition partition, ImportRequest request, Moment now) {
    if (ordering == Ordering.COMPLETION) {
      Lane lane = of(partition, key(partition, request, 0));
      parking.awaitJob(partition, lane);
      firstOf(partition, lane, now);
    }
  }

  /** The end of a job is committed: its lane goes on when no other job of it is open. */
  void jobOver(Partition partition, ImportRequest request, Moment now) {
    if (ordering == Ordering.COMPLETION) {
      Lane lane = of(partition, key(partition, request, 0));
      parking.jobOver(partition, lane);
      firstOf(partition, lane, now);
    }
  }

  /** A delivery has its outcome, which waits to be committed. */
  void settle(Partition partition, OpenRequest open, Decided decided, Moment now) {
    // A failure of this moment, and an acceptance of this or an earlier one.
    Instant at = decided.outcome() instanceof JobAccepted ? decided.at() : now.wall();
    if (!decided.duplicate()) {
      partition.claims.settled(
          open.key, open.request().requestId(), open.offset(), decided.outcome(), at);
    }
    entries.add(
        new Settled(
            partition.epoch,
            open.delivery,
            open.decoding,
            decided.outcome(),
            at,
            open.key.content(),
            decided.duplicate(),
            open.tracked));
    partition.settling++;
    if (decided.outcome() instanceof JobAccepted && !decided.duplicate()) {
      awaitJob(partition, open.request(), now);
    }
  }

  /**
   * A delivery that is no request, or none any more, fails.
   *
   * @param content what the request said; 0 when it could not be read
   */
  void settle(
      Partition partition,
      Delivery delivery,
      Invalid invalid,
      long content,
      boolean tracked,
      Moment now) {
    Failed failed = invalid.failed();
    entries.add(
        new Settled(
            partition.epoch, delivery, invalid, failed, now.wall(), content, false, tracked));
    partition.settling++;
  }

  static void forgetIfEmpty(Partition partition, Lane lane) {
    if (lane.empty()) {
      partition.lanes.remove(lane.key, lane);
      lane.dropped = true;
    }
  }

  /** Lets go of lanes that were dropped. */
  void forgetDropped() {
    timers.removeIf(lane -> lane.dropped);
    admission.forgetDropped();
  }
}
