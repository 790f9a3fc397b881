package io.dbimport.worker;

import java.time.Duration;
import java.time.Instant;

/**
 * A point in time on both clocks: the wall's for what is written down, the monotonic one for
 * waiting, because a wall clock may be set back. Immutable.
 *
 * @param wall what a calendar says
 * @param nanos nanoseconds since some fixed point of this process, never negative and never falling
 */
public record Moment(Instant wall, long nanos) {
  private static final Duration A_CENTURY = Duration.ofDays(36_500);

  /** How long after the other moment this is, by the monotonic clock. */
  Duration since(Moment other) {
    return Duration.ofNanos(nanos - other.nanos);
  }

  /** The moment this long after it. */
  Moment plus(Duration time) {
    return new Moment(wall.plus(time), nanos + time.toNanos());
  }

  /** The monotonic clock this long after the moment; no wait is longer than a hundred years. */
  long nanosAfter(Duration wait) {
    return nanos + (wait.compareTo(A_CENTURY) > 0 ? A_CENTURY : wait).toNanos();
  }
}
