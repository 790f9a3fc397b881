package io.dbimport.engine;

import java.io.IOException;

/** A file is not in the encoding that it was taken for. */
public final class WrongEncoding extends IOException {
  private static final long serialVersionUID = 1L;

  @SuppressWarnings("serial") // never serialised
  private final Problem problem;

  private final boolean utf8;

  /**
   * @param utf8 whether it is UTF-8
   */
  WrongEncoding(Problem problem, boolean utf8) {
    super(problem.sentence());
    this.problem = problem;
    this.utf8 = utf8;
  }

  /** Whether it is UTF-8, which is what a file should be. */
  public boolean isUtf8() {
    return utf8;
  }

  /** What is wrong, and where. */
  public Problem problem() {
    return problem;
  }
}
