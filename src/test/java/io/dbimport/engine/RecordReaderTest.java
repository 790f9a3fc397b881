package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.engine.FileRecord.Bad;
import io.dbimport.engine.FileRecord.Document;
import io.dbimport.engine.RecordReader.Place;
import io.dbimport.engine.RecordReader.UnreadableFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** The formats, case by case, and what must hold for every file. */
final class RecordReaderTest {

  /** What a file gave, and where reading stood after each record. */
  private record Read(List<FileRecord> records, List<Place> places, Optional<Problem> stop) {
    List<Document> documents() {
      return records.stream().filter(Document.class::isInstance).map(Document.class::cast).toList();
    }

    List<Problem> problems() {
      return Stream.concat(
              records.stream()
                  .filter(Bad.class::isInstance)
                  .map(record -> ((Bad) record).problem()),
              stop.stream())
          .toList();
    }
  }

  static Stream<FileCase> cases() throws IOException {
    return FileCase.all();
  }

  @Test
  void theSpecificationIsWhole() throws IOException {
    List<FileCase> all = cases().toList();
    Set<String> names = new HashSet<>();
    Set<String> kinds = new HashSet<>();
    for (FileCase one : all) {
      assertThat(names.add(one.toString())).as("%s is there once", one).isTrue();
      one.allProblems().forEach(problem -> kinds.add(problem.kind()));
    }
    kinds.add(ProblemKind.ID_TAKEN.tag()); // the cases with conflicts

    assertThat(all).hasSizeGreaterThan(250);
    assertThat(kinds)
        .containsExactlyInAnyOrderElementsOf(
            Stream.of(ProblemKind.values()).map(ProblemKind::tag).toList());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aFileGivesTheDocumentsAndProblemsOfItsCase(FileCase expected) throws Exception {
    check(expected, read(expected, Place.START));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aFileThatComesByteByByteGivesTheSame(FileCase expected) throws Exception {
    InputStream slow =
        new ByteArrayInputStream(expected.file()) {
          @Override
          public synchronized int read(byte[] bytes, int from, int length) {
            return super.read(bytes, from, Math.min(1, length));
          }
        };

    check(expected, read(reader(expected, slow, Place.START)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aFileReadOnFromAnyRecordGivesTheRest(FileCase expected) throws Exception {
    Read whole = read(expected, Place.START);
    for (int i = 0; i < whole.records().size(); i++) {
      Read rest = read(expected, whole.places().get(i));
      List<FileRecord> left = whole.records().subList(i + 1, whole.records().size());
      assertThat(rest.records()).usingElementComparator(RecordReaderTest::compare).isEqualTo(left);
      assertThat(rest.stop()).isEqualTo(whole.stop());
    }
  }

  /** Generated ids differ from run to run: of these only places are compared. */
  private static int compare(FileRecord one, FileRecord other) {
    boolean same = one.equals(other);
    if (one instanceof Document first && first.idMade()) {
      same =
          other instanceof Document second
              && second.idMade()
              && first.line() == second.line()
              && first.column() == second.column();
    }
    return same ? 0 : 1;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void whoReadsOnFindsTheRestOfTheProblems(FileCase expected) throws Exception {
    List<Problem> problems = new ArrayList<>();

    FileCheck check =
        FileCheck.of(
            new ByteArrayInputStream(expected.file()),
            expected.type(),
            expected.numbers(),
            ConflictMode.UPSERT,
            problems::add);

    checkProblems(expected.allProblems(), problems);
    assertThat(check.readable()).isEqualTo(!expected.stop());
    assertThat(check.good()).isEqualTo(problems.isEmpty());
    assertThat(check.records() - check.bad())
        .isEqualTo(expected.documentsReadingOn() + expected.conflicts().size());
    assertThat(check.problems().values().stream().mapToLong(Long::longValue).sum())
        .isEqualTo(problems.size());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aCheckFindsTheIdsThatAnInsertRefuses(FileCase expected) throws Exception {
    List<Problem> problems = new ArrayList<>();

    FileCheck check =
        FileCheck.of(
            new ByteArrayInputStream(expected.file()),
            expected.type(),
            expected.numbers(),
            ConflictMode.INSERT,
            problems::add);

    assertThat(problems)
        .filteredOn(problem -> problem.kind() == ProblemKind.ID_TAKEN)
        .extracting(problem -> problem.line() + ":" + problem.column())
        .containsExactlyElementsOf(expected.conflicts());
    assertThat(check.repeated()).isEqualTo(expected.conflicts().size());
    assertThat(check.records() - check.bad()).isEqualTo(expected.documentsReadingOn());
  }

  @Test
  void recordsAcrossTheReadersBlocksComeWhole() throws Exception {
    StringBuilder file = new StringBuilder();
    for (int i = 0; i < 500; i++) {
      file.append("{\"_id\":\"%d\",\"t\":\"%s\"}\n".formatted(i, "é".repeat(i)));
    }

    Read read = readJson(file.toString().getBytes(StandardCharsets.UTF_8));

    assertThat(read.problems()).isEmpty();
    assertThat(read.documents()).hasSize(500);
    for (int i = 0; i < 500; i++) {
      assertThat(read.documents().get(i).object().toString())
          .isEqualTo("{\"_id\":\"%d\",\"t\":\"%s\"}".formatted(i, "é".repeat(i)));
      assertThat(read.documents().get(i).line()).isEqualTo(i + 1);
    }
  }

  @Test
  void columnsAreRightAcrossTheReadersBlocks() throws Exception {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < 30_000; i++) {
      line.append("{\"t\":\"é\"} ");
    }
    line.append("{\"t\":x}");

    Read read = readJson(line.toString().getBytes(StandardCharsets.UTF_8));

    assertThat(read.documents()).hasSize(30_000);
    assertThat(read.documents().getLast().column()).isEqualTo(29_999 * 10 + 1);
    assertThat(read.problems()).singleElement().extracting(Problem::column).isEqualTo(300_000L + 6);
  }

  private static void check(FileCase expected, Read read) {
    List<Document> documents =
        read.documents().stream()
            .filter(one -> !expected.conflicts().contains(one.line() + ":" + one.column()))
            .toList();
    assertThat(documents).as("documents").hasSameSizeAs(expected.documents());
    for (int i = 0; i < documents.size(); i++) {
      String found = documents.get(i).object().toString();
      JsonNode one = expected.documents().get(i);
      assertThat(FileCase.same(one, found)).as("%s is %s", found, one).isTrue();
    }
    checkProblems(expected.problems(), read.problems());
    assertThat(read.stop().isPresent()).as("stops").isEqualTo(expected.stop());
  }

  private static void checkProblems(List<FileCase.Expected> expected, List<Problem> found) {
    assertThat(found).as("problems, expected %s", expected).hasSameSizeAs(expected);
    for (int i = 0; i < found.size(); i++) {
      assertThat(expected.get(i).is(found.get(i)))
          .as("%s is %s", found.get(i), expected.get(i))
          .isTrue();
    }
  }

  private static Read readJson(byte[] file) throws IOException {
    return read(new JsonRecords(new ByteArrayInputStream(file), Place.START, new Random(1)));
  }

  private static Read read(FileCase of, Place from) throws IOException {
    byte[] file = of.file();
    int skipped = of.type() == FileType.JSON ? (int) from.position() : 0;
    return read(reader(of, new ByteArrayInputStream(file, skipped, file.length - skipped), from));
  }

  private static RecordReader reader(FileCase of, InputStream in, Place from) {
    return switch (of.type()) {
      case JSON -> new JsonRecords(in, from, new Random(1));
      case CSV -> new CsvRecords(in, from, of.numbers(), new Random(1));
    };
  }

  private static Read read(RecordReader reader) throws IOException {
    List<FileRecord> records = new ArrayList<>();
    List<Place> places = new ArrayList<>();
    try (reader) {
      for (Optional<FileRecord> next = reader.next(); next.isPresent(); next = reader.next()) {
        records.add(next.get());
        places.add(reader.place());
      }
      return new Read(records, places, Optional.empty());
    } catch (UnreadableFile unreadable) {
      return new Read(records, places, Optional.of(unreadable.problem()));
    }
  }
}
