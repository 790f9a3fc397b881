package io.dbimport.worker;

import io.dbimport.Outcome;
import java.time.Duration;

/** What to do after an attempt. Immutable. */
sealed interface Step {

  /** The delivery has its outcome. */
  record Settle(Outcome outcome) implements Step {}

  /**
   * Call again, not before this long from now.
   *
   * @param reason what the attempt failed with
   * @param attempts what the next attempt starts from
   */
  record CallAgain(Duration delay, Outcome.Failed reason, Attempts attempts) implements Step {}
}
