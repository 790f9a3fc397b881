package io.dbimport.worker;

import io.dbimport.ErrorClass;
import io.dbimport.Outcome.Failed;
import io.dbimport.event.Progress;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The attempts of one request so far. Immutable.
 *
 * @param calls calls that were admitted, from 0: numbers intents, and never falls
 * @param made calls that count, from 0
 * @param backoffs attempts that ended in a backoff, which set the length of the next one
 * @param tokenRenewed whether one of them was spent on a fresh token
 * @param unanswered whether one of them got no answer, so that it may have been carried out
 * @param firstFailure when the first one was unavailable, later by the time spent in quota windows;
 *     null while none was
 * @param firstThrottled when the API first said to wait; null while it has not
 * @param breakerOpen how long in all a breaker had been open by the first failure: what came on top
 *     since then does not count
 */
record Attempts(
    int calls,
    int made,
    int backoffs,
    boolean tokenRenewed,
    boolean unanswered,
    @Nullable Moment firstFailure,
    @Nullable Moment firstThrottled,
    Duration breakerOpen) {

  static final Attempts NONE = new Attempts(0, 0, 0, false, false, null, null, Duration.ZERO);

  /** Those that the ledger keeps. */
  static Attempts of(Progress progress, Moment now) {
    return new Attempts(
        progress.calls(),
        progress.attempts(),
        progress.backoffs(),
        progress.tokenRenewed(),
        progress.unanswered(),
        moment(progress.firstFailure(), now),
        moment(progress.firstThrottled(), now),
        Duration.ZERO);
  }

  private static @Nullable Moment moment(@Nullable Instant wall, Moment now) {
    return wall == null ? null : now.plus(Duration.between(now.wall(), wall));
  }

  /** What the ledger keeps of them. */
  Progress progress(@Nullable Failed last) {
    return new Progress(
        calls,
        made,
        backoffs,
        tokenRenewed,
        unanswered,
        firstFailure == null ? null : firstFailure.wall(),
        firstThrottled == null ? null : firstThrottled.wall(),
        last);
  }

  /** One more call is made. */
  Attempts call() {
    return made(calls + 1, made + 1);
  }

  /** The last call was not made after all. */
  Attempts notSent() {
    return made(calls, made - 1);
  }

  private Attempts made(int allCalls, int counted) {
    return new Attempts(
        allCalls,
        counted,
        backoffs,
        tokenRenewed,
        unanswered,
        firstFailure,
        firstThrottled,
        breakerOpen);
  }

  /** The last call is repeated with a fresh token. */
  Attempts withFreshToken() {
    return new Attempts(
        calls, made, backoffs, true, unanswered, firstFailure, firstThrottled, breakerOpen);
  }

  /** The last call was surely not carried out. */
  Attempts unavailable(Moment now, Duration breakerOpenByNow) {
    return failed(unanswered, now, breakerOpenByNow);
  }

  /** Nobody knows whether the last call was carried out. */
  Attempts unanswered(Moment now, Duration breakerOpenByNow) {
    return failed(true, now, breakerOpenByNow);
  }

  private Attempts failed(boolean anyUnanswered, Moment now, Duration breakerOpenByNow) {
    return new Attempts(
        calls,
        made,
        backoffs + 1,
        tokenRenewed,
        anyUnanswered,
        firstFailure == null ? now : firstFailure,
        firstThrottled,
        firstFailure == null ? breakerOpenByNow : breakerOpen);
  }

  /** The API said to wait this long: the last call does not count, nor does the wait. */
  Attempts throttled(Duration wait, Moment now) {
    return new Attempts(
        calls,
        made - 1,
        backoffs,
        tokenRenewed,
        unanswered,
        firstFailure == null ? null : firstFailure.plus(wait),
        firstThrottled == null ? now : firstThrottled,
        breakerOpen);
  }

  /** How long it has been unavailable, without what a breaker was open. */
  Duration unavailableFor(Moment now, Duration breakerOpenByNow) {
    return firstFailure == null
        ? Duration.ZERO
        : now.since(firstFailure).minus(breakerOpenByNow.minus(breakerOpen));
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
