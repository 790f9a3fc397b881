package io.dbimport;

import java.util.Locale;

/** What kind of failure an errcode stands for, and so what the worker does about it. Immutable. */
public enum ErrorClass {
  /** The event is no JSON object. */
  MALFORMED,
  /** A field is missing or has a value that is not allowed. */
  INVALID,
  /** Its deadline has passed, or it can no longer be called safely. */
  EXPIRED,
  /** The access token was not taken; worth one more attempt with a fresh one. */
  TOKEN,
  /** The app may not do this. */
  FORBIDDEN,
  /** A quota is used up: wait, it is not an attempt. */
  THROTTLED,
  /** Surely not carried out, and may work later. */
  UNAVAILABLE,
  /** The environment, the collection or the file is not there. */
  MISSING,
  /** Nobody knows whether it was carried out. */
  OUTCOME_UNKNOWN,
  /** Any other answer that is not "accepted". */
  REFUSED,
  /** A fault of ours. */
  INTERNAL;

  /** Its name in events, headers and metric tags: lower case. */
  public String tag() {
    return name().toLowerCase(Locale.ROOT);
  }
}
