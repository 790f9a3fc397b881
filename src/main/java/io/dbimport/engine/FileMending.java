package io.dbimport.engine;

import io.dbimport.FileType;
import io.dbimport.engine.CsvRows.Next;
import io.dbimport.engine.CsvRows.Row;
import io.dbimport.engine.JsonFramer.Frame;
import io.dbimport.engine.RecordReader.Place;
import io.dbimport.engine.RecordReader.UnreadableFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Copies a file and mends on the way what can only have been meant one way. What else is wrong with
 * a record is left as it stands. Not thread-safe.
 */
public final class FileMending {

  /** What is mended. */
  public enum Mend {
    UTF_16("turned UTF-16 into UTF-8"),
    GB18030("turned GB18030, which GBK is a part of, into UTF-8"),
    BYTE_ORDER_MARK("removed the byte order mark"),
    LINE_ENDS("turned CRLF into LF"),
    ARRAY("took the records out of the array"),
    COMMAS_BETWEEN("removed commas between records"),
    TRAILING_COMMAS("removed trailing commas"),
    ONE_LINE("put each record on a line of its own"),
    BLANK_LINES("removed blank lines"),
    EMPTY_CELLS("removed empty cells beyond the header");

    private final String done;

    Mend(String done) {
      this.done = done;
    }

    /** What was done, for people. */
    public String done() {
      return done;
    }
  }

  private final OutputStream out;
  private final Map<Mend, Long> done = new EnumMap<>(Mend.class);
  private final ByteText line = new ByteText();

  private FileMending(OutputStream out) {
    this.out = out;
  }

  /**
   * Copies the whole file; blocks for as long as that takes, in memory that does not grow with it.
   *
   * @param said the encoding that the file is said to be in; null for UTF-8, or what a byte order
   *     mark says
   * @return how often each was mended
   * @throws WrongEncoding when the file is not in that encoding; what was written is then no copy
   * @throws IOException when a file fails
   */
  public static Map<Mend, Long> copy(
      InputStream in, FileType type, @Nullable Encoding said, OutputStream out) throws IOException {
    FileMending mending = new FileMending(out);
    Reencoded.Text text = Reencoded.of(in, said);
    text.done().ifPresent(done -> mending.did(done, 1));
    FileBytes bytes = new FileBytes(text.in(), Place.START);
    bytes.copyTo(out);
    if (FileStart.problem(bytes).isPresent()) {
      mending.copyAll(bytes);
    } else {
      switch (type) {
        case JSON -> mending.json(bytes);
        case CSV -> mending.csv(bytes);
      }
    }
    return Map.copyOf(mending.done);
  }

  private void copyAll(FileBytes bytes) throws IOException {
    while (bytes.has(0)) {
      bytes.passOver(bytes.seen(), false);
    }
  }

  private void did(Mend mend, long times) {
    if (times > 0) {
      done.merge(mend, times, Long::sum);
    }
  }

  private void json(FileBytes bytes) throws IOException {
    did(Mend.BYTE_ORDER_MARK, FileStart.skipBom(bytes) ? 1 : 0);
    JsonFramer framer = new JsonFramer(bytes);
    JsonDocument document = new JsonDocument();
    long lastLine = 0;
    boolean more = true;
    while (more) {
      try {
        Optional<Frame> next = framer.next();
        more = next.isPresent();
        if (more && next.get().broken().isEmpty()) {
          Frame frame = next.get();
          boolean shares = frame.line() == lastLine;
          lastLine = bytes.line();
          record(frame, shares || frame.line() != lastLine, document);
        }
      } catch (UnreadableFile mended) {
        did(mended.problem().kind() == ProblemKind.ARRAY ? Mend.ARRAY : Mend.COMMAS_BETWEEN, 1);
      }
    }
    did(Mend.LINE_ENDS, framer.carriageReturns());
  }

  private void record(Frame frame, boolean notOnALine, JsonDocument document) throws IOException {
    long commas = compact(frame);
    boolean good = true;
    try {
      document.read(line.bytes(), 0, line.length());
    } catch (Broken stillBroken) {
      good = false;
    }
    if (good) {
      did(Mend.TRAILING_COMMAS, commas);
      did(Mend.ONE_LINE, notOnALine ? 1 : 0);
      out.write(line.bytes(), 0, line.length());
    } else {
      out.write(frame.buffer(), frame.start(), frame.length());
    }
    out.write('\n');
  }

  /** The record without blanks and without trailing commas; how many commas those were. */
  private long compact(Frame frame) {
    byte[] in = frame.buffer();
    int end = frame.start() + frame.length();
    long commas = 0;
    line.cut(0);
    for (int at = frame.start(); at < end; ) {
      byte b = in[at];
      int next = at + 1;
      if (b == '"') {
        next = stringEnd(in, at, end);
        line.put(in, at, next);
      } else if (isBlank(b)) {
        next = afterBlanks(in, at, end);
        // Two words must not become one.
        if (isWord(in[at - 1]) && next < end && isWord(in[next])) {
          line.put(' ');
        }
      } else if (b == ',' && closes(in, afterBlanks(in, next, end), end)) {
        commas++;
      } else {
        line.put(b);
      }
      at = next;
    }
    return commas;
  }

  private static int stringEnd(byte[] in, int quote, int end) {
    int at = quote + 1;
    while (at < end && in[at] != '"') {
      at += in[at] == '\\' ? 2 : 1;
    }
    return Math.min(at + 1, end);
  }

  private static int afterBlanks(byte[] in, int from, int end) {
    int at = from;
    while (at < end && isBlank(in[at])) {
      at++;
    }
    return at;
  }

  private static boolean isBlank(byte b) {
    return b == ' ' || b == '\n' || b == '\r' || b == '\t';
  }

  private static boolean isWord(byte b) {
    return "{}[],:\"".indexOf(b) < 0;
  }

  private static boolean closes(byte[] in, int at, int end) {
    return at < end && (in[at] == '}' || in[at] == ']');
  }

  private void csv(FileBytes bytes) throws IOException {
    did(Mend.BYTE_ORDER_MARK, FileStart.skipBom(bytes) ? 1 : 0);
    CsvRows rows = new CsvRows(bytes);
    int columns = 0;
    boolean more = true;
    while (more) {
      try {
        Optional<Next> next = rows.next();
        more = next.isPresent();
        // A row that is refused has been copied as it stands.
        if (more && next.get() instanceof Next.Read(Row row)) {
          columns = columns == 0 ? row.cells() : columns;
          row(row, columns);
        }
      } catch (UnreadableFile copied) {
        columns = Math.max(columns, 1);
      }
    }
    did(Mend.LINE_ENDS, rows.carriageReturns());
    did(Mend.BLANK_LINES, rows.blankLines());
  }

  private void row(Row row, int columns) throws IOException {
    int cells = row.cells();
    while (cells > columns && row.from(cells - 1) == row.to(cells - 1)) {
      cells--;
    }
    did(Mend.EMPTY_CELLS, row.cells() - cells);
    int from = row.at(0);
    int to = row.to(cells - 1) + (row.quoted(cells - 1) ? 1 : 0);
    out.write(row.buffer(), from, to - from);
    out.write('\n');
  }
}
