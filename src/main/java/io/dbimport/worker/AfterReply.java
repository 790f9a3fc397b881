package io.dbimport.worker;

import io.dbimport.ErrorClass;
import io.dbimport.ErrorCode;
import io.dbimport.ImportRequest;
import io.dbimport.Outcome.Failed;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.Reply;
import io.dbimport.Reply.Accepted;
import io.dbimport.Reply.Refused;
import io.dbimport.Reply.Unanswered;
import io.dbimport.Reply.Unavailable;
import io.dbimport.worker.Step.CallAgain;
import io.dbimport.worker.Step.Settle;
import java.time.Duration;
import java.time.ZoneId;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What to do after an attempt, by the table of error classes. Pure but for the backoff's random:
 * the same reply, request and attempts always give the same kind of step.
 *
 * @param retryFor how long a request that is unavailable is tried again
 * @param retryUnknown whether a request that is not rerun-safe is called again though it may have
 *     been carried out: for those who would rather have data twice than not at all
 */
record AfterReply(Backoff backoff, Duration retryFor, boolean retryUnknown) {

  static AfterReply by(WorkerSettings.Retry retry, RandomGenerator random) {
    return new AfterReply(
        new Backoff(retry.initial(), retry.max(), random), retry.patience(), retry.unknown());
  }

  /** How long a request is held back by quotas before it fails with the last errcode. */
  static final Duration THROTTLED_AT_MOST = Duration.ofHours(24);

  /** The window of the minute quota, and the wait where an answer names none. */
  static final Duration THROTTLE_WINDOW = Duration.ofSeconds(60);

  /** The shortest wait: an answer that says "now" would have us call in a loop, for a day. */
  static final Duration SHORTEST_WINDOW = Duration.ofSeconds(1);

  private static final ZoneId QUOTA_ZONE = ZoneId.of("Asia/Shanghai");

  /**
   * The step after a reply.
   *
   * @param attempts the attempt just made included
   * @param open how long in all a breaker over the request has been open
   */
  Step step(Reply reply, ImportRequest request, Attempts attempts, Moment now, Duration open) {
    return switch (reply) {
      case Accepted(long jobId) -> new Settle(new JobAccepted(jobId, attempts.made()));
      case Refused refused -> afterRefusal(refused, request, attempts, now, open);
      case Unanswered(int code, String why) ->
          afterSilence(code, why, request, attempts, now, open);
      case Unavailable(int code, String why, boolean _) ->
          retry(code, why, ErrorClass.UNAVAILABLE, attempts.unavailable(now, open), now, open);
    };
  }

  private Step afterRefusal(
      Refused refused, ImportRequest request, Attempts attempts, Moment now, Duration open) {
    int code = refused.errcode();
    if (code == ErrorCode.INVALID_APPID.code() && refused.errorClass() == ErrorClass.INVALID) {
      // An app that is not configured is found out before anything is sent.
      return fail(code, refused.message(), ErrorClass.INVALID, Attempts.NONE);
    }
    return switch (refused.errorClass()) {
      case TOKEN ->
          attempts.tokenRenewed()
              ? fail(code, refused.message(), ErrorClass.TOKEN, attempts)
              : new CallAgain(
                  Duration.ZERO,
                  failed(code, refused.message(), ErrorClass.TOKEN, attempts),
                  attempts.withFreshToken());
      case THROTTLED -> afterThrottle(refused, attempts, now);
      case UNAVAILABLE ->
          retry(
              code,
              refused.message(),
              ErrorClass.UNAVAILABLE,
              attempts.unavailable(now, open),
              now,
              open);
      case OUTCOME_UNKNOWN -> afterSilence(code, refused.message(), request, attempts, now, open);
      case MALFORMED, INVALID, EXPIRED, FORBIDDEN, MISSING, REFUSED, INTERNAL ->
          fail(code, refused.message(), refused.errorClass(), attempts);
    };
  }

  private Step afterSilence(
      int code, String why, ImportRequest request, Attempts attempts, Moment now, Duration open) {
    return request.rerunSafe() || retryUnknown
        ? retry(code, why, ErrorClass.OUTCOME_UNKNOWN, attempts.unanswered(now, open), now, open)
        : fail(code, why, ErrorClass.OUTCOME_UNKNOWN, attempts);
  }

  /**
   * @param attempts the failed one noted
   */
  private Step retry(
      int code, String why, ErrorClass errorClass, Attempts attempts, Moment now, Duration open) {
    if (attempts.unavailableFor(now, open).compareTo(retryFor) >= 0) {
      return fail(code, why, attempts.givenUpAs(errorClass), attempts);
    }
    return new CallAgain(
        backoff.after(attempts.backoffs() - 1), failed(code, why, errorClass, attempts), attempts);
  }

  private Step afterThrottle(Refused refused, Attempts attempts, Moment now) {
    Duration left = THROTTLED_AT_MOST.minus(attempts.throttledFor(now));
    Duration window = window(refused.errcode(), refused.retryAfter(), now);
    Duration wait = window.compareTo(left) < 0 ? window : left;
    Attempts next = attempts.throttled(wait, now);
    Failed reason = failed(refused.errcode(), refused.message(), ErrorClass.THROTTLED, next);
    return wait.isPositive()
        ? new CallAgain(wait, reason, next)
        : new Settle(throttledOut(reason, next));
  }

  /** Whether quotas have held a request back for so long that it fails. */
  static boolean throttledTooLong(Attempts attempts, Moment now) {
    return attempts.throttledFor(now).compareTo(THROTTLED_AT_MOST) >= 0;
  }

  /** A request that quotas held back for too long, and what the API said last. */
  static Failed throttledOut(Failed last, Attempts attempts) {
    return new Failed(
        last.errcode(),
        last.errmsg(),
        attempts.givenUpAs(last.errorClass()),
        last.detail(),
        attempts.made());
  }

  private static Duration window(int code, @Nullable Duration retryAfter, Moment now) {
    if (retryAfter != null) {
      return retryAfter.compareTo(SHORTEST_WINDOW) < 0 ? SHORTEST_WINDOW : retryAfter;
    }
    if (code != ErrorCode.DAILY_QUOTA_REACHED.code()) {
      return THROTTLE_WINDOW;
    }
    var tomorrow = now.wall().atZone(QUOTA_ZONE).toLocalDate().plusDays(1);
    return Duration.between(now.wall(), tomorrow.atStartOfDay(QUOTA_ZONE).toInstant());
  }

  private static Settle fail(int code, String why, ErrorClass errorClass, Attempts attempts) {
    return new Settle(failed(code, why, errorClass, attempts));
  }

  private static Failed failed(int code, String why, ErrorClass errorClass, Attempts attempts) {
    String errmsg = ErrorCode.of(code).map(ErrorCode::message).orElse(why);
    return new Failed(code, errmsg, errorClass, why, attempts.made());
  }
}
