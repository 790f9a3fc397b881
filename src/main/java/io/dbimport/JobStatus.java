package io.dbimport;

import java.util.Locale;

/**
 * How far a job is. The words are those of the service's own management kit; its API pages list
 * none. Immutable.
 */
public enum JobStatus {
  WAITING,
  READING,
  WRITING,
  MIGRATING,
  SUCCESS,
  FAIL;

  /** Its name on the wire: lower case. */
  public String tag() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether the job has ended. */
  public boolean terminal() {
    return this == SUCCESS || this == FAIL;
  }

  /** The status of this name; a name that nobody documented counts as still running. */
  public static JobStatus of(String tag) {
    return switch (tag) {
      case "waiting" -> WAITING;
      case "reading" -> READING;
      case "writing" -> WRITING;
      case "success" -> SUCCESS;
      case "fail" -> FAIL;
      default -> MIGRATING;
    };
  }
}
