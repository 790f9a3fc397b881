package io.dbimport.engine;

/** Which cells of a CSV file become numbers, of those that are written as one. */
public enum CsvNumbers {
  /** All of them: quotes do not protect, as on the service. */
  ALL,
  /** Those without quotes. */
  UNQUOTED,
  /** None: every cell stays text. */
  NONE;

  private static final int MAX_DIGITS = 18;
  private static final int MAX_FRACTION = 17;

  /**
   * Whether a cell becomes a number: a whole one of 64 bits, or one with a fraction. What has a
   * zero or a plus in front, an exponent or blanks stays text: that is a code or a telephone
   * number, and as a number it would lose them.
   */
  boolean take(byte[] in, int from, int to, boolean quoted) {
    return this != NONE && !(quoted && this == UNQUOTED) && isNumber(in, from, to);
  }

  private static boolean isNumber(byte[] in, int from, int to) {
    int first = from < to && in[from] == '-' ? from + 1 : from;
    int point = digits(in, first, to);
    int whole = point - first;
    if (whole == 0 || (whole > 1 && in[first] == '0')) {
      return false;
    }
    if (point == to) {
      return whole <= MAX_DIGITS || (whole == MAX_DIGITS + 1 && isLong(in, from, to));
    }
    int fraction = to - point - 1;
    return in[point] == '.'
        && whole <= MAX_DIGITS
        && fraction > 0
        && fraction <= MAX_FRACTION
        && digits(in, point + 1, to) == to;
  }

  /** Where the digits end that begin here. */
  private static int digits(byte[] in, int from, int to) {
    int at = from;
    while (at < to && in[at] >= '0' && in[at] <= '9') {
      at++;
    }
    return at;
  }

  private static boolean isLong(byte[] in, int from, int to) {
    boolean negative = in[from] == '-';
    long number = 0;
    for (int i = negative ? from + 1 : from; i < to; i++) {
      number = number * 10 - (in[i] - '0');
    }
    // Nineteen digits pass the end of a long once at the most.
    return number < 0 && (negative || number != Long.MIN_VALUE);
  }
}
