package io.dbimport.cli;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Names for what files hold: 64 bits of SHA-256, in hexadecimal digits. Stateless. */
final class Content {
  private static final int BYTES = 8;

  private Content() {}

  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException never) {
      throw new IllegalStateException("every Java has SHA-256", never);
    }
  }

  static String name(MessageDigest of) {
    return HexFormat.of().formatHex(of.digest(), 0, BYTES);
  }
}
