package io.dbimport.cli;

/** A command cannot go on. Its message is for the person who typed it: no stack trace follows. */
public final class CommandFailed extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final int exitCode;

  /**
   * A failure.
   *
   * @param exitCode one of {@link ExitCode}
   * @param message what is wrong and what to do about it
   */
  public CommandFailed(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  public int exitCode() {
    return exitCode;
  }

  /** What is wrong and what to do about it. */
  public String sentence() {
    return String.valueOf(getMessage());
  }
}
