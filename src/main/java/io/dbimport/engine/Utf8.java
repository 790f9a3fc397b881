package io.dbimport.engine;

/** UTF-8, byte by byte. Stateless. */
final class Utf8 {
  private Utf8() {}

  /**
   * Bytes of the character that begins here with a byte above 0x7F; 0 when it is none: too long a
   * form, half of a surrogate pair, beyond Unicode, or cut off.
   */
  static int length(byte[] in, int at, int end) {
    int first = in[at] & 0xFF;
    if (first < 0xC2 || first > 0xF4) {
      return 0;
    }
    int length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (at + length > end) {
      return 0;
    }
    int second = in[at + 1] & 0xFF;
    int least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    int most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (second < least || second > most) {
      return 0;
    }
    for (int i = 2; i < length; i++) {
      if ((in[at + i] & 0xC0) != 0x80) {
        return 0;
      }
    }
    return length;
  }

  /** How many characters begin in these bytes. */
  static int characters(byte[] in, int from, int to) {
    int characters = 0;
    for (int i = from; i < to; i++) {
      characters += (in[i] & 0xC0) == 0x80 ? 0 : 1;
    }
    return characters;
  }
}
