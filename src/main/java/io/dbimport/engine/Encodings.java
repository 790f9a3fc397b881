package io.dbimport.engine;

import java.util.Optional;

/** Guesses what bytes are that are not UTF-8. Stateless. */
final class Encodings {
  private Encodings() {}

  /** What a file that begins with these bytes is, when it is no text in UTF-8. */
  static Optional<String> other(byte[] in, int from, int to) {
    if (begins(in, from, to, 0xFF, 0xFE, 0, 0) || begins(in, from, to, 0, 0, 0xFE, 0xFF)) {
      return Optional.of("UTF-32");
    }
    if (begins(in, from, to, 0xFF, 0xFE) || begins(in, from, to, 0xFE, 0xFF)) {
      return Optional.of("UTF-16");
    }
    // ASCII signs in UTF-16 have one byte that is zero.
    boolean utf16 = to - from >= 2 && (in[from] == 0) != (in[from + 1] == 0);
    return utf16 ? Optional.of("UTF-16") : Optional.empty();
  }

  /** What kind of file begins with these bytes, when it is no text at all. */
  static Optional<String> binary(byte[] in, int from, int to) {
    if (begins(in, from, to, 'P', 'K', 3, 4)) {
      return Optional.of("a ZIP archive, as an Excel file (.xlsx) is");
    }
    if (begins(in, from, to, 0x1F, 0x8B)) {
      return Optional.of("compressed by gzip");
    }
    if (begins(in, from, to, 0xD0, 0xCF, 0x11, 0xE0)) {
      return Optional.of("an old Excel file (.xls)");
    }
    return Optional.empty();
  }

  /**
   * What these bytes are in, as the end of a sentence; empty when they do not tell. GBK's Chinese
   * characters are pairs of bytes, and nearly all of the common ones lie in one block.
   */
  static String likely(byte[] in, int from, int to) {
    int pairs = 0;
    int common = 0;
    int others = 0;
    for (int i = from; i < to; i++) {
      if (in[i] >= 0) {
        continue;
      }
      int utf8 = Utf8.length(in, i, to);
      int lead = in[i] & 0xFF;
      int trail = i + 1 < to ? in[i + 1] & 0xFF : 0;
      if (utf8 > 2) {
        others++;
        i += utf8 - 1;
      } else if (lead > 0x80 && lead < 0xFF && trail >= 0x40 && trail != 0x7F && trail < 0xFF) {
        pairs++;
        common += lead >= 0xA1 && lead <= 0xF7 && trail >= 0xA1 ? 1 : 0;
        i++;
      } else {
        others++;
      }
    }
    if (common * 2 > pairs && pairs > others * 4) {
      return "; it is likely GBK";
    }
    return common == 0 && (pairs + others) * 4 < to - from
        ? "; it is likely Latin-1 (Windows-1252)"
        : "";
  }

  private static boolean begins(byte[] in, int from, int to, int... bytes) {
    if (to - from < bytes.length) {
      return false;
    }
    for (int i = 0; i < bytes.length; i++) {
      if ((in[from + i] & 0xFF) != bytes[i]) {
        return false;
      }
    }
    return true;
  }
}
