package io.dbimport.event;

import io.dbimport.JobState;

/** How a job ended. Immutable. */
public sealed interface JobEnd {

  /** The API said so; the state is terminal. */
  record Ended(JobState state) implements JobEnd {}

  /**
   * Nobody could say within the time that was set.
   *
   * @param why what was heard last, for people
   */
  record Lost(String why) implements JobEnd {}
}
