package io.dbimport;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What one attempt gave. Immutable.
 *
 * <p>{@link Unavailable} and {@link Unanswered} must never be one: a call without an idempotency
 * key may be repeated after the first, not after the second.
 */
public sealed interface Reply {

  /**
   * The API started a job.
   *
   * @param jobId names the job within the environment; 64 bits
   */
  record Accepted(long jobId) implements Reply {}

  /**
   * The API answered that it did not take the request. No job was started.
   *
   * @param errcode the API's code, or -1 for an HTTP status without one
   * @param message the API's text as it came, its {@code rid} included, or the HTTP status
   * @param errorClass what to do about it
   * @param retryAfter how long the API asked to wait; null when it did not say
   */
  record Refused(int errcode, String message, ErrorClass errorClass, @Nullable Duration retryAfter)
      implements Reply {

    /** An answer that is classified by its errcode alone. */
    public static Refused of(int errcode, String message) {
      return new Refused(errcode, message, ErrorCode.classOf(errcode), null);
    }
  }

  /**
   * Surely not carried out, and worth another attempt: nothing was sent, or the API said so.
   *
   * @param errcode the API's code, or -1 when it was not reached
   * @param why what failed, for people
   * @param answered whether the API said so; false when nothing was sent. An errcode of -1 alone
   *     does not tell: the API has a -1 of its own
   */
  record Unavailable(int errcode, String why, boolean answered) implements Reply {

    /** The API said so. */
    public Unavailable(int errcode, String why) {
      this(errcode, why, true);
    }

    /** Nothing was sent. */
    public static Unavailable notSent(int errcode, String why) {
      return new Unavailable(errcode, why, false);
    }
  }

  /**
   * Perhaps carried out: the request was sent, and no answer says what became of it.
   *
   * @param errcode the API's own timeout code, or -1 when there was no answer
   * @param why what failed, for people
   */
  record Unanswered(int errcode, String why) implements Reply {}
}
