package io.dbimport.event;

import io.dbimport.Outcome;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How far the attempts of a request without an outcome have come, as the ledger keeps it for
 * whoever goes on with it. Immutable.
 *
 * @param calls calls that were admitted, those that do not count included: numbers their intents,
 *     so that the reply to one is never taken for that to another
 * @param attempts calls that count, from 0
 * @param backoffs attempts that ended in a backoff
 * @param tokenRenewed whether one of them was spent on a fresh token
 * @param unanswered whether one of them got no answer
 * @param firstFailure when the first one was unavailable, later by the time that does not count
 * @param firstThrottled when the API first said to wait
 * @param last what the last one failed with
 */
public record Progress(
    int calls,
    int attempts,
    int backoffs,
    boolean tokenRenewed,
    boolean unanswered,
    @Nullable Instant firstFailure,
    @Nullable Instant firstThrottled,
    Outcome.@Nullable Failed last) {

  /** No attempt was made yet. */
  public static final Progress NONE = new Progress(0, 0, 0, false, false, null, null, null);

  /** The same without what the last attempt failed with. */
  public Progress withoutLast() {
    return new Progress(
        calls, attempts, backoffs, tokenRenewed, unanswered, firstFailure, firstThrottled, null);
  }

  /** The last attempt was not made after all. */
  public Progress notSent() {
    return new Progress(
        calls,
        attempts - 1,
        backoffs,
        tokenRenewed,
        unanswered,
        firstFailure,
        firstThrottled,
        last);
  }
}
