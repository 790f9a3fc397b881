package io.dbimport.engine;

import static io.dbimport.engine.Workbench.COLLECTION;
import static io.dbimport.engine.Workbench.ENV;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ConflictMode;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.PostgresFixture;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Whatever a job refuses is in the list beside its file, each record once, whatever breaks. */
final class FailureListTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int RECORDS = 1000;

  /** Claims that run out soon. */
  private static final EngineSettings BRIEFLY =
      new EngineSettings(
          List.of(ENV),
          4,
          2,
          50,
          Duration.ofMillis(300),
          Duration.ofMillis(50),
          CsvNumbers.ALL,
          OnUpsert.REPLACE);

  @TempDir Path root;
  private Workbench bench;

  @BeforeEach
  void open() throws Exception {
    bench = new Workbench(PostgresFixture.freshDatabase(), root);
  }

  @AfterEach
  void close() {
    bench.close();
  }

  private List<JsonNode> list(String path) throws IOException {
    try (InputStream in = bench.open(ENV, path)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .map(JSON::readTree)
          .toList();
    }
  }

  /** Every third record is broken, and every fifth has an id that is there. */
  private static String file() {
    StringBuilder file = new StringBuilder("{\"_id\":\"taken\"}\n");
    for (int line = 2; line <= RECORDS; line++) {
      file.append(
          line % 3 == 0
              ? "{\"n\" 1}\n"
              : line % 5 == 0 ? "{\"_id\":\"taken\"}\n" : "{\"n\":%d}\n".formatted(line));
    }
    return file.toString();
  }

  private void assertWhole(JobState state) throws IOException {
    List<JsonNode> list = list("f.errors.jsonl");
    assertThat(list)
        .extracting(failure -> failure.get("line").intValue())
        .containsExactlyElementsOf(
            IntStream.rangeClosed(2, RECORDS)
                .filter(line -> line % 3 == 0 || line % 5 == 0)
                .boxed()
                .toList());
    assertThat(list)
        .allSatisfy(failure -> {
          boolean broken = failure.get("line").intValue() % 3 == 0;
          assertThat(failure.get("kind").asString())
              .isEqualTo(broken ? "missing-colon" : "id-taken");
          assertThat(failure.get("column").intValue()).isEqualTo(broken ? 6 : 1);
          assertThat(failure.get("what").asString()).isNotEmpty();
          assertThat(failure.get("advice").asString()).isNotEmpty();
        });
    assertThat(state.status()).isEqualTo(JobStatus.SUCCESS);
    assertThat(state.recordFail()).isEqualTo(list.size());
    assertThat(state.recordSuccess()).isEqualTo(RECORDS - list.size());
    assertThat(state.errorMsg())
        .contains(list.size() + " of 1000 records failed")
        .contains("line 3, column 6")
        .endsWith("all of them: f.errors.jsonl");
  }

  @Test
  void everyRecordThatWasRefusedIsInTheList() throws Exception {
    PostgresEngine engine = bench.engine();
    bench.put(ENV, "f", file());
    long job = Workbench.submit(engine, Workbench.insert(ENV, COLLECTION, "f"));

    assertWhole(Workbench.end(engine, ENV, job));
    assertThat(engine.failureList(ENV, job)).contains("f.errors.jsonl");
    assertThat(engine.failureList("other", job)).isEmpty();
    assertThat(bench.number("select count(*) from dbimport.failures")).isZero();
  }

  @Test
  void aJobWithoutFailuresHasNoList() throws Exception {
    PostgresEngine engine = bench.engine();
    bench.put(ENV, "f", "{}\n");
    long job = Workbench.submit(engine, Workbench.insert(ENV, COLLECTION, "f"));

    assertThat(Workbench.end(engine, ENV, job))
        .isEqualTo(new JobState(JobStatus.SUCCESS, 1, 0, "import finished"));
    assertThat(engine.failureList(ENV, job)).isEmpty();
    assertThat(bench.files.exists(ENV, "f.errors.jsonl")).isFalse();
  }

  @Test
  void whereTheFileCannotBeReadOnIsTheLastLine() throws Exception {
    PostgresEngine engine = bench.engine();
    JobState state =
        bench.run(
            engine,
            Workbench.json("f", false, ConflictMode.INSERT),
            "{\"n\":1}\n{\"n\" 2}\n{\"n\":3}\n[1]\n");

    assertThat(state.status()).isEqualTo(JobStatus.FAIL);
    assertThat(list("f.errors.jsonl"))
        .extracting(failure -> failure.get("line").intValue())
        .as("%s", state)
        .endsWith(4)
        .startsWith(2);
  }

  @Test
  void theErrorThatStoppedAJobIsInTheList() throws Exception {
    PostgresEngine engine = bench.engine();
    JobState state =
        bench.run(
            engine,
            Workbench.json("f", true, ConflictMode.INSERT),
            "{\"n\":1}\n{\"n\" 2}\n{\"n\" 3}\n");

    assertThat(state.status()).isEqualTo(JobStatus.FAIL);
    assertThat(state.errorMsg()).startsWith("stopped at the first error");
    assertThat(list("f.errors.jsonl")).hasSize(1);
  }

  @Test
  void aStorageThatDoesNotTakeTheListKeepsNoJobOpen() throws Exception {
    Storage full =
        new MeteringStorage(bench.files, 1_000_000) {
          @Override
          public long store(String env, String path, InputStream body) throws IOException {
            throw new IOException("No space left on device: /secret/place");
          }
        };
    PostgresEngine engine = bench.engine(bench.database, full, Workbench.settings(ENV));
    bench.put(ENV, "f", file());
    long job = Workbench.submit(engine, Workbench.insert(ENV, COLLECTION, "f"));

    JobState state = Workbench.end(engine, ENV, job);
    assertThat(state.status()).isEqualTo(JobStatus.SUCCESS);
    assertThat(state.errorMsg())
        .endsWith("the whole list could not be written to f.errors.jsonl")
        .doesNotContain("secret");
    assertThat(engine.failureList(ENV, job)).isEmpty();
  }

  /** Holds what is stored back; an engine that closes interrupts it. */
  private static final class HoldingStorage extends MeteringStorage {
    final CountDownLatch begun = new CountDownLatch(1);
    final CountDownLatch held = new CountDownLatch(1);

    HoldingStorage(Storage behind) {
      super(behind, 1_000_000);
    }

    @Override
    public long store(String env, String path, InputStream body) throws IOException {
      begun.countDown();
      try {
        held.await();
      } catch (InterruptedException stopped) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException();
      }
      return super.store(env, path, body);
    }
  }

  @Test
  void anEngineThatLostItsJobAddsNothingToItsList() throws Exception {
    MeteringStorage slow = new MeteringStorage(bench.files, 0);
    PostgresEngine hanging = bench.engine(bench.database, slow, BRIEFLY);
    bench.put(ENV, "f", "[1]");
    long job = Workbench.submit(hanging, Workbench.insert(ENV, COLLECTION, "f"));
    Eventually.isTrue("it hangs in reading", () -> slow.waiting() == 1);

    assertThat(Workbench.end(bench.engine(), ENV, job).status()).isEqualTo(JobStatus.FAIL);
    slow.allowAll();
    hanging.close();

    assertThat(bench.number("select count(*) from dbimport.failures")).isZero();
    assertThat(list("f.errors.jsonl")).hasSize(1);
  }

  @Test
  void theListIsWrittenByTheNextEngineWhenOneHangsOverIt() throws Exception {
    HoldingStorage holding = new HoldingStorage(bench.files);
    PostgresEngine hanging = bench.engine(bench.database, holding, BRIEFLY);
    bench.put(ENV, "f", file());
    long job = Workbench.submit(hanging, Workbench.insert(ENV, COLLECTION, "f"));
    holding.begun.await();
    assertThat(Workbench.state(hanging, ENV, job).status()).isEqualTo(JobStatus.MIGRATING);

    PostgresEngine other = bench.engine();
    assertWhole(Workbench.end(other, ENV, job));
    holding.held.countDown();
    Eventually.isTrue(
        "the first engine is free again", () -> hanging.failureList(ENV, job).isPresent());
    assertWhole(Workbench.state(other, ENV, job));
  }
}
