package io.dbimport.worker;

import io.dbimport.ErrorClass;
import io.dbimport.ErrorCode;
import io.dbimport.Outcome.Failed;
import io.dbimport.event.Source;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Whether a request is too late to be called, and what is said of it then. Immutable.
 *
 * @param remembered how long the ledger remembers a delivery
 */
record Expiry(Duration remembered) {

  /** What ends a request that must not be called any more; null while it may be. */
  @Nullable Failed tooLate(OpenRequest open, Moment now) {
    Instant deadline = open.request().deadline();
    Failed last = open.lastFailure;
    boolean throttled = last != null && last.errorClass() == ErrorClass.THROTTLED;
    boolean late = deadline != null && !now.wall().isBefore(deadline);
    if (last != null && throttled && (late || AfterReply.throttledTooLong(open.attempts, now))) {
      return AfterReply.throttledOut(last, open.attempts);
    }
    if (late) {
      return expired("its deadline " + deadline + " has passed", open);
    }
    if (!open.request().rerunSafe() && open.delivery.timestamp().isBefore(forgotten(now))) {
      return expired("older than the ledger remembers (" + remembered + ")", open);
    }
    return null;
  }

  /** What was answered before this is not remembered. */
  Instant forgotten(Moment now) {
    return now.wall().minus(remembered);
  }

  /** The delay, cut short by the request's deadline. */
  static Duration untilDeadline(OpenRequest open, Duration delay, Moment now) {
    Instant deadline = open.request().deadline();
    if (deadline == null) {
      return delay;
    }
    Duration left = Duration.between(now.wall(), deadline);
    return delay.compareTo(left) < 0 ? delay : left.isNegative() ? Duration.ZERO : left;
  }

  /**
   * Nobody can call a request whose bytes are gone.
   *
   * @param unfinished how far it had come; null when it was never called
   */
  static Failed gone(Source source, @Nullable Unfinished unfinished) {
    ErrorCode code = ErrorCode.INVALID_ARGS;
    boolean called =
        unfinished != null
            && (unfinished.inherited() != null || unfinished.progress().unanswered());
    return new Failed(
        called ? -1 : code.code(),
        called ? ErrorCode.SYSTEM_ERROR.message() : code.message(),
        called ? ErrorClass.OUTCOME_UNKNOWN : ErrorClass.EXPIRED,
        "its bytes are gone from " + source.topic() + ", which kept them for too short a time",
        unfinished == null ? 0 : unfinished.progress().attempts());
  }

  private static Failed expired(String why, OpenRequest open) {
    Failed last = open.lastFailure;
    String detail = last == null ? why : why + "; last: " + last.detail();
    ErrorClass errorClass = open.attempts.givenUpAs(ErrorClass.EXPIRED);
    if (last != null && errorClass != ErrorClass.EXPIRED) {
      return new Failed(last.errcode(), last.errmsg(), errorClass, detail, open.attempts.made());
    }
    ErrorCode code = ErrorCode.INVALID_ARGS;
    return new Failed(code.code(), code.message(), errorClass, detail, open.attempts.made());
  }
}
