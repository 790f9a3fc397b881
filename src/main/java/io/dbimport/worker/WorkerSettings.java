package io.dbimport.worker;

import java.time.Duration;

/**
 * What the worker goes by. Immutable.
 *
 * @param maxInFlight import calls at once, at least 1
 * @param envMaxInFlight import calls at once for one environment, at least 1
 * @param retryFor how long a request that is unavailable is tried again
 * @param retryInitial the first backoff
 * @param retryMax the longest backoff
 * @param ordering what the next call of a lane waits for
 * @param jobTimeout how long a job is followed before it counts as lost
 * @param remembered how long the ledger remembers a delivery
 * @param windowDeliveries open deliveries of a partition before it is read no further
 * @param windowBytes bytes of open deliveries of a partition before it is read no further
 */
public record WorkerSettings(
    int maxInFlight,
    int envMaxInFlight,
    Duration retryFor,
    Duration retryInitial,
    Duration retryMax,
    Ordering ordering,
    Duration jobTimeout,
    Duration remembered,
    int windowDeliveries,
    long windowBytes) {

  /** What the next call of a lane waits for. */
  public enum Ordering {
    /** The outcome of the one before it. */
    REQUEST,
    /** Nothing: every delivery is a lane of its own. */
    NONE
  }

  /** The defaults of the contract. */
  public static WorkerSettings defaults() {
    return new WorkerSettings(
        256,
        32,
        Duration.ofMinutes(15),
        Duration.ofMillis(500),
        Duration.ofSeconds(60),
        Ordering.REQUEST,
        Duration.ofHours(24),
        Duration.ofDays(7),
        10_000,
        64L << 20);
  }
}
