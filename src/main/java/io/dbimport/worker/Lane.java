package io.dbimport.worker;

import java.util.ArrayDeque;

/**
 * The requests of one (app, environment, collection) within a partition, carried out in order: only
 * the first is ever called. Those that are parked follow those in memory. Confined to the loop
 * thread.
 */
final class Lane {
  final LaneKey key;
  final long epoch;
  final ArrayDeque<OpenRequest> queue = new ArrayDeque<>();

  /** Offsets of its parked deliveries, all above those in the queue. */
  final LongQueue parked = new LongQueue();

  /** Parked ones that are being read again: they come between the queue and the other parked. */
  int fetching;

  /** Its partition was given up: whoever still holds the lane lets it go. */
  boolean dropped;

  /** The first request is being called, or admitted. */
  boolean calling;

  /** Jobs whose end the next call waits for: accepted, and the end not committed. */
  int jobs;

  /**
   * Its first request may be settled without a call: it is read again whatever the lane waits for.
   */
  boolean late;

  /** It must not be called before this, by the monotonic clock. */
  long dueNanos = Long.MIN_VALUE;

  Lane(LaneKey key, long epoch) {
    this.key = key;
    this.epoch = epoch;
  }

  OpenRequest first() {
    return queue.element();
  }

  /** Whether what comes now must be parked, to stay behind what is parked already. */
  boolean hasParked() {
    return fetching > 0 || !parked.isEmpty();
  }

  boolean empty() {
    return queue.isEmpty() && !hasParked() && jobs == 0;
  }

  boolean sleeping(Moment now) {
    return now.nanos() < dueNanos;
  }
}
