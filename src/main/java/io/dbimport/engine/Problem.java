package io.dbimport.engine;

/**
 * Something wrong in a file. Immutable.
 *
 * @param line from 1
 * @param column in characters, from 1
 * @param what for people: what is wrong there
 */
public record Problem(ProblemKind kind, long line, long column, String what) {
  private static final int MAX_CHARS = 200;

  public Problem {
    what = what.length() <= MAX_CHARS ? what : what.substring(0, MAX_CHARS) + "…";
  }

  /** Where, what, and what to change. */
  public String sentence() {
    return "line %d, column %d: %s; %s".formatted(line, column, what, kind.advice());
  }
}
