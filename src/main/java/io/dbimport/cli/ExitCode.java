package io.dbimport.cli;

import io.dbimport.ErrorClass;
import io.dbimport.ErrorCode;

/** The exit codes of the contract; from 64 on they are those of {@code sysexits.h}. */
public final class ExitCode {
  public static final int DONE = 0;
  public static final int IMPORT_FAILED = 1;
  public static final int USAGE = 64;
  public static final int KAFKA_UNREACHABLE = 69;
  public static final int INTERNAL_ERROR = 70;
  public static final int STOPPED_BEFORE_DRAINED = 75;
  public static final int NOT_AUTHORISED = 77;
  public static final int BAD_SETTINGS = 78;
  public static final int INTERRUPTED = 130;

  private ExitCode() {}

  /** How a command ends that the API refused with this errcode. */
  static int refusedWith(int errcode) {
    ErrorClass kind = ErrorCode.classOf(errcode);
    return kind == ErrorClass.TOKEN || kind == ErrorClass.FORBIDDEN
        ? NOT_AUTHORISED
        : IMPORT_FAILED;
  }
}
