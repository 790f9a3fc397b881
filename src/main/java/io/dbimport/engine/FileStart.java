package io.dbimport.engine;

import java.io.IOException;
import java.util.Optional;

/** What a file of either type may begin with. Stateless. */
final class FileStart {
  private static final int LOOKED_AT = 4;

  private FileStart() {}

  /** Why the file can be no text in UTF-8. */
  static Optional<Problem> problem(FileBytes bytes) throws IOException {
    int seen = 0;
    while (seen < LOOKED_AT && bytes.has(seen)) {
      seen++;
    }
    byte[] in = bytes.buffer();
    int from = bytes.head();
    Optional<Problem> binary =
        Encodings.binary(in, from, from + seen)
            .map(kind -> new Problem(ProblemKind.NOT_TEXT, 1, 1, "the file is " + kind));
    return binary.isPresent()
        ? binary
        : Encodings.other(in, from, from + seen)
            .map(encoding -> new Problem(ProblemKind.NOT_UTF_8, 1, 1, "the file is " + encoding));
  }

  /**
   * Passes a byte order mark, which is no character of the first line; false when none is there.
   */
  static boolean skipBom(FileBytes bytes) throws IOException {
    boolean bom =
        bytes.has(2)
            && bytes.at(0) == (byte) 0xEF
            && bytes.at(1) == (byte) 0xBB
            && bytes.at(2) == (byte) 0xBF;
    if (bom) {
      bytes.consume(3);
      bytes.restartColumn();
    }
    return bom;
  }
}
