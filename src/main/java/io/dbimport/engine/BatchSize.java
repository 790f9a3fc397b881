package io.dbimport.engine;

import java.time.Duration;

/**
 * How many records the next batch of a job may have. It begins small and grows for as long as
 * batches are written in a small part of the time that the claim lasts: sorted in larger batches
 * documents are written faster, and a batch that outlasts the claim is lost. Thread-safe.
 */
final class BatchSize {
  private static final int FIRST = 1000;
  private static final int LEAST = 50;

  private final int most;
  private final long growBelowNanos;
  private final long shrinkAboveNanos;
  private volatile int records;

  /**
   * Begins with a small batch.
   *
   * @param most records, at least 1
   */
  BatchSize(int most, Duration claimFor) {
    this.most = most;
    this.growBelowNanos = claimFor.toNanos() / 20;
    this.shrinkAboveNanos = claimFor.toNanos() / 8;
    this.records = Math.min(FIRST, most);
  }

  int records() {
    return records;
  }

  /** A batch was written in this time; called by one thread. */
  void written(long nanos) {
    if (nanos > shrinkAboveNanos) {
      records = Math.max(Math.min(LEAST, most), records / 2);
    } else if (nanos < growBelowNanos) {
      records = (int) Math.min(most, 2L * records);
    }
  }
}
