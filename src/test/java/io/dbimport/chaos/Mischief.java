package io.dbimport.chaos;

import java.util.List;
import java.util.SplittableRandom;

/**
 * An API that mostly does what it should, by a seed: the same calls are answered alike in any
 * order. Immutable.
 */
record Mischief(long seed) implements EvilApi.Script {
  /** Calls of one request that may go wrong: the rest are answered kindly, so that all ends. */
  private static final int MISCHIEVOUS_CALLS = 4;

  /** One request in so many uses up a minute: what is held back that long is parked. */
  static final int QUOTA_EVERY = 1_500;

  /** Its number, when the minute is that of its environment. */
  static final int ENV_QUOTA_AT = 50;

  /** Its number, when the minute is that of its app: by then its tokens have expired before. */
  static final int APP_QUOTA_AT = 400;

  /** In a thousand calls, each of these so many times. */
  private record Share(Answer answer, int perMille) {}

  private static final List<Share> SHARES =
      List.of(
          new Share(Answer.SLOW, 40),
          new Share(Answer.RESET, 15),
          new Share(Answer.CLOSE, 15),
          new Share(Answer.BUSY, 15),
          new Share(Answer.LATE, 10),
          new Share(Answer.HALF, 10),
          new Share(Answer.GARBAGE, 10),
          new Share(Answer.HTTP_500, 10),
          new Share(Answer.HTTP_503, 10),
          new Share(Answer.TIMED_OUT, 10),
          new Share(Answer.MISSING, 10),
          new Share(Answer.REDIRECT, 5),
          new Share(Answer.DRIP, 5),
          new Share(Answer.HANG, 5),
          // These hold the whole app back for a second.
          new Share(Answer.TOO_MANY, 5));

  /** What is kind but for the quotas: whoever is to meet one may be called late. */
  static Answer quota(String path, int nth) {
    if (nth != 1) {
      return Answer.OK;
    }
    return switch (Integer.parseInt("0" + path.replaceAll("\\D", "")) % QUOTA_EVERY) {
      case ENV_QUOTA_AT -> Answer.ENV_QUOTA;
      case APP_QUOTA_AT -> Answer.APP_QUOTA;
      default -> Answer.OK;
    };
  }

  @Override
  public Answer answer(String path, int nth) {
    if (nth > MISCHIEVOUS_CALLS) {
      return Answer.OK;
    }
    Answer quota = quota(path, nth);
    if (quota != Answer.OK) {
      return quota;
    }
    int at = new SplittableRandom(seed + 31L * path.hashCode() + nth).nextInt(1000);
    for (Share share : SHARES) {
      at -= share.perMille();
      if (at < 0) {
        return share.answer();
      }
    }
    return Answer.OK;
  }
}
