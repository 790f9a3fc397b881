package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.fixtures.PostgresFixture;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
  private static Workbench bench;
  private static PostgresEngine engine;

  @BeforeAll
  static void open() throws Exception {
    bench = new Workbench(PostgresFixture.freshDatabase(), root);
    engine = bench.engine();
  }

  @AfterAll
  static void close() throws Exception {
    bench.close();
  }

  static Stream<RecordCase> jsonCases() throws IOException {
    return RecordCase.read("records-json.json");
  }

  static Stream<RecordCase> csvCases() throws IOException {
    return RecordCase.read("records-csv.json");
  }

  @ParameterizedTest
  @MethodSource("jsonCases")
  void theTableHoldsTheDocumentsOfAJsonFileAndTheJobCountsTheRest(RecordCase expected)
      throws Exception {
    check(expected, FileType.JSON);
  }

  @ParameterizedTest
  @MethodSource("csvCases")
  void theTableHoldsTheDocumentsOfACsvFileAndTheJobCountsTheRest(RecordCase expected)
      throws Exception {
    check(expected, FileType.CSV);
  }

  private static void check(RecordCase expected, FileType type) throws Exception {
    String collection = type + " " + expected.id();
    assertThat(engine.createCollection(Workbench.ENV, collection))
        .isEqualTo(Engine.CollectionReply.DONE);
    bench.put(Workbench.ENV, collection, expected.file());

    JobState state =
        Workbench.end(
            engine,
            Workbench.ENV,
            Workbench.submit(
                engine,
                new ImportParameters(
                    Workbench.ENV, collection, collection, type, false, ConflictMode.INSERT)));

    List<JsonNode> missing = new ArrayList<>(expected.documents());
    for (String document : bench.documents(Workbench.ENV, collection).values()) {
      assertThat(missing.removeIf(one -> RecordCase.same(one, document)) || hasTwins(expected))
          .as("%s is expected", document)
          .isTrue();
    }
    assertThat(missing).isEmpty();
    assertThat(bench.documents(Workbench.ENV, collection)).hasSameSizeAs(expected.documents());
    assertThat(state.recordSuccess()).isEqualTo(expected.documents().size());
    assertThat(state.recordFail()).isEqualTo(expected.bad().size());
    boolean nothing = expected.documents().isEmpty() && !expected.bad().isEmpty();
    assertThat(state.status())
        .isEqualTo(
            nothing || !expected.unreadable().isEmpty() ? JobStatus.FAIL : JobStatus.SUCCESS);
    assertThat(state.errorMsg()).contains(expected.unreadable());
    expected.bad().stream()
        .limit(Job.Progress.FAILURES_TOLD)
        .forEach(bad -> assertThat(state.errorMsg()).contains("line " + bad.line() + ": "));
  }

  /** Documents that differ by their generated ids alone. */
  private static boolean hasTwins(RecordCase expected) {
    return expected.documents().stream().distinct().count() < expected.documents().size();
  }
}
