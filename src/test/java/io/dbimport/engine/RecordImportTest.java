package io.dbimport.engine;

import static io.dbimport.engine.Workbench.ENV;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ConflictMode;
import io.dbimport.ImportParameters;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.fixtures.PostgresFixture;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** The formats' cases again, through the real import and back out of the table. */
final class RecordImportTest {
  @TempDir static Path root;

  /** A database and an engine for each of the settings: engines run each other's jobs. */
  private static final Map<CsvNumbers, Workbench> BENCHES = new EnumMap<>(CsvNumbers.class);

  private static final Map<CsvNumbers, PostgresEngine> ENGINES = new EnumMap<>(CsvNumbers.class);

  @BeforeAll
  static void open() throws Exception {
    for (CsvNumbers numbers : CsvNumbers.values()) {
      Workbench bench =
          new Workbench(PostgresFixture.freshDatabase(), root.resolve(numbers.toString()));
      BENCHES.put(numbers, bench);
      ENGINES.put(
          numbers, bench.engine(bench.database, bench.files, Workbench.settings(numbers, ENV)));
    }
  }

  @AfterAll
  static void close() {
    BENCHES.values().forEach(Workbench::close);
  }

  static Stream<FileCase> cases() throws IOException {
    return FileCase.all();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theTableHoldsTheDocumentsOfAFileAndTheJobTellsTheRest(FileCase expected) throws Exception {
    PostgresEngine engine = Objects.requireNonNull(ENGINES.get(expected.numbers()));
    Workbench bench = Objects.requireNonNull(BENCHES.get(expected.numbers()));
    String collection = expected.toString();
    assertThat(engine.createCollection(ENV, collection)).isEqualTo(Engine.CollectionReply.DONE);
    bench.put(ENV, collection, expected.file());

    JobState state =
        Workbench.end(
            engine,
            ENV,
            Workbench.submit(
                engine,
                new ImportParameters(
                    ENV, collection, collection, expected.type(), false, ConflictMode.INSERT)));

    List<JsonNode> missing = new ArrayList<>(expected.documents());
    for (String document : bench.documents(ENV, collection).values()) {
      assertThat(missing.removeIf(one -> FileCase.same(one, document)) || hasTwins(expected))
          .as("%s is expected", document)
          .isTrue();
    }
    assertThat(missing).isEmpty();
    assertThat(bench.documents(ENV, collection)).hasSameSizeAs(expected.documents());
    assertThat(state.recordSuccess()).isEqualTo(expected.documents().size());
    assertThat(state.recordFail()).isEqualTo(expected.bad() + expected.conflicts().size());
    boolean nothing = expected.documents().isEmpty() && state.recordFail() > 0;
    assertThat(state.status())
        .isEqualTo(nothing || expected.stop() ? JobStatus.FAIL : JobStatus.SUCCESS);
    told(expected).forEach(place -> assertThat(state.errorMsg()).contains(place));
  }

  /** The places that the job's text names: where it stopped, and the first few records. */
  private static Stream<String> told(FileCase expected) {
    Stream<String> bad =
        Stream.concat(
                expected.problems().stream().limit(expected.bad()).map(FileCase.Expected::place),
                expected.conflicts().stream())
            .limit(Job.Progress.FAILURES_TOLD);
    Stream<String> stop =
        expected.stop() ? Stream.of(expected.problems().getLast().place()) : Stream.empty();
    return Stream.concat(bad, stop).map(place -> "line " + place.replace(":", ", column ") + ": ");
  }

  /** Documents that differ by their generated ids alone. */
  private static boolean hasTwins(FileCase expected) {
    return expected.documents().stream().distinct().count() < expected.documents().size();
  }
}
