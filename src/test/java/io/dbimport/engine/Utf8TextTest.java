package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** What separates and escapes in COPY's text form is escaped, wherever it stands. */
final class Utf8TextTest {

  private static String escaped(String text) {
    ByteText out = new ByteText();
    Utf8Text.of(text).putEscaped(out);
    return out.text(0, out.length());
  }

  @Test
  void everyCharacterAtEveryPlaceIsEscapedAsInCopy() {
    for (int length = 0; length < 20; length++) {
      for (int at = 0; at < length; at++) {
        for (char c = 1; c < 300; c++) {
          String text = "x".repeat(at) + c + "y".repeat(length - at - 1);

          assertThat(escaped(text)).isEqualTo(simply(text));
        }
      }
    }
  }

  @Test
  void mixedTextsAreEscapedAsInCopy() {
    Random random = new Random(1);
    String alphabet = "ab\\\t\n\r\b\u0001漢ü😀\"[]";
    int[] characters = alphabet.codePoints().toArray();
    for (int i = 0; i < 10_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int length = random.nextInt(40); length > 0; length--) {
        text.appendCodePoint(characters[random.nextInt(characters.length)]);
      }

      assertThat(escaped(text.toString())).isEqualTo(simply(text.toString()));
    }
  }

  private static String simply(String text) {
    return text.replace("\\", "\\\\")
        .replace("\t", "\\t")
        .replace("\n", "\\n")
        .replace("\r", "\\r");
  }
}
