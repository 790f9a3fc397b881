package io.dbimport.worker;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What the worker goes by. Immutable.
 *
 * @param limits how many calls at once, and how often
 * @param retry when a call is repeated
 * @param ordering what the next call of a lane waits for
 * @param jobTimeout how long a job is followed before it counts as lost
 * @param remembered how long the ledger remembers a delivery
 * @param lease how long after a commit began calls may start in the partitions it was about
 * @param window how much of a partition is in memory
 * @param defaultApp the {@code app_id} of the app that is meant when a request names none; null
 *     when there is one app alone
 */
public record WorkerSettings(
    Limits limits,
    Retry retry,
    Ordering ordering,
    Duration jobTimeout,
    Duration remembered,
    Duration lease,
    Window window,
    @Nullable String defaultApp) {

  /** The longest lease: a new owner waits for it after an earlier one that did not hand over. */
  private static final Duration LONGEST_LEASE = Duration.ofSeconds(2);

  /** What the next call of a lane waits for. */
  public enum Ordering {
    /** The outcome of the one before it. */
    REQUEST,
    /** The end of its job as well. */
    COMPLETION,
    /** Nothing: every request id is a lane of its own. */
    NONE
  }

  /**
   * When a call is repeated. Immutable.
   *
   * @param patience how long a request that is unavailable is tried again
   * @param initial the first backoff
   * @param max the longest backoff
   * @param unknown whether a request that is not rerun-safe and got no answer is called again
   */
  public record Retry(Duration patience, Duration initial, Duration max, boolean unknown) {}

  /**
   * How much of a partition is in memory. Immutable.
   *
   * @param deliveries open deliveries before it is full; the frontier may be ten times as far
   *     behind
   * @param bytes bytes of open deliveries before it is full
   */
  public record Window(int deliveries, long bytes) {}

  /** The lease that goes with the longest time one call may take. */
  public static Duration lease(Duration apiTimeout) {
    return apiTimeout.compareTo(LONGEST_LEASE) < 0 ? apiTimeout : LONGEST_LEASE;
  }

  /** The defaults of the contract. */
  public static WorkerSettings defaults() {
    return new WorkerSettings(
        new Limits(256, 32, null, null),
        new Retry(Duration.ofMinutes(15), Duration.ofMillis(500), Duration.ofSeconds(60), false),
        Ordering.REQUEST,
        Duration.ofHours(24),
        Duration.ofDays(7),
        LONGEST_LEASE,
        new Window(10_000, 64L << 20),
        null);
  }
}
