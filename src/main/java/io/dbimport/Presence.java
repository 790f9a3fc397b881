package io.dbimport;

/** What asking the API whether it is there found. */
public enum Presence {
  /** Nothing reached it, or nothing that is surely its own came back. */
  ABSENT,

  /**
   * It answers, and speaks of trouble of its own: its address is well, an environment may not be.
   */
  TROUBLED,

  /** It answers, be it by a refusal. */
  WELL
}
