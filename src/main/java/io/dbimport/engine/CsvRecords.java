package io.dbimport.engine;

import de.siegmar.fastcsv.reader.CloseableIterator;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import de.siegmar.fastcsv.reader.FieldMismatchStrategy;
import io.dbimport.engine.FileRecord.Bad;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/**
 * Records of a CSV file by RFC 4180: the first row names the keys, a dotted name nests. Its
 * position is a count of rows: to go on, the file is read from its start and that many rows are
 * passed over, because a byte position inside a quoted field means nothing. Not thread-safe.
 *
 * <p>A whole number becomes a number, so does one with a fraction; anything else stays text, and so
 * does what has a leading zero or a sign in front: that is a code or a telephone number.
 */
final class CsvRecords implements RecordReader {
  /** No character: stands for bytes that are not UTF-8, so that they cost their row alone. */
  private static final String NOT_UTF_8 = "\uFFFF";

  /** No character: a last row of its own shows that no quote was left open before it. */
  private static final String END = "\uFFFE";

  private static final int MAX_FIELD_CHARS = 16 << 20;
  private static final Pattern WHOLE = Pattern.compile("-?(0|[1-9][0-9]{0,17})");
  private static final Pattern FRACTION = Pattern.compile("-?(0|[1-9][0-9]{0,17})\\.[0-9]{1,17}");

  private final CsvReader<CsvRecord> csv;
  private final CloseableIterator<CsvRecord> rows;
  private final Documents documents;
  private final List<List<String>> keys;
  private long read;
  private long line = 1;

  /**
   * Reads from a position that {@link #position} gave, or 0.
   *
   * @param in the file from its start
   * @throws UnreadableFile when the header row cannot name keys
   */
  CsvRecords(InputStream in, long position, RandomGenerator random)
      throws IOException, UnreadableFile {
    this.documents = new Documents(JsonRecords.JSON, random);
    this.csv =
        CsvReader.builder()
            .skipEmptyLines(true)
            .extraFieldStrategy(FieldMismatchStrategy.IGNORE)
            .missingFieldStrategy(FieldMismatchStrategy.IGNORE)
            .maxBufferSize(MAX_FIELD_CHARS)
            .ofCsvRecord(
                new InputStreamReader(
                    new SequenceInputStream(withoutBom(in), endRow()),
                    StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPLACE)
                        .replaceWith(NOT_UTF_8)));
    this.rows = csv.iterator();
    Optional<CsvRecord> header = nextRow();
    this.keys = header.isPresent() ? keysOf(header.get().getFields()) : List.of();
    while (read < position && nextRow().isPresent()) {
      read++;
    }
  }

  @Override
  public Optional<FileRecord> next() throws IOException, UnreadableFile {
    Optional<CsvRecord> row = nextRow();
    row.ifPresent(_ -> read++);
    return row.map(this::record);
  }

  private FileRecord record(CsvRecord row) {
    long at = row.getStartingLineNumber();
    if (row.getFieldCount() > keys.size()) {
      return new Bad(
          at, "%d cells, but the header has %d".formatted(row.getFieldCount(), keys.size()));
    }
    if (row.getFields().stream().anyMatch(cell -> cell.contains(NOT_UTF_8))) {
      return new Bad(at, "not UTF-8; save the file as UTF-8");
    }
    ObjectNode document = JsonRecords.JSON.createObjectNode();
    for (int i = 0; i < row.getFieldCount(); i++) {
      List<String> path = keys.get(i);
      ObjectNode parent = document;
      for (String part : path.subList(0, path.size() - 1)) {
        parent = parent.withObjectProperty(part);
      }
      put(parent, path.getLast(), row.getField(i));
    }
    return documents.document(at, document);
  }

  private static void put(ObjectNode parent, String key, String cell) {
    if (WHOLE.matcher(cell).matches()) {
      parent.put(key, Long.parseLong(cell));
    } else if (FRACTION.matcher(cell).matches()) {
      parent.put(key, new BigDecimal(cell));
    } else {
      parent.put(key, cell);
    }
  }

  private Optional<CsvRecord> nextRow() throws IOException, UnreadableFile {
    try {
      if (!rows.hasNext()) {
        return Optional.empty();
      }
      CsvRecord row = rows.next();
      if (isEnd(row)) {
        return Optional.empty();
      }
      line = row.getStartingLineNumber();
      return Optional.of(row);
    } catch (UncheckedIOException failure) {
      throw failure.getCause();
    } catch (CsvParseException broken) {
      throw new UnreadableFile("after line " + line + ": " + reason(broken));
    }
  }

  private boolean isEnd(CsvRecord row) throws UnreadableFile {
    if (!row.getField(row.getFieldCount() - 1).endsWith(END) || rows.hasNext()) {
      return false;
    }
    if (row.getFieldCount() > 1 || !row.getField(0).equals(END)) {
      throw new UnreadableFile(
          "line " + row.getStartingLineNumber() + ": a quote that begins in this row does not end");
    }
    return true;
  }

  private static InputStream endRow() {
    return new ByteArrayInputStream(("\n" + END).getBytes(StandardCharsets.UTF_8));
  }

  private static String reason(Throwable broken) {
    Throwable cause = broken.getCause() == null ? broken : broken.getCause();
    return String.valueOf(cause.getMessage());
  }

  private static List<List<String>> keysOf(List<String> header) throws UnreadableFile {
    List<List<String>> keys = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (int i = 0; i < header.size(); i++) {
      String name = header.get(i);
      String where = "line 1: the name of column " + (i + 1);
      if (name.contains(NOT_UTF_8)) {
        throw new UnreadableFile(where + " is not UTF-8; save the file as UTF-8");
      }
      if (name.isEmpty()
          || name.startsWith(".")
          || name.endsWith(".")
          || name.contains("..")
          || name.startsWith("$")
          || name.contains(".$")) {
        throw new UnreadableFile(
            where
                + " is empty, begins or ends with a dot, holds two dots in a row or begins with $:"
                + " \""
                + name
                + "\"");
      }
      if (!names.add(name)) {
        throw new UnreadableFile(where + " is there twice: \"" + name + "\"");
      }
      keys.add(List.of(name.split("\\.")));
    }
    for (String name : names) {
      for (int dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
        if (names.contains(name.substring(0, dot))) {
          throw new UnreadableFile(
              "line 1: \"%s\" and \"%s\" name the same place"
                  .formatted(name.substring(0, dot), name));
        }
      }
    }
    return keys;
  }

  private static InputStream withoutBom(InputStream in) throws IOException {
    BufferedInputStream buffered = new BufferedInputStream(in, 1 << 16);
    buffered.mark(3);
    boolean bom = buffered.read() == 0xEF && buffered.read() == 0xBB && buffered.read() == 0xBF;
    if (!bom) {
      buffered.reset();
    }
    return buffered;
  }

  @Override
  public long position() {
    return read;
  }

  @Override
  public long line() {
    return line;
  }

  @Override
  public void close() throws IOException {
    csv.close();
  }
}
