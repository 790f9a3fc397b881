package io.dbimport.worker;

import io.dbimport.ErrorClass;
import io.dbimport.ErrorCode;
import io.dbimport.Reply;

/**
 * What a reply says about the health of the API's address and of the environment called. Immutable.
 */
record News(Health address, Health environment) {

  /** What a reply says about one of them. */
  enum Health {
    WELL,
    ILL,
    /** It says nothing. */
    UNKNOWN
  }

  private static final int NO_ERRCODE = -1;

  /**
   * An errcode of the API's own is a sign of life of its address whatever it says; of the
   * environment it is one unless it says that the service failed. A call that was sent and got no
   * answer speaks against both: an environment whose calls hang must be stopped though all others
   * answer. What failed before it was sent speaks against the address alone. A fault found before
   * that, and an HTTP status below 500 without an errcode, which some proxy may have given, say
   * nothing.
   */
  static News of(Reply reply) {
    return switch (reply) {
      case Reply.Accepted _ -> new News(Health.WELL, Health.WELL);
      case Reply.Refused refused -> ofRefusal(refused);
      case Reply.Unavailable unavailable when unavailable.answered() ->
          new News(Health.WELL, Health.ILL);
      case Reply.Unavailable unavailable ->
          new News(
              unavailable.errcode() == NO_ERRCODE ? Health.ILL : Health.UNKNOWN, Health.UNKNOWN);
      case Reply.Unanswered unanswered ->
          new News(unanswered.errcode() == NO_ERRCODE ? Health.ILL : Health.WELL, Health.ILL);
    };
  }

  private static News ofRefusal(Reply.Refused refused) {
    boolean unknownApp =
        refused.errcode() == ErrorCode.INVALID_APPID.code()
            && refused.errorClass() == ErrorClass.INVALID;
    return switch (refused.errorClass()) {
      case UNAVAILABLE, OUTCOME_UNKNOWN -> new News(Health.WELL, Health.ILL);
      case MALFORMED, INVALID, EXPIRED, TOKEN, FORBIDDEN, THROTTLED, MISSING, REFUSED, INTERNAL ->
          refused.errcode() == NO_ERRCODE || unknownApp
              ? new News(Health.UNKNOWN, Health.UNKNOWN)
              : new News(Health.WELL, Health.WELL);
    };
  }
}
