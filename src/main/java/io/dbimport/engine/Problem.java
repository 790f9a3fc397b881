package io.dbimport.engine;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Something wrong in a file. Immutable.
 *
 * @param line from 1
 * @param column in characters, from 1
 * @param what for people: what is wrong there
 */
public record Problem(ProblemKind kind, long line, long column, String what) {
  private static final int MAX_CHARS = 200;

  public Problem {
    what = what.length() <= MAX_CHARS ? what : what.substring(0, MAX_CHARS) + "…";
  }

  /**
   * The problem at an index of a buffer.
   *
   * @param start where the buffer has the bytes at {@code line} and {@code column}
   */
  static Problem at(
      int at, byte[] buffer, int start, long line, long column, ProblemKind kind, String what) {
    long lineOfIt = line;
    int lineStart = start;
    for (int i = start; i < at; i++) {
      if (buffer[i] == '\n') {
        lineOfIt++;
        lineStart = i + 1;
      }
    }
    long before = lineOfIt == line ? column : 1;
    return new Problem(kind, lineOfIt, before + Utf8.characters(buffer, lineStart, at), what);
  }

  /**
   * The same for programs: {@code line}, {@code column}, {@code kind}, {@code what}, {@code
   * advice}.
   */
  public Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("line", line);
    fields.put("column", column);
    fields.put("kind", kind.tag());
    fields.put("what", what);
    fields.put("advice", kind.advice());
    return fields;
  }

  /** Where, what, and what to change. */
  public String sentence() {
    return "line %d, column %d: %s; %s".formatted(line, column, what, kind.advice());
  }
}
