package io.dbimport.chaos;

/** What the evil API does with an import once it has noted it. Immutable. */
enum Answer {
  OK(Effect.TOLD),
  /** Within the deadline of the call, but not at once. */
  SLOW(Effect.TOLD),
  /** When {@link EvilApi#release} allows it. */
  HELD(Effect.OPEN),
  /** After the deadline of the call. */
  LATE(Effect.OPEN),
  /** A byte at a time, longer than the deadline of the call. */
  DRIP(Effect.OPEN),
  /** Never. */
  HANG(Effect.OPEN),
  /** The connection is reset. */
  RESET(Effect.OPEN),
  /** The connection is closed without a byte. */
  CLOSE(Effect.OPEN),
  /** The head of an answer and half of its body, then the end. */
  HALF(Effect.OPEN),
  /** A whole answer, which is no JSON. */
  GARBAGE(Effect.OPEN),
  HTTP_500(Effect.OPEN),
  HTTP_503(Effect.OPEN),
  /** The API's own timeout, -501002. */
  TIMED_OUT(Effect.OPEN),
  /** To another address, which must not be called. */
  REDIRECT(Effect.REFUSED),
  /** -501000: no such environment. */
  MISSING(Effect.REFUSED),
  /** -1: try again. */
  BUSY(Effect.NOT_TAKEN),
  /** 42001: the token is not the newest. */
  EXPIRED_TOKEN(Effect.NOT_TAKEN),
  /** HTTP 429, {@code Retry-After: 1}. */
  TOO_MANY(Effect.NOT_TAKEN),
  /** 45011: the app's minute is used up. */
  APP_QUOTA(Effect.NOT_TAKEN),
  /** -501003: the environment's quota is used up. */
  ENV_QUOTA(Effect.NOT_TAKEN);

  /** What a caller that is told all of it knows. */
  enum Effect {
    /** A job was started, and the answer says so. */
    TOLD,
    /** Perhaps a job was started. */
    OPEN,
    /** None was started, and another call would be answered alike. */
    REFUSED,
    /** None was started, and another call may be made. */
    NOT_TAKEN
  }

  private final Effect effect;

  Answer(Effect effect) {
    this.effect = effect;
  }

  Effect effect() {
    return effect;
  }
}
