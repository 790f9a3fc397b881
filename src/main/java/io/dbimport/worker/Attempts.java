package io.dbimport.worker;

import io.dbimport.ErrorClass;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The attempts of one request so far. Immutable.
 *
 * @param made calls that count, from 0
 * @param backoffs attempts that ended in a backoff, which set the length of the next one
 * @param tokenRenewed whether one of them was spent on a fresh token
 * @param unanswered whether one of them got no answer, so that it may have been carried out
 * @param firstFailure when the first one was unavailable, later by the time spent in quota windows;
 *     null while none was
 * @param firstThrottled when the API first said to wait; null while it has not
 */
record Attempts(
    int made,
    int backoffs,
    boolean tokenRenewed,
    boolean unanswered,
    @Nullable Moment firstFailure,
    @Nullable Moment firstThrottled) {

  static final Attempts NONE = new Attempts(0, 0, false, false, null, null);

  /** One more call is made. */
  Attempts call() {
    return new Attempts(made + 1, backoffs, tokenRenewed, unanswered, firstFailure, firstThrottled);
  }

  /** The last call is repeated with a fresh token. */
  Attempts withFreshToken() {
    return new Attempts(made, backoffs, true, unanswered, firstFailure, firstThrottled);
  }

  /** The last call was surely not carried out. */
  Attempts unavailable(Moment now) {
    return failed(unanswered, now);
  }

  /** Nobody knows whether the last call was carried out. */
  Attempts unanswered(Moment now) {
    return failed(true, now);
  }

  private Attempts failed(boolean anyUnanswered, Moment now) {
    return new Attempts(
        made,
        backoffs + 1,
        tokenRenewed,
        anyUnanswered,
        firstFailure == null ? now : firstFailure,
        firstThrottled);
  }

  /** The API said to wait this long: the last call does not count, nor does the wait. */
  Attempts throttled(Duration wait, Moment now) {
    return new Attempts(
        made - 1,
        backoffs,
        tokenRenewed,
        unanswered,
        firstFailure == null ? null : firstFailure.plus(wait),
        firstThrottled == null ? now : firstThrottled);
  }

  /** How long quotas have held it back by now. */
  Duration throttledFor(Moment now) {
    return firstThrottled == null ? Duration.ZERO : now.since(firstThrottled);
  }

  /**
   * What it fails with when it is given up without a last word of the API: unknown where any
   * attempt may have been carried out.
   */
  ErrorClass givenUpAs(ErrorClass last) {
    return unanswered ? ErrorClass.OUTCOME_UNKNOWN : last;
  }
}
