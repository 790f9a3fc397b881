package io.dbimport.engine;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Text in UTF-8 that grows; emptied and used again for each record. Not thread-safe. */
final class ByteText {
  private byte[] bytes = new byte[1 << 12];
  private int length;

  byte[] bytes() {
    return bytes;
  }

  int length() {
    return length;
  }

  /** Takes away what is behind this. */
  void cut(int at) {
    length = at;
  }

  void put(int b) {
    room(1);
    bytes[length++] = (byte) b;
  }

  /** Two bytes, the higher one first. */
  void putShort(int number) {
    put(number >> 8);
    put(number);
  }

  /** Four bytes, the highest first. */
  void putInt(int number) {
    putShort(number >> 16);
    putShort(number);
  }

  void put(byte[] from, int start, int end) {
    int more = end - start;
    room(more);
    System.arraycopy(from, start, bytes, length, more);
    length += more;
  }

  void put(String text) {
    byte[] more = text.getBytes(StandardCharsets.UTF_8);
    put(more, 0, more.length);
  }

  String text(int from, int to) {
    return new String(bytes, from, to - from, StandardCharsets.UTF_8);
  }

  Utf8Text copy() {
    return Utf8Text.copyOf(bytes, 0, length);
  }

  private void room(int more) {
    if (length + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
    }
  }
}
