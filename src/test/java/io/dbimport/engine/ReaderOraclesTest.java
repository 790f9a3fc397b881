package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import de.siegmar.fastcsv.reader.FieldMismatchStrategy;
import io.dbimport.FileType;
import io.dbimport.engine.FileRecord.Bad;
import io.dbimport.engine.FileRecord.Document;
import io.dbimport.engine.RecordReader.Place;
import io.dbimport.engine.RecordReader.UnreadableFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The readers against others that have the same rules: FastCSV and Jackson. */
final class ReaderOraclesTest {
  private static final int FILES = Boolean.getBoolean("full") ? 3_000_000 : 100_000;
  private static final int COLUMNS = 20;
  private static final String CSV_SIGNS = "ab,,\"\"\"\n\n\ré ";
  private static final String JSON_SIGNS = "{}[],,::\"\"\\'01eE.+-tfnu/* \nä";

  private static final JsonMapper JACKSON =
      JsonMapper.builder(
              JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** What JSON itself does not forbid. */
  private static final Set<ProblemKind> BEYOND_JSON =
      EnumSet.of(
          ProblemKind.NUL,
          ProblemKind.LONE_SURROGATE,
          ProblemKind.NOT_UTF_8,
          ProblemKind.NUMBER_TOO_LONG,
          ProblemKind.KEY_DOTS,
          ProblemKind.KEY_DOLLAR,
          ProblemKind.AMBIGUOUS_KEY,
          ProblemKind.BAD_DATE,
          ProblemKind.BAD_OID,
          ProblemKind.BAD_EXTENDED_JSON,
          ProblemKind.BAD_ID,
          ProblemKind.ID_TOO_LONG);

  private record Read(List<FileRecord> records, Optional<Problem> stop) {}

  @Test
  void csvIsCutIntoTheRowsAndCellsThatFastCsvFinds() throws IOException {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < FILES; i++) {
      String rows = text(random, CSV_SIGNS, random.nextInt(16));
      Read read = read(FileType.CSV, header() + rows);
      List<List<String>> expected = new ArrayList<>();
      boolean refused = false;
      try (CsvReader<CsvRecord> csv =
          CsvReader.builder()
              .extraFieldStrategy(FieldMismatchStrategy.IGNORE)
              .missingFieldStrategy(FieldMismatchStrategy.IGNORE)
              .ofCsvRecord(rows)) {
        csv.forEach(row -> expected.add(row.getFields()));
      } catch (CsvParseException notCsv) {
        refused = true;
      }
      String what = "seed " + seed + ": " + JACKSON.writeValueAsString(rows);
      // FastCSV closes by itself a quote that the file leaves open.
      boolean open =
          read.stop().filter(stop -> stop.kind() == ProblemKind.UNCLOSED_QUOTE).isPresent();
      if (!open) {
        assertThat(read.stop().isPresent()).as(what).isEqualTo(refused);
      }
      if (read.stop().isEmpty()) {
        assertThat(read.records().stream().map(ReaderOraclesTest::cells))
            .as(what)
            .containsExactlyElementsOf(expected);
      }
    }
  }

  private static String header() {
    StringBuilder header = new StringBuilder("c0");
    for (int i = 1; i < COLUMNS; i++) {
      header.append(",c").append(i);
    }
    return header.append('\n').toString();
  }

  private static List<String> cells(FileRecord record) {
    ObjectNode document = (ObjectNode) JACKSON.readTree(((Document) record).object().toString());
    document.remove("_id");
    return document.values().stream().map(JsonNode::stringValue).toList();
  }

  @Test
  void jsonIsTakenAndUnderstoodAsJacksonDoes() throws IOException {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    List<String> whole =
        List.of(
            "{\"_id\":\"a\",\"n\":[1,-2.5e3,{}],\"t\":\"x\\n\\u00e9é\",\"o\":{\"b\":true,\"c\":null}}",
            "{ \"x\" : 0 , \"y\" : [ ] , \"z\" : \"\" }",
            "{\"d\":{\"e\":[[\"\\\\\",\"\\\"\"]]},\"f\":false}");
    int taken = 0;
    for (int i = 0; i < FILES; i++) {
      StringBuilder mutated = new StringBuilder(whole.get(random.nextInt(whole.size())));
      for (int n = random.nextInt(3); n >= 0; n--) {
        int at = 1 + random.nextInt(mutated.length() - 1);
        mutated.replace(at, at + random.nextInt(2), text(random, JSON_SIGNS, random.nextInt(2)));
      }
      String file = mutated.toString();
      Read read = read(FileType.JSON, file);
      Optional<JsonNode> expected = jackson(file);
      taken += expected.isPresent() ? 1 : 0;
      checkJson("seed " + seed + ": " + file, read, expected);
    }
    assertThat(taken).isBetween(FILES / 20, FILES * 19 / 20);
  }

  private static void checkJson(String what, Read read, Optional<JsonNode> expected) {
    boolean single = read.records().size() == 1 && read.stop().isEmpty();
    if (expected.isPresent()) {
      assertThat(single).as(what).isTrue();
    }
    if (!single) {
      return;
    }
    switch (read.records().getFirst()) {
      case Document document -> {
        assertThat(expected).as(what).isPresent();
        assertThat(FileCase.same(expected.get(), document.object().toString())).as(what).isTrue();
      }
      case Bad(Problem problem) ->
          assertThat(expected.isEmpty() || BEYOND_JSON.contains(problem.kind()))
              .as("%s: %s", what, problem)
              .isTrue();
    }
  }

  private static Optional<JsonNode> jackson(String file) {
    try {
      return Optional.of(JACKSON.readTree(file)).filter(JsonNode::isObject);
    } catch (JacksonException notJson) {
      return Optional.empty();
    }
  }

  private static String text(Random random, String signs, int length) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append(signs.charAt(random.nextInt(signs.length())));
    }
    return text.toString();
  }

  private static Read read(FileType type, String text) throws IOException {
    byte[] file = text.getBytes(StandardCharsets.UTF_8);
    RecordReader reader =
        switch (type) {
          case JSON -> new JsonRecords(new ByteArrayInputStream(file), Place.START, new Random(1));
          case CSV ->
              new CsvRecords(
                  new ByteArrayInputStream(file), Place.START, CsvNumbers.NONE, new Random(1));
        };
    List<FileRecord> records = new ArrayList<>();
    try (reader) {
      for (Optional<FileRecord> next = reader.next(); next.isPresent(); next = reader.next()) {
        records.add(next.get());
      }
      return new Read(records, Optional.empty());
    } catch (UnreadableFile stopped) {
      return new Read(records, Optional.of(stopped.problem()));
    }
  }
}
