package io.dbimport.worker;

import org.jspecify.annotations.Nullable;

/**
 * The attempts of one request so far. Immutable.
 *
 * @param made calls that count, from 0
 * @param backoffs attempts that ended in a backoff, which set the length of the next one
 * @param tokenRenewed whether one of them was spent on a fresh token
 * @param firstFailure when the first one was unavailable; null while none was
 * @param firstThrottled when the API first said to wait; null while it has not
 */
record Attempts(
    int made,
    int backoffs,
    boolean tokenRenewed,
    @Nullable Moment firstFailure,
    @Nullable Moment firstThrottled) {

  static final Attempts NONE = new Attempts(0, 0, false, null, null);

  /** One more call is made. */
  Attempts call() {
    return new Attempts(made + 1, backoffs, tokenRenewed, firstFailure, firstThrottled);
  }

  /** The last call is repeated with a fresh token. */
  Attempts withFreshToken() {
    return new Attempts(made, backoffs, true, firstFailure, firstThrottled);
  }

  /** The last call was unavailable. */
  Attempts unavailable(Moment now) {
    return new Attempts(
        made,
        backoffs + 1,
        tokenRenewed,
        firstFailure == null ? now : firstFailure,
        firstThrottled);
  }

  /** The API said to wait: the last call does not count. */
  Attempts throttled(Moment now) {
    return new Attempts(
        made - 1,
        backoffs,
        tokenRenewed,
        firstFailure,
        firstThrottled == null ? now : firstThrottled);
  }
}
