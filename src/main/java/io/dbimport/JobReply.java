package io.dbimport;

/** What one look at a job gave. Looking is harmless and may always be repeated. Immutable. */
public sealed interface JobReply {

  /** The API answered. */
  record Known(JobState state) implements JobReply {}

  /**
   * This time the state could not be had.
   *
   * @param errcode the API's code, or -1 when there was no answer
   * @param why what failed, for people
   */
  record NotKnown(int errcode, String why) implements JobReply {}
}
