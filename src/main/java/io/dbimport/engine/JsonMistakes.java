package io.dbimport.engine;

import io.dbimport.engine.JsonScanner.Expected;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** Tells which mistake people made where the grammar of JSON ends. Stateless. */
final class JsonMistakes {
  private static final int MAX_WORD = 40;
  private static final Set<String> NOT_FINITE =
      Set.of("NaN", "-NaN", "Infinity", "-Infinity", "+Infinity");

  /** Quotes, commas, colons, brackets and blanks of other keyboards than JSON's. */
  private static final String SIGNS =
      "\u201c\u201d\u2018\u2019\uff02\uff0c\u3001\uff1a\uff5b\uff5d\uff3b\uff3d\u3010\u3011\u00a0\u3000\ufeff\u200b\uff07";

  private JsonMistakes() {}

  /** What is wrong with what stands here, when something else was expected. */
  static Broken at(byte[] in, int at, int end, Expected expected) {
    if (at >= end) {
      return new Broken(ProblemKind.UNCLOSED_RECORD, at, "the record does not end");
    }
    byte b = in[at];
    if (b < 0) {
      return sign(in, at, end);
    }
    byte next = at + 1 < end ? in[at + 1] : 0;
    if (b == '#' || (b == '/' && (next == '/' || next == '*'))) {
      return new Broken(ProblemKind.COMMENT, at, "a comment");
    }
    if (b == 0) {
      return new Broken(ProblemKind.NUL, at, "the character NUL");
    }
    if (b < ' ') {
      return new Broken(ProblemKind.UNEXPECTED, at, "the control character %#04x".formatted(b));
    }
    return switch (expected) {
      case NAME -> name(in, at, end);
      case COLON -> colon(b, at);
      case VALUE -> value(in, at, end);
      case COMMA -> comma(in, at, end);
    };
  }

  private static Broken sign(byte[] in, int at, int end) {
    String character = new String(in, at, Utf8.length(in, at, end), StandardCharsets.UTF_8);
    int code = character.codePointAt(0);
    return SIGNS.indexOf(code) >= 0
        ? new Broken(
            ProblemKind.NOT_ASCII_SIGN,
            at,
            "the sign \"%s\" (U+%04X), which JSON does not know".formatted(character, code))
        : new Broken(ProblemKind.NOT_A_VALUE, at, "\"" + word(in, at, end) + "\" is no JSON");
  }

  private static Broken name(byte[] in, int at, int end) {
    byte b = in[at];
    if (b == '\'') {
      return new Broken(ProblemKind.SINGLE_QUOTES, at, "a single quote");
    }
    boolean bare = b == '_' || b == '$' || Character.isLetterOrDigit(b);
    return bare
        ? new Broken(ProblemKind.BARE_KEY, at, "the key " + word(in, at, end) + " has no quotes")
        : unexpected(b, at, "a key");
  }

  private static Broken colon(byte b, int at) {
    return new Broken(
        ProblemKind.MISSING_COLON, at, "%s where a colon should stand".formatted(quoted(b)));
  }

  private static Broken value(byte[] in, int at, int end) {
    byte b = in[at];
    if (b == '\'' || b == '`') {
      return new Broken(ProblemKind.SINGLE_QUOTES, at, "a single quote");
    }
    if (b == ',' || b == '}' || b == ']') {
      return new Broken(
          ProblemKind.MISSING_VALUE, at, "%s where a value should stand".formatted(quoted(b)));
    }
    String word = word(in, at, end);
    if (NOT_FINITE.contains(word)) {
      return new Broken(ProblemKind.NOT_FINITE, at, word + ", which JSON does not have");
    }
    if (word.isEmpty()) {
      return unexpected(b, at, "a value");
    }
    if (at + word.length() < end && in[at + word.length()] == '(') {
      return new Broken(ProblemKind.SHELL_TYPE, at, word + "(…), which is of MongoDB's shell");
    }
    return "+-.0123456789".indexOf(b) >= 0
        ? new Broken(ProblemKind.BAD_NUMBER, at, "\"" + word + "\" is no number in JSON")
        : new Broken(ProblemKind.NOT_A_VALUE, at, "\"" + word + "\" is no value in JSON");
  }

  private static Broken comma(byte[] in, int at, int end) {
    byte b = in[at];
    boolean begins = "\"{[-\'".indexOf(b) >= 0 || !word(in, at, end).isEmpty();
    return begins
        ? new Broken(ProblemKind.MISSING_COMMA, at, "no comma before " + quoted(b))
        : unexpected(b, at, "a comma or the end");
  }

  private static Broken unexpected(byte b, int at, String expected) {
    return new Broken(
        ProblemKind.UNEXPECTED, at, "%s where %s should stand".formatted(quoted(b), expected));
  }

  private static String quoted(byte b) {
    return b == '"' ? "a quote" : "\"" + (char) b + "\"";
  }

  private static String word(byte[] in, int at, int end) {
    int to = at;
    while (to < end && to - at < MAX_WORD && isWordPart(in[to])) {
      to++;
    }
    return new String(in, at, to - at, StandardCharsets.UTF_8);
  }

  private static boolean isWordPart(byte b) {
    return b < 0 || Character.isLetterOrDigit(b) || "_$+-.".indexOf(b) >= 0;
  }
}
