package io.dbimport.server;

import io.dbimport.ErrorCode;

/** A call that is answered with an errcode other than 0. */
final class ApiFault extends Exception {
  private static final long serialVersionUID = 1L;
  private final ErrorCode code;

  /**
   * A fault.
   *
   * @param detail what is wrong with this call; empty when the code says all
   */
  ApiFault(ErrorCode code, String detail) {
    super(detail.isEmpty() ? code.message() : code.message() + ": " + detail);
    this.code = code;
  }

  int errcode() {
    return code.code();
  }

  /** The text of the API's page, followed by what is wrong. */
  String errmsg() {
    return String.valueOf(getMessage());
  }
}
