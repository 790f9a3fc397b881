package io.dbimport.worker;

import io.dbimport.event.Delivery;
import java.time.Instant;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An assigned partition: its deliveries, lanes and offsets. Confined to the loop thread. */
final class Partition {
  private static final int FRONTIER_BEHIND = 10;

  final int number;
  final long epoch;
  final OffsetTracker offsets;
  final Claims claims;
  final Map<LaneKey, Lane> lanes = new HashMap<>();

  /** Lanes with parked deliveries that may be read again. */
  final ParkedLanes parkedLanes = new ParkedLanes();

  /** How far those have come whose bytes are not in memory, by offset. */
  final Map<Long, Unfinished> unfinished = new HashMap<>();

  /** Unknown outcomes that a late reply settles, by offset, while their bytes are read again. */
  final Map<Long, Restored.Answer> resolving = new HashMap<>();

  /** Calls that were admitted and have not started. */
  final Set<Call> admitted = Collections.newSetFromMap(new IdentityHashMap<>());

  /** Deliveries in memory without a committed outcome, in the order in which they came. */
  private final Map<Long, Delivery> open = new LinkedHashMap<>();

  private final Set<Long> done;

  /** Deliveries being called, or admitted. */
  int calling;

  /** Deliveries whose outcome is known and not yet committed. */
  int settling;

  /** Deliveries without an outcome whose bytes are not in memory. */
  int parked;

  /** No new call is admitted here: the partition is being given up. */
  boolean closing;

  /** Parked deliveries are being read again. */
  boolean fetching;

  long committed;

  /** Until when, by the monotonic clock, no one else can own the partition and call in it. */
  long leaseUntilNanos = Long.MIN_VALUE;

  /** When it is worth looking for lanes to relieve, or to read again; by the monotonic clock. */
  long relieveAtNanos = Long.MIN_VALUE;

  long fetchAtNanos = Long.MIN_VALUE;

  private long openBytes;

  Partition(int number, long epoch, Restored restored) {
    this.number = number;
    this.epoch = epoch;
    this.offsets = new OffsetTracker(restored.start());
    this.done = new HashSet<>(restored.done());
    this.claims = new Claims(restored.remembered(), restored.unknown());
    this.committed = restored.start();
  }

  /** Takes a delivery on that was polled; false when the ledger knows it as done. */
  boolean open(Delivery delivery) {
    long offset = delivery.source().offset();
    if (done.remove(offset)) {
      offsets.advance(offset + 1);
      return false;
    }
    offsets.track(offset);
    hold(delivery);
    return true;
  }

  /** The bytes of a parked delivery are in memory again. */
  void unpark(Delivery delivery) {
    parked--;
    hold(delivery);
  }

  /** The delivery is parked: its bytes are let go. */
  void park(Delivery delivery) {
    parked++;
    release(delivery);
  }

  /** The delivery's outcome is committed. */
  void committed(Delivery delivery) {
    settling--;
    release(delivery);
  }

  private void hold(Delivery delivery) {
    open.put(delivery.source().offset(), delivery);
    openBytes += delivery.sizeBytes();
  }

  private void release(Delivery delivery) {
    open.remove(delivery.source().offset());
    openBytes -= delivery.sizeBytes();
  }

  /** Deliveries in memory without a committed outcome. */
  int openDeliveries() {
    return open.size();
  }

  boolean leased(Moment now) {
    return now.nanos() < leaseUntilNanos;
  }

  /**
   * Whether no more should be read for now. The frontier may be further behind than memory reaches:
   * settled and parked ones behind one call that takes long cost only a longer way back.
   */
  boolean full(WorkerSettings.Window window) {
    return offsets.window() >= FRONTIER_BEHIND * window.deliveries()
        || open.size() >= window.deliveries()
        || openBytes >= window.bytes();
  }

  /** Whether there is anything to read again. */
  boolean hasToFetch() {
    return !(parkedLanes.isEmpty() && resolving.isEmpty());
  }

  /** Whether there is room to read parked ones again, beside what is polled. */
  boolean roomToUnpark(WorkerSettings.Window window) {
    return open.size() < window.deliveries() / 2 && openBytes < window.bytes() / 2;
  }

  @Nullable Instant oldest() {
    return open.isEmpty() ? null : open.values().iterator().next().timestamp();
  }
}
