package io.dbimport.worker;

import java.util.ArrayDeque;

/**
 * The requests of one (app, environment, collection) within a partition, carried out in order: only
 * the first is ever called. Confined to the loop thread.
 */
final class Lane {
  final LaneKey key;
  final long epoch;
  final ArrayDeque<OpenRequest> queue = new ArrayDeque<>();

  /** Its partition was given up: whoever still holds the lane lets it go. */
  boolean dropped;

  /** The first request is being called. */
  boolean calling;

  /** When it may be called again, by the monotonic clock; read by the timers alone. */
  long dueNanos;

  Lane(LaneKey key, long epoch) {
    this.key = key;
    this.epoch = epoch;
  }

  OpenRequest first() {
    return queue.element();
  }
}
