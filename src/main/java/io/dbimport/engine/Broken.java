package io.dbimport.engine;

/** A record breaks a rule. Without a stack trace: a file may hold millions of them. */
final class Broken extends Exception {
  private static final long serialVersionUID = 1L;

  private final ProblemKind kind;
  private final int at;

  /**
   * A broken rule.
   *
   * @param at index in the buffer that is read
   */
  Broken(ProblemKind kind, int at, String what) {
    super(what, null, false, false);
    this.kind = kind;
    this.at = at;
  }

  ProblemKind kind() {
    return kind;
  }

  int at() {
    return at;
  }

  String what() {
    return String.valueOf(getMessage());
  }
}
