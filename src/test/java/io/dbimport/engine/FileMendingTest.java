package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.FileType;
import io.dbimport.engine.FileMending.Mend;
import io.dbimport.engine.FileRecord.Document;
import io.dbimport.engine.RecordReader.Place;
import io.dbimport.engine.RecordReader.UnreadableFile;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What mending does, and above all what it must not do. */
final class FileMendingTest {
  private static final int FILES = Boolean.getBoolean("full") ? 1_000_000 : 30_000;

  /** What a file holds, read to its end: its documents, and the problems that are of no record. */
  private record Found(List<String> documents, long bad, List<ProblemKind> stops) {}

  static Stream<FileCase> cases() throws IOException {
    return FileCase.all();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void everyDocumentIsStillThereAndMendingAgainChangesNone(FileCase file) throws IOException {
    checkKept(file.type(), file.numbers(), file.file(), file.toString());
  }

  @Test
  void noDocumentOfAnyFileIsLostOrChanged() throws IOException {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    String signs = "{}[],,,:\"\\1a \r\n";
    for (int i = 0; i < FILES; i++) {
      StringBuilder file =
          new StringBuilder(
              "[{\"_id\":\"a\",\"n\":[1,2,],},\r\n {\"_id\" : \"b c\"}\n,{\"_id\":\"d\",\"x\":{\"y\":-1}}]\n");
      for (int n = random.nextInt(4); n > 0; n--) {
        int at = random.nextInt(file.length());
        file.replace(
            at,
            at + random.nextInt(2),
            String.valueOf(signs.charAt(random.nextInt(signs.length()))));
      }
      byte[] bytes = file.toString().getBytes(StandardCharsets.UTF_8);
      checkKept(FileType.JSON, CsvNumbers.ALL, bytes, "seed " + seed + ": " + file);
    }
  }

  private static void checkKept(FileType type, CsvNumbers numbers, byte[] file, String what)
      throws IOException {
    ByteArrayOutputStream mended = new ByteArrayOutputStream();
    var _ = FileMending.copy(new ByteArrayInputStream(file), type, null, mended);
    Found before = found(type, numbers, file);
    Found after = found(type, numbers, mended.toByteArray());

    if (!before.documents().isEmpty()) {
      assertThat(after.documents()).as(what).containsSubsequence(before.documents());
    }
    if (before.bad() == 0) {
      // What is no record is copied as it stands, brackets included.
      assertThat(after.stops())
          .as(what)
          .doesNotContain(ProblemKind.ARRAY, ProblemKind.COMMA_BETWEEN_RECORDS);
      ByteArrayOutputStream again = new ByteArrayOutputStream();
      var _ = FileMending.copy(new ByteArrayInputStream(mended.toByteArray()), type, null, again);
      assertThat(found(type, numbers, again.toByteArray())).as(what).isEqualTo(after);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[1 2]          | not two words made one",
        "tru e          | nor a value of two halves",
        "\"x  y\"       | nor the blanks of a text",
        "\"a,}\"        | nor a comma in a text",
        "\"\\\",]\"     | nor one behind an escape",
      })
  void whatIsNoTrailingCommaStays(String value, String why) throws IOException {
    String file = "{\"_id\":\"a\",\"v\":" + value + "}\n";
    ByteArrayOutputStream out = new ByteArrayOutputStream();

    Map<Mend, Long> done =
        FileMending.copy(
            new ByteArrayInputStream(file.getBytes(StandardCharsets.UTF_8)),
            FileType.JSON,
            null,
            out);

    assertThat(out.toString(StandardCharsets.UTF_8)).as(why).isEqualTo(file);
    assertThat(done).as(why).isEmpty();
  }

  @Test
  void whatWasDoneIsCounted() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    String file = "{\"_id\":\"a\",},{\"_id\":\"b\",\"n\":[1,],}\n\n{\n \"_id\":\"c\"}";

    Map<Mend, Long> done =
        FileMending.copy(
            new ByteArrayInputStream(file.getBytes(StandardCharsets.UTF_8)),
            FileType.JSON,
            null,
            out);

    assertThat(out.toString(StandardCharsets.UTF_8))
        .isEqualTo("{\"_id\":\"a\"}\n{\"_id\":\"b\",\"n\":[1]}\n{\"_id\":\"c\"}\n");
    assertThat(done)
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(Mend.COMMAS_BETWEEN, 1L, Mend.TRAILING_COMMAS, 3L, Mend.ONE_LINE, 2L));
  }

  /** A made {@code _id} is not the document's own. */
  private static Found found(FileType type, CsvNumbers numbers, byte[] file) throws IOException {
    List<String> documents = new ArrayList<>();
    List<ProblemKind> stops = new ArrayList<>();
    long bad = 0;
    RecordReader reader =
        switch (type) {
          case JSON -> new JsonRecords(new ByteArrayInputStream(file), Place.START, new Random(1));
          case CSV ->
              new CsvRecords(new ByteArrayInputStream(file), Place.START, numbers, new Random(1));
        };
    boolean more = true;
    while (more) {
      try {
        Optional<FileRecord> next = reader.next();
        more = next.isPresent();
        if (more && next.get() instanceof Document document) {
          documents.add(
              document.idMade()
                  ? document.object().toString().replace(document.id(), "")
                  : document.object().toString());
        } else if (more) {
          bad++;
        }
      } catch (UnreadableFile unreadable) {
        more = unreadable.goesOn();
        stops.add(unreadable.problem().kind());
      }
    }
    return new Found(documents, bad, stops);
  }
}
