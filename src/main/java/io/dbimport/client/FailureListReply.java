package io.dbimport.client;

/** What reading the list of what a job refused gave. Immutable; holds no link. */
public sealed interface FailureListReply {

  /** The list was read to its end. */
  record Whole() implements FailureListReply {}

  /** Who took the entries wanted no more. */
  record Enough() implements FailureListReply {}

  /**
   * The list could not be read, or not to its end. Reading it again does no harm.
   *
   * @param why for people
   */
  record Broken(String why) implements FailureListReply {}
}
