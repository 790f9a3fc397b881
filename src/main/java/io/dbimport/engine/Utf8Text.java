package io.dbimport.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A text as the bytes of its UTF-8, which are passed on as they were read. Immutable. */
final class Utf8Text {
  private static final VarHandle EIGHT =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

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

  /** Appends it as a value in COPY's text form: what separates and escapes there is escaped. */
  void putEscaped(ByteText out) {
    int from = 0;
    for (int i = 0; i < bytes.length; i++) {
      while (i + Long.BYTES <= bytes.length && plain((long) EIGHT.get(bytes, i))) {
        i += Long.BYTES;
      }
      if (i == bytes.length) {
        break;
      }
      int escaped =
          switch (bytes[i]) {
            case '\\' -> '\\';
            case '\t' -> 't';
            case '\n' -> 'n';
            case '\r' -> 'r';
            default -> 0;
          };
      if (escaped != 0) {
        out.put(bytes, from, i);
        out.put('\\');
        out.put(escaped);
        from = i + 1;
      }
    }
    out.put(bytes, from, bytes.length);
  }

  /** Whether none of eight bytes is a backslash or a control character, by arithmetic on all. */
  private static boolean plain(long eight) {
    long backslashes = eight ^ 0x5c5c_5c5c_5c5c_5c5cL;
    long found =
        ((backslashes - 0x0101_0101_0101_0101L) & ~backslashes)
            | ((eight - 0x2020_2020_2020_2020L) & ~eight);
    return (found & 0x8080_8080_8080_8080L) == 0;
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
