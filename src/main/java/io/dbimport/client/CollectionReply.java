package io.dbimport.client;

/** What asking for a new collection gave. Immutable. */
public sealed interface CollectionReply {

  /** The collection was made. */
  record Done() implements CollectionReply {}

  /**
   * The API did not make it. No page says which code means that there is one already.
   *
   * @param errcode the API's code, or -1 for an answer without one
   * @param errmsg the API's text as it came, or what the answer was
   */
  record Refused(int errcode, String errmsg) implements CollectionReply {}

  /**
   * There was no whole answer: it may have been made. Asking again does no harm.
   *
   * @param why what failed, for people
   */
  record Unreachable(String why) implements CollectionReply {}
}
