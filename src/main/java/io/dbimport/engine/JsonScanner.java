package io.dbimport.engine;

import static io.dbimport.engine.ProblemKind.BAD_ESCAPE;
import static io.dbimport.engine.ProblemKind.CONTROL_CHARACTER;
import static io.dbimport.engine.ProblemKind.LONE_SURROGATE;
import static io.dbimport.engine.ProblemKind.NOT_UTF_8;
import static io.dbimport.engine.ProblemKind.NUL;
import static io.dbimport.engine.ProblemKind.NUMBER_TOO_LONG;
import static io.dbimport.engine.ProblemKind.UNCLOSED_STRING;

import java.nio.charset.StandardCharsets;

/**
 * Goes through the tokens of one record by RFC 8259 and copies each to the output, blanks left out.
 * Not thread-safe.
 */
final class JsonScanner {
  static final int MAX_DIGITS = 1_000;

  /** Beyond this PostgreSQL's numeric overflows before long. */
  private static final int MAX_EXPONENT = 10_000;

  /** What may stand at a place. */
  enum Expected {
    NAME,
    COLON,
    VALUE,
    COMMA
  }

  private final ByteText out = new ByteText();
  private byte[] in = {};
  private int at;
  private int start;
  private int end;

  /** The bytes to go through, which begin with a token. */
  void begin(byte[] buffer, int from, int length) {
    in = buffer;
    start = from;
    at = from;
    end = from + length;
    out.cut(0);
  }

  ByteText out() {
    return out;
  }

  /** Index of the next token. */
  int at() {
    return at;
  }

  /** The next token's first byte; 0 at the end. */
  byte peek() {
    return at < end ? in[at] : 0;
  }

  /** Whether a brace is next, and no name of extended JSON in it: that is a value. */
  boolean beginsObject() {
    if (peek() != '{') {
      return false;
    }
    int next = at + 1;
    while (next < end && in[next] <= ' ' && in[next] >= 0) {
      next++;
    }
    return !(next + 1 < end && in[next] == '"' && in[next + 1] == '$');
  }

  /** Takes what is known to be next, and the blanks behind it. */
  void take(char sign) {
    at++;
    out.put(sign);
    skipBlanks();
  }

  /** Takes it only if it is next. */
  boolean takeIf(char sign) {
    boolean there = peek() == sign;
    if (there) {
      take(sign);
    }
    return there;
  }

  void name() throws Broken {
    if (peek() != '"') {
      throw unexpected(Expected.NAME);
    }
    int from = out.length();
    if (string()) {
      // One spelling for each name, so that names can be compared.
      String name = decoded(from);
      out.cut(from);
      out.put(JsonRecords.JSON.writeValueAsString(name));
    }
  }

  void colon() throws Broken {
    if (peek() != ':') {
      throw unexpected(Expected.COLON);
    }
    take(':');
  }

  /** After a value: true behind a comma, false behind the end. */
  boolean more(char close, Expected afterComma) throws Broken {
    if (takeIf(close)) {
      return false;
    }
    if (peek() != ',') {
      throw unexpected(Expected.COMMA);
    }
    int comma = at;
    take(',');
    if (peek() == close) {
      throw new Broken(ProblemKind.TRAILING_COMMA, comma, "a comma with nothing behind it");
    }
    if (peek() == ',') {
      throw unexpected(afterComma);
    }
    return true;
  }

  /** A text; true when it has escapes. */
  boolean string() throws Broken {
    int from = at++;
    boolean escapes = false;
    while (true) {
      byte b = ' ';
      while (at < end && (b = in[at]) >= ' ' && b != '"' && b != '\\') {
        at++;
      }
      if (at >= end) {
        throw new Broken(UNCLOSED_STRING, from, "a text that does not end");
      }
      if (b == '"') {
        at++;
        out.put(in, from, at);
        skipBlanks();
        return escapes;
      }
      if (b == '\\') {
        escapes = true;
        escape();
      } else if (b < 0) {
        character();
      } else {
        throw b == 0
            ? new Broken(NUL, at, "the character NUL in a text")
            : new Broken(CONTROL_CHARACTER, at, "the control character %#04x".formatted(b));
      }
    }
  }

  private void character() throws Broken {
    int length = Utf8.length(in, at, end);
    if (length == 0) {
      throw notUtf8();
    }
    at += length;
  }

  private Broken notUtf8() {
    return new Broken(
        NOT_UTF_8,
        at,
        "the byte 0x%02X is not UTF-8".formatted(in[at]) + Encodings.likely(in, start, end));
  }

  private void escape() throws Broken {
    int escape = at;
    byte b = escape + 1 < end ? in[escape + 1] : 0;
    if (b == 'u') {
      unicode(escape);
    } else if ("\"\\/bfnrt".indexOf(b) >= 0) {
      at += 2;
    } else {
      throw new Broken(BAD_ESCAPE, escape, "an escape that JSON does not have");
    }
  }

  private void unicode(int escape) throws Broken {
    int unit = hex(escape);
    at = escape + 6;
    if (unit == 0) {
      throw new Broken(NUL, escape, "the character NUL, written \\u0000");
    }
    if (!Character.isSurrogate((char) unit)) {
      return;
    }
    boolean pair =
        Character.isHighSurrogate((char) unit)
            && at + 1 < end
            && in[at] == '\\'
            && in[at + 1] == 'u'
            && Character.isLowSurrogate((char) hex(at));
    if (!pair) {
      throw new Broken(LONE_SURROGATE, escape, "half of a surrogate pair");
    }
    at += 6;
  }

  private int hex(int escape) throws Broken {
    int unit = 0;
    for (int i = escape + 2; i < escape + 6; i++) {
      int digit = i < end ? Character.digit(in[i], 16) : -1;
      if (digit < 0) {
        throw new Broken(BAD_ESCAPE, escape, "\\u without four hexadecimal digits");
      }
      unit = unit << 4 | digit;
    }
    return unit;
  }

  /** A number, true, false or null. */
  void scalar() throws Broken {
    int from = at;
    byte b = peek();
    if (b == '-' || isDigit(b)) {
      number();
    } else if (!(takeWord("true") || takeWord("false") || takeWord("null"))) {
      throw unexpected(Expected.VALUE);
    }
    if (at < end && isWordPart(in[at])) {
      at = from;
      throw unexpected(Expected.VALUE);
    }
    out.put(in, from, at);
    skipBlanks();
  }

  private boolean takeWord(String word) {
    if (at + word.length() > end) {
      return false;
    }
    for (int i = 0; i < word.length(); i++) {
      if (in[at + i] != word.charAt(i)) {
        return false;
      }
    }
    at += word.length();
    return true;
  }

  private void number() throws Broken {
    int from = at;
    if (in[at] == '-') {
      at++;
    }
    int whole = at;
    int digits = digits();
    boolean zeroInFront = digits > 1 && in[whole] == '0';
    boolean wrong = digits == 0 || zeroInFront;
    if (peek() == '.') {
      at++;
      int fraction = digits();
      wrong |= fraction == 0;
      digits += fraction;
    }
    int exponent = 0;
    if (peek() == 'e' || peek() == 'E') {
      at++;
      if (peek() == '+' || peek() == '-') {
        at++;
      }
      int first = at;
      wrong |= digits() == 0;
      exponent = at - first > 9 ? Integer.MAX_VALUE : number(first);
    }
    if (wrong) {
      at = from;
      throw unexpected(Expected.VALUE);
    }
    if (digits > MAX_DIGITS || exponent > MAX_EXPONENT) {
      throw new Broken(NUMBER_TOO_LONG, from, "a number beyond what PostgreSQL is given");
    }
  }

  private int number(int from) {
    int number = 0;
    for (int i = from; i < at; i++) {
      number = number * 10 + (in[i] - '0');
    }
    return number;
  }

  private int digits() {
    int from = at;
    while (at < end && isDigit(in[at])) {
      at++;
    }
    return at - from;
  }

  private void skipBlanks() {
    while (at < end && (in[at] == ' ' || in[at] == '\n' || in[at] == '\r' || in[at] == '\t')) {
      at++;
    }
  }

  private static boolean isDigit(byte b) {
    return b >= '0' && b <= '9';
  }

  private static boolean isWordPart(byte b) {
    return isDigit(b)
        || b == '_'
        || b == '.'
        || b == '+'
        || b == '-'
        || (b >= 'A' && b <= 'Z')
        || (b >= 'a' && b <= 'z');
  }

  private Broken unexpected(Expected expected) {
    boolean character = at < end && in[at] < 0;
    return character && Utf8.length(in, at, end) == 0
        ? notUtf8()
        : JsonMistakes.at(in, at, end, expected);
  }

  /** What a text in the output stands for. */
  String decoded(int from) {
    return decoded(out, from, out.length());
  }

  static String decoded(ByteText text, int from, int to) {
    String quoted = new String(text.bytes(), from, to - from, StandardCharsets.UTF_8);
    return quoted.indexOf('\\') < 0
        ? quoted.substring(1, quoted.length() - 1)
        : JsonRecords.JSON.readValue(quoted, String.class);
  }
}
