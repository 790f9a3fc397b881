package io.dbimport.engine;

import io.dbimport.engine.CsvHeader.Field;
import io.dbimport.engine.CsvRows.Next;
import io.dbimport.engine.CsvRows.Row;
import io.dbimport.engine.FileRecord.Bad;
import io.dbimport.engine.JsonDocument.Span;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Records of a CSV file by RFC 4180: the first row names the keys, a dotted name nests. Not
 * thread-safe.
 */
final class CsvRecords implements RecordReader {
  private static final char[] HEX = "0123456789abcdef".toCharArray();

  private final FileBytes bytes;
  private final CsvRows rows;
  private final Place from;
  private final CsvNumbers numbers;
  private final Documents documents;
  private final ByteText out = new ByteText();
  private final Deque<Problem> headerProblems = new ArrayDeque<>();
  private CsvHeader header = CsvHeader.NONE;
  private boolean headerRead;
  private Span id = Span.NONE;

  /**
   * Reads from a place that {@link #place} gave, or from the start.
   *
   * @param in the file from its start, since that is where the keys are
   */
  CsvRecords(InputStream in, Place from, CsvNumbers numbers, RandomGenerator random) {
    this.bytes = new FileBytes(in, Place.START);
    this.rows = new CsvRows(bytes);
    this.from = from;
    this.numbers = numbers;
    this.documents = new Documents(random);
  }

  @Override
  public Optional<FileRecord> next() throws IOException, UnreadableFile {
    if (!headerRead) {
      readHeader();
    }
    if (!headerProblems.isEmpty()) {
      throw new UnreadableFile(headerProblems.remove(), true);
    }
    Optional<Next> next = rows.next();
    return next.isEmpty() ? Optional.empty() : Optional.of(record(next.get()));
  }

  private void readHeader() throws IOException, UnreadableFile {
    Optional<Problem> other = FileStart.problem(bytes);
    if (other.isPresent()) {
      throw new UnreadableFile(other.get(), false);
    }
    FileStart.skipBom(bytes);
    if (bytes.has(0) && (bytes.at(0) == '{' || bytes.at(0) == '[')) {
      throw new UnreadableFile(
          new Problem(ProblemKind.LOOKS_LIKE_JSON, 1, 1, "the file is no CSV but JSON"), false);
    }
    headerRead = true;
    Optional<Next> first = firstRow();
    if (first.isPresent()) {
      header =
          switch (first.get()) {
            case Next.Read(Row row) -> CsvHeader.of(row);
            case Next.Refused(Problem problem) -> throw new UnreadableFile(problem, false);
          };
    }
    headerProblems.addAll(header.problems());
    if (from.position() > 0) {
      bytes.skipTo(from);
    }
  }

  /** As the header has it; empty until that is read. */
  String otherSeparator() {
    return header.otherSeparator();
  }

  private Optional<Next> firstRow() throws IOException, UnreadableFile {
    try {
      return rows.next();
    } catch (UnreadableFile quotes) {
      // Without keys no row means anything.
      throw new UnreadableFile(quotes.problem(), false);
    }
  }

  private FileRecord record(Next next) {
    return switch (next) {
      case Next.Refused(Problem problem) -> new Bad(problem);
      case Next.Read(Row row) -> record(row);
    };
  }

  private FileRecord record(Row row) {
    if (row.cells() > header.columns()) {
      String what = "%,d cells, but the header has %,d".formatted(row.cells(), header.columns());
      return new Bad(row.problem(ProblemKind.EXTRA_CELLS, row.at(header.columns()), what));
    }
    try {
      out.cut(0);
      id = Span.NONE;
      var _ = object(header.fields(), row, true);
      return documents.document(row.line(), row.column(), out, id);
    } catch (Broken broken) {
      return new Bad(row.problem(broken.kind(), broken.at(), broken.what()));
    }
  }

  /** Writes an object of the fields that the row has cells for; false when it has none. */
  private boolean object(List<Field> fields, Row row, boolean top) throws Broken {
    boolean any = false;
    out.put('{');
    for (Field field : fields) {
      int before = out.length();
      if (any) {
        out.put(',');
      }
      out.put(field.name());
      out.put(':');
      int from = out.length();
      boolean there = field.isObject() ? object(field.inside(), row, false) : cell(field, row);
      if (!there) {
        out.cut(before);
        continue;
      }
      any = true;
      if (top && field.isId()) {
        int at = field.isObject() ? row.at(0) : row.at(field.column());
        id = new Span(at, from, out.length());
      }
    }
    out.put('}');
    return any;
  }

  private boolean cell(Field field, Row row) throws Broken {
    int cell = field.column();
    if (cell >= row.cells()) {
      return false;
    }
    if (numbers.take(row.buffer(), row.from(cell), row.to(cell), row.quoted(cell))) {
      out.put(row.buffer(), row.from(cell), row.to(cell));
    } else {
      out.put('"');
      text(row, cell);
      out.put('"');
    }
    return true;
  }

  private void text(Row row, int cell) throws Broken {
    byte[] in = row.buffer();
    int to = row.to(cell);
    int from = row.from(cell);
    int at = from;
    while (at < to) {
      byte b = in[at];
      if (b >= ' ' && b != '"' && b != '\\') {
        at++;
        continue;
      }
      if (b < 0) {
        at += character(row, at, to);
        continue;
      }
      out.put(in, from, at);
      escape(b, at);
      at += b == '"' && row.quoted(cell) ? 2 : 1;
      from = at;
    }
    out.put(in, from, to);
  }

  private static int character(Row row, int at, int to) throws Broken {
    int length = Utf8.length(row.buffer(), at, to);
    if (length == 0) {
      throw new Broken(
          ProblemKind.NOT_UTF_8,
          at,
          "the byte 0x%02X is not UTF-8".formatted(row.buffer()[at])
              + Encodings.likely(row.buffer(), row.from(0), row.end()));
    }
    return length;
  }

  private void escape(byte b, int at) throws Broken {
    switch (b) {
      case 0 -> throw new Broken(ProblemKind.NUL, at, "the character NUL in a cell");
      case '"', '\\' -> {
        out.put('\\');
        out.put(b);
      }
      case '\n' -> out.put("\\n");
      case '\r' -> out.put("\\r");
      case '\t' -> out.put("\\t");
      default -> {
        out.put("\\u00");
        out.put(HEX[b >> 4]);
        out.put(HEX[b & 15]);
      }
    }
  }

  @Override
  public Place place() {
    return bytes.place();
  }

  @Override
  public void close() throws IOException {
    bytes.close();
  }
}
