package io.dbimport.engine;

import java.io.IOException;

/** A file is not in the encoding that it was taken for. */
public final class WrongEncoding extends IOException {
  private static final long serialVersionUID = 1L;

  @SuppressWarnings("serial") // never serialised
  private final Problem problem;

  WrongEncoding(Problem problem) {
    super(problem.sentence());
    this.problem = problem;
  }

  /** What is wrong, and where. */
  public Problem problem() {
    return problem;
  }
}
