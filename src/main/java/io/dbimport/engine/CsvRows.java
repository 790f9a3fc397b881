package io.dbimport.engine;

import static io.dbimport.engine.RecordReader.MAX_RECORD_BYTES;

import io.dbimport.engine.RecordReader.UnreadableFile;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;

/**
 * Cuts a stream of bytes into the rows and cells of RFC 4180. A row ends with LF, CRLF or CR; a row
 * without any cell is passed over. Not thread-safe.
 */
final class CsvRows {

  /** A row, until the next one is asked for. Not thread-safe. */
  static final class Row {
    private long line;
    private long column;
    private byte[] buffer = {};
    private int start;
    private int cells;
    private int[] from = new int[32];
    private int[] to = new int[32];
    private boolean[] quoted = new boolean[32];

    long line() {
      return line;
    }

    long column() {
      return column;
    }

    byte[] buffer() {
      return buffer;
    }

    int cells() {
      return cells;
    }

    /** Index in the buffer of a cell's first byte, quotes aside. */
    int from(int cell) {
      return start + from[cell];
    }

    /** And of the byte after its last. */
    int to(int cell) {
      return start + to[cell];
    }

    boolean quoted(int cell) {
      return quoted[cell];
    }

    /** Where a cell begins, its quote included. */
    int at(int cell) {
      return from(cell) - (quoted[cell] ? 1 : 0);
    }

    int end() {
      return to(cells - 1);
    }

    /** The problem at an index of the buffer. */
    Problem problem(ProblemKind kind, int at, String what) {
      return Problem.at(at, buffer, start, line, column, kind, what);
    }

    private void begin(FileBytes bytes) {
      line = bytes.line();
      column = bytes.column();
      cells = 0;
    }

    private void cell(int first, int last, boolean inQuotes) {
      if (cells == from.length) {
        from = Arrays.copyOf(from, cells * 2);
        to = Arrays.copyOf(to, cells * 2);
        quoted = Arrays.copyOf(quoted, cells * 2);
      }
      from[cells] = first;
      to[cells] = last;
      quoted[cells++] = inQuotes;
    }

    /** Only now: while it was read, its bytes may have moved. */
    private void complete(FileBytes bytes) {
      buffer = bytes.buffer();
      start = bytes.head();
    }
  }

  private final FileBytes bytes;
  private final Row row = new Row();
  private int lines;
  private int lineStart;
  private long carriageReturns;
  private long blankLines;

  CsvRows(FileBytes bytes) {
    this.bytes = bytes;
  }

  /** How many rows so far ended with one. */
  long carriageReturns() {
    return carriageReturns;
  }

  long blankLines() {
    return blankLines;
  }

  /** A row, or why the next one is none. */
  sealed interface Next {
    record Read(Row row) implements Next {}

    record Refused(Problem problem) implements Next {}
  }

  /**
   * The next row; empty at the end.
   *
   * @throws UnreadableFile when quotes are not as they must be: where rows end is a guess from
   *     there on. The next call makes it.
   */
  Optional<Next> next() throws IOException, UnreadableFile {
    while (bytes.has(0)) {
      row.begin(bytes);
      lines = 0;
      lineStart = 0;
      int end = cells();
      if (end < 0) {
        return Optional.of(new Next.Refused(passTooLong()));
      }
      boolean blank = row.cells == 1 && row.to[0] == 0;
      row.complete(bytes);
      passLineEnd(end);
      if (!blank) {
        return Optional.of(new Next.Read(row));
      }
      blankLines++;
    }
    return Optional.empty();
  }

  /** Finds the row's cells; where the row ends, or -1 when it is too long. */
  private int cells() throws IOException, UnreadableFile {
    int at = 0;
    while (true) {
      boolean inQuotes = bytes.has(at) && bytes.at(at) == '"';
      int from = inQuotes ? at + 1 : at;
      at = inQuotes ? quotedCell(from) : bareCell(from);
      if (at < 0) {
        return -1;
      }
      row.cell(from, at, inQuotes);
      if (inQuotes) {
        at++;
      }
      if (!bytes.has(at) || bytes.at(at) == '\n' || bytes.at(at) == '\r') {
        return at;
      }
      if (bytes.at(at) != ',') {
        throw unreadable(ProblemKind.TEXT_AFTER_QUOTE, at, "text after the quote of a cell");
      }
      at++;
    }
  }

  private int bareCell(int from) throws IOException {
    for (int at = from; bytes.has(at); at++) {
      byte b = bytes.at(at);
      if (b == ',' || b == '\n' || b == '\r') {
        return at;
      }
      if (at >= MAX_RECORD_BYTES) {
        return -1;
      }
    }
    return bytes.seen();
  }

  private int quotedCell(int from) throws IOException, UnreadableFile {
    for (int at = from; bytes.has(at) && at < MAX_RECORD_BYTES; at++) {
      byte b = bytes.at(at);
      if (b == '"') {
        if (!(bytes.has(at + 1) && bytes.at(at + 1) == '"')) {
          return at;
        }
        at++;
      } else if (b == '\n') {
        lines++;
        lineStart = at + 1;
      }
    }
    throw unreadable(ProblemKind.UNCLOSED_QUOTE, from - 1, "a quote that does not end");
  }

  private void passLineEnd(int end) throws IOException {
    if (!bytes.has(end)) {
      bytes.consume(end, lines, lineStart);
      return;
    }
    boolean both = bytes.at(end) == '\r' && bytes.has(end + 1) && bytes.at(end + 1) == '\n';
    int behind = both ? end + 2 : end + 1;
    carriageReturns += bytes.at(end) == '\r' ? 1 : 0;
    bytes.consume(behind, lines + 1L, behind);
  }

  /** Reading may go on at the line after the problem's. */
  private UnreadableFile unreadable(ProblemKind kind, int at, String what) throws IOException {
    row.complete(bytes);
    Problem problem = row.problem(kind, row.start + at, what);
    long passed = passLine();
    while (passed <= at) {
      passed += passLine();
    }
    return new UnreadableFile(problem, true);
  }

  private Problem passTooLong() throws IOException {
    Problem problem =
        new Problem(ProblemKind.TOO_LONG, row.line, row.column, "the row is longer than 16 MB");
    var _ = passLine();
    return problem;
  }

  /** Passes the rest of the line, block by block; how many bytes. */
  private long passLine() throws IOException {
    long passed = 0;
    boolean lineEnds = false;
    while (!lineEnds && bytes.has(0)) {
      int at = 0;
      while (at < FileBytes.BLOCK && bytes.has(at) && bytes.at(at) != '\n') {
        at++;
      }
      lineEnds = bytes.has(at) && bytes.at(at) == '\n';
      int block = lineEnds ? at + 1 : at;
      bytes.passOver(block, lineEnds);
      passed += block;
    }
    return passed;
  }
}
