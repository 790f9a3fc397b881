package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.engine.FileRecord.Bad;
import io.dbimport.engine.FileRecord.Document;
import io.dbimport.engine.RecordReader.UnreadableFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The formats, case by case, and what must hold for every file. */
final class RecordReaderTest {

  /** What a file gave, and where reading stood after each record. */
  private record Read(
      List<FileRecord> records, List<Long> positions, List<Long> lines, String unreadable) {
    List<Document> documents() {
      return records.stream().filter(Document.class::isInstance).map(Document.class::cast).toList();
    }

    List<Bad> bad() {
      return records.stream().filter(Bad.class::isInstance).map(Bad.class::cast).toList();
    }
  }

  static Stream<RecordCase> jsonCases() throws IOException {
    return RecordCase.read("records-json.json");
  }

  static Stream<RecordCase> csvCases() throws IOException {
    return RecordCase.read("records-csv.json");
  }

  @ParameterizedTest
  @MethodSource("jsonCases")
  void aJsonFileGivesTheDocumentsAndTheBadRecordsOfItsCase(RecordCase expected) throws Exception {
    check(expected, readJson(expected.file(), 0, 1));
  }

  @ParameterizedTest
  @MethodSource("csvCases")
  void aCsvFileGivesTheDocumentsAndTheBadRecordsOfItsCase(RecordCase expected) throws Exception {
    check(expected, readCsv(expected.file(), 0));
  }

  @ParameterizedTest
  @MethodSource("jsonCases")
  void aJsonFileReadOnFromAnyRecordGivesTheRest(RecordCase expected) throws Exception {
    Read whole = readJson(expected.file(), 0, 1);
    for (int i = 0; i < whole.records().size(); i++) {
      Read rest = readJson(expected.file(), whole.positions().get(i), whole.lines().get(i));
      checkRest(whole, i, rest);
    }
  }

  @ParameterizedTest
  @MethodSource("csvCases")
  void aCsvFileReadOnFromAnyRecordGivesTheRest(RecordCase expected) throws Exception {
    Read whole = readCsv(expected.file(), 0);
    for (int i = 0; i < whole.records().size(); i++) {
      checkRest(whole, i, readCsv(expected.file(), whole.positions().get(i)));
    }
  }

  @ParameterizedTest
  @MethodSource("jsonCases")
  void aJsonFileThatComesByteByByteGivesTheSame(RecordCase expected) throws Exception {
    InputStream slow =
        new ByteArrayInputStream(expected.file()) {
          @Override
          public synchronized int read(byte[] bytes, int from, int length) {
            return super.read(bytes, from, Math.min(1, length));
          }
        };

    check(expected, read(new JsonRecords(slow, 0, 1, new Random(1))));
  }

  @Test
  void aRecordLongerThanTheLimitCostsItselfAndNotTheFile() throws Exception {
    String tooLong = "{\"_id\":\"a\",\"t\":\"" + "x".repeat(JsonFramer.MAX_RECORD_BYTES) + "\"}\n";

    Read read = readJson((tooLong + "{\"_id\":\"b\"}\n").getBytes(StandardCharsets.UTF_8), 0, 1);

    assertThat(read.bad()).containsExactly(new Bad(1, "the record is longer than 16 MB"));
    assertThat(read.documents()).extracting(Document::id).containsExactly("b");
  }

  @Test
  void recordsAcrossTheReadersBlocksComeWhole() throws Exception {
    StringBuilder file = new StringBuilder();
    for (int i = 0; i < 500; i++) {
      file.append("{\"_id\":\"%d\",\"t\":\"%s\"}\n".formatted(i, "é".repeat(i)));
    }

    Read read = readJson(file.toString().getBytes(StandardCharsets.UTF_8), 0, 1);

    assertThat(read.bad()).isEmpty();
    assertThat(read.documents()).hasSize(500);
    for (int i = 0; i < 500; i++) {
      assertThat(read.documents().get(i).json())
          .isEqualTo("{\"_id\":\"%d\",\"t\":\"%s\"}".formatted(i, "é".repeat(i)));
      assertThat(read.documents().get(i).line()).isEqualTo(i + 1);
    }
  }

  @Test
  void invalidBytesFarIntoACsvFileCostTheirRowAlone() throws Exception {
    StringBuilder rows = new StringBuilder("_id,x\n");
    for (int i = 0; i < 5000; i++) {
      rows.append(i).append(i == 4321 ? ",\u00ff\n" : ",x\n");
    }

    Read read = readCsv(rows.toString().getBytes(StandardCharsets.ISO_8859_1), 0);

    assertThat(read.unreadable()).isEmpty();
    assertThat(read.documents()).hasSize(4999);
    assertThat(read.bad()).extracting(Bad::line).containsExactly(4323L);
  }

  private static void check(RecordCase expected, Read read) {
    assertThat(read.documents()).as("documents").hasSameSizeAs(expected.documents());
    for (int i = 0; i < read.documents().size(); i++) {
      String found = read.documents().get(i).json();
      assertThat(RecordCase.same(expected.documents().get(i), found))
          .as("%s is %s", found, expected.documents().get(i))
          .isTrue();
    }
    assertThat(read.bad()).as("bad records").hasSameSizeAs(expected.bad());
    for (int i = 0; i < read.bad().size(); i++) {
      assertThat(read.bad().get(i).line())
          .as("line of %s", read.bad().get(i))
          .isEqualTo(expected.bad().get(i).line());
      assertThat(read.bad().get(i).reason()).contains(expected.bad().get(i).reason());
    }
    if (expected.unreadable().isEmpty()) {
      assertThat(read.unreadable()).as("unreadable").isEmpty();
    } else {
      assertThat(read.unreadable()).as("unreadable").contains(expected.unreadable());
    }
  }

  /** Generated ids differ from run to run: there only lines are compared. */
  private static void checkRest(Read whole, int after, Read rest) {
    List<FileRecord> left = whole.records().subList(after + 1, whole.records().size());
    assertThat(rest.records())
        .extracting(FileRecord::line)
        .containsExactlyElementsOf(left.stream().map(FileRecord::line).toList());
    for (int i = 0; i < left.size(); i++) {
      if (!(left.get(i) instanceof Document document && document.id().matches("[0-9a-f]{32}"))) {
        assertThat(rest.records().get(i)).isEqualTo(left.get(i));
      }
    }
    assertThat(rest.unreadable()).isEqualTo(whole.unreadable());
  }

  private static Read readJson(byte[] file, long position, long line) throws IOException {
    InputStream in = new ByteArrayInputStream(file, (int) position, file.length - (int) position);
    return read(new JsonRecords(in, position, line, new Random(1)));
  }

  private static Read readCsv(byte[] file, long position) throws IOException {
    try {
      return read(new CsvRecords(new ByteArrayInputStream(file), position, new Random(1)));
    } catch (UnreadableFile unreadable) {
      return new Read(List.of(), List.of(), List.of(), unreadable.why());
    }
  }

  private static Read read(RecordReader reader) throws IOException {
    List<FileRecord> records = new ArrayList<>();
    List<Long> positions = new ArrayList<>();
    List<Long> lines = new ArrayList<>();
    try (reader) {
      for (Optional<FileRecord> next = reader.next(); next.isPresent(); next = reader.next()) {
        records.add(next.get());
        positions.add(reader.position());
        lines.add(reader.line());
      }
      return new Read(records, positions, lines, "");
    } catch (UnreadableFile unreadable) {
      return new Read(records, positions, lines, unreadable.why());
    }
  }
}
