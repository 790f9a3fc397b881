package io.dbimport.worker;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Evenly spaced permits, so many per second. What was not used is kept for {@link #BURST} at most,
 * so that a loop that looks late loses nothing: within any span of time no more are given than the
 * rate gives in that span and one burst, or one permit more where the rate gives less than one in a
 * burst. Confined to the loop thread.
 */
final class Rate {
  static final Duration BURST = Duration.ofMillis(100);

  /** A century: sums with a moment's nanoseconds must not overflow. */
  private static final long LONGEST_PERIOD = Duration.ofDays(36_500).toNanos();

  private final boolean limited;
  private final long periodNanos;
  private final long slackNanos;

  /** When the next permit would be due, were they all spaced evenly. */
  private long evenNanos = Long.MIN_VALUE / 2;

  /**
   * @param perSecond more than 0; null for unlimited
   */
  Rate(@Nullable Double perSecond) {
    this.limited = perSecond != null;
    this.periodNanos =
        perSecond == null ? 0 : Math.min((long) Math.ceil(1e9 / perSecond), LONGEST_PERIOD);
    this.slackNanos = Math.max(0, BURST.toNanos() - periodNanos);
  }

  /** Whether a permit may be taken now. */
  boolean allows(Moment now) {
    return nextNanos() <= now.nanos();
  }

  /** Takes a permit that {@link #allows} promised. */
  void take(Moment now) {
    if (limited) {
      evenNanos = Math.max(evenNanos, now.nanos()) + periodNanos;
    }
  }

  /** A permit was not used. */
  void giveBack() {
    evenNanos -= periodNanos;
  }

  /** From when on a permit may be taken, by the monotonic clock; past when it may be now. */
  long nextNanos() {
    return evenNanos - slackNanos;
  }

  /** From when on it is as good as new, by the monotonic clock. */
  long restedNanos() {
    return evenNanos;
  }
}
