package io.dbimport.engine;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A text as the bytes of its UTF-8, which are passed on as they were read. Immutable. */
final class Utf8Text {
  private final byte[] bytes;

  private Utf8Text(byte[] bytes) {
    this.bytes = bytes;
  }

  /** A copy of these bytes, which are UTF-8. */
  static Utf8Text copyOf(byte[] bytes, int from, int to) {
    return new Utf8Text(Arrays.copyOfRange(bytes, from, to));
  }

  static Utf8Text of(String text) {
    return new Utf8Text(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Length in bytes. */
  int length() {
    return bytes.length;
  }

  /** Appends it. */
  void putTo(ByteText out) {
    out.put(bytes, 0, bytes.length);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Utf8Text that && Arrays.equals(bytes, that.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
