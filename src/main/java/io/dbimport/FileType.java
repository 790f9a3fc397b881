package io.dbimport;

import java.util.Optional;

/** The format of an imported file; it decides the parser, the file's name does not. Immutable. */
public enum FileType {
  JSON(1),
  CSV(2);

  private final int code;

  FileType(int code) {
    this.code = code;
  }

  /** The API's number for it, {@code file_type}. */
  public int code() {
    return code;
  }

  /** The type with this number; empty for any other number. */
  public static Optional<FileType> of(long code) {
    return code == 1 ? Optional.of(JSON) : code == 2 ? Optional.of(CSV) : Optional.empty();
  }
}
