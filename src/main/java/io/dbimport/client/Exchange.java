package io.dbimport.client;

import org.jspecify.annotations.Nullable;

/** What became of one POST. Immutable. */
sealed interface Exchange {

  /**
   * A whole answer.
   *
   * @param retryAfter the header of that name, as it came; null when there is none
   * @param body UTF-8 as far as it is
   */
  record Answer(int status, @Nullable String retryAfter, String body) implements Exchange {}

  /** Nothing was sent: no connection could be made. */
  record NotSent(String why) implements Exchange {}

  /** Something was sent, and no whole answer came. */
  record NoAnswer(String why) implements Exchange {}
}
