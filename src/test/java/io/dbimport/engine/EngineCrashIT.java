package io.dbimport.engine;

import static io.dbimport.engine.Workbench.COLLECTION;
import static io.dbimport.engine.Workbench.ENV;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.PostgresFixture;
import io.dbimport.fixtures.S3Fixture;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Two engines share a job, as processes that are killed at random: an INSERT without {@code _id},
 * so that a batch written twice would show. The system property {@code full} asks for more, and for
 * frozen ones besides: one that is frozen within a transaction holds its locks until it wakes, and
 * then the job stands.
 */
@ParameterizedClass
@EnumSource(EngineCrashIT.Place.class)
final class EngineCrashIT {
  private static final boolean FULL = Boolean.getBoolean("full");
  private static final int RECORDS = FULL ? 1_000_000 : 60_000;
  private static final int BLOWS = FULL ? 100 : 10;
  private static final int ENGINES = 2;

  /** Every so many records one is broken. */
  private static final int BROKEN = 97;

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir Path root;
  private final List<Process> engines = new ArrayList<>();
  private Workbench bench;

  /** Where the file lies. */
  enum Place {
    FOLDER,
    BUCKET
  }

  private final Place place;

  /** The storage's name, for the engines. */
  private String where = "";

  EngineCrashIT(Place place) {
    this.place = place;
  }

  @BeforeEach
  void open() throws IOException {
    where =
        switch (place) {
          case FOLDER -> root.toString();
          case BUCKET -> "s3://" + S3Fixture.freshBucket() + "/uploads";
        };
    Storage storage =
        switch (place) {
          case FOLDER -> FileStorage.open(root);
          case BUCKET -> S3Storage.open(S3Location.of(where, S3Fixture.endpoint()), _ -> {});
        };
    bench = new Workbench(PostgresFixture.freshDatabase(), storage);
  }

  @AfterEach
  void close() {
    engines.forEach(Process::destroyForcibly);
    bench.close();
  }

  private Process engine() throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                EngineProcess.class.getName(),
                bench.database.jdbcUrl(),
                bench.database.user(),
                where,
                ENV)
            .redirectErrorStream(true)
            .redirectOutput(Files.createTempFile(root, "engine-", ".log").toFile());
    builder.environment().put("PASSWORD", bench.database.password());
    if (where.startsWith("s3://")) {
      builder.environment().put("ENDPOINT", S3Fixture.endpoint().toString());
      builder.environment().put("AWS_ACCESS_KEY_ID", S3Fixture.KEY_ID);
      builder.environment().put("AWS_SECRET_ACCESS_KEY", S3Fixture.SECRET);
    }
    return builder.start();
  }

  private void signal(int engine, String signal) throws IOException, InterruptedException {
    String pid = Long.toString(engines.get(engine).pid());
    assertThat(new ProcessBuilder("kill", "-" + signal, pid).start().waitFor()).isZero();
  }

  private void kill(int engine) throws Exception {
    signal(engine, "KILL");
    engines.get(engine).waitFor();
    engines.set(engine, engine());
  }

  private long done(long job) throws Exception {
    return bench.number("select record_success + record_fail from dbimport.jobs where id = ?", job);
  }

  /** Waits until so many records are done; false when the job has ended before that. */
  private boolean awaitDone(long job, long records) throws Exception {
    Eventually.isTrue(
        records + " records of job " + job, PATIENCE, () -> done(job) >= records || ended(job));
    return !ended(job);
  }

  private boolean ended(long job) throws Exception {
    return bench.number(
            "select count(*) from dbimport.jobs where id = ? and status in ('success', 'fail')",
            job)
        == 1;
  }

  @Test
  void noDocumentIsLostOrDoubledWheneverAnEngineDiesOrHangs() throws Exception {
    long seed = new Random().nextLong(1_000_000);
    System.out.println("EngineCrashIT seed " + seed);
    Random random = new Random(seed);
    long began = System.nanoTime();
    List<Integer> broken = new ArrayList<>();
    Path file = root.resolve("records");
    try (BufferedWriter lines = Files.newBufferedWriter(file)) {
      for (int n = 1; n <= RECORDS; n++) {
        boolean bad = n % BROKEN == 0;
        lines.write(bad ? "{\"n\" %d}\n".formatted(n) : "{\"n\":%d}\n".formatted(n));
        if (bad) {
          broken.add(n);
        }
      }
    }
    PostgresEngine accepting = bench.engine();
    try (var in = Files.newInputStream(file)) {
      var _ = bench.files.store(ENV, "f", in);
    }
    accepting.close();
    long job = Workbench.submit(accepting, Workbench.insert(ENV, COLLECTION, "f"));
    for (int i = 0; i < ENGINES; i++) {
      engines.add(engine());
    }

    int kills = 0;
    int freezes = 0;
    for (int blow = 1; blow <= BLOWS; blow++) {
      long share = (long) RECORDS / (BLOWS + 1);
      if (!awaitDone(job, (blow - 1) * share + 1 + random.nextLong(share))) {
        break;
      }
      int which = random.nextInt(ENGINES);
      if (random.nextInt(4) == 0) {
        long before = done(job);
        signal(which, "STOP");
        boolean goesOn = awaitDone(job, before + 100);
        signal(which, "CONT");
        freezes++;
        assertThat(goesOn).as("the job outlasts the freeze").isTrue();
      } else {
        boolean both = random.nextBoolean();
        kill(which);
        if (both) {
          kill(1 - which);
        }
        kills += both ? 2 : 1;
      }
    }
    Eventually.isTrue("the end of the job", PATIENCE, () -> ended(job));

    JobState state = Workbench.state(accepting, ENV, job);
    assertThat(state.status()).as("%s", state).isEqualTo(JobStatus.SUCCESS);
    assertThat(state.recordSuccess()).isEqualTo(RECORDS - broken.size());
    assertThat(state.recordFail()).isEqualTo(broken.size());
    assertThat(bench.number("select count(*) from \"env-1\".things"))
        .isEqualTo(RECORDS - broken.size());
    assertThat(bench.number("select count(distinct doc->>'n') from \"env-1\".things"))
        .isEqualTo(RECORDS - broken.size());
    try (BufferedReader list =
        new BufferedReader(
            new InputStreamReader(bench.open(ENV, "f.errors.jsonl"), StandardCharsets.UTF_8))) {
      assertThat(list.lines().map(EngineCrashIT::line).toList()).isEqualTo(broken);
    }
    assertThat(kills + freezes).as("blows").isGreaterThanOrEqualTo(BLOWS);
    System.out.printf(
        "%d records from a %s in %d s; engines killed %d times, frozen %d times%n",
        RECORDS, place, Duration.ofNanos(System.nanoTime() - began).toSeconds(), kills, freezes);
  }

  private static int line(String failure) {
    return Integer.parseInt(failure.replaceFirst("^\\{\"line\":(\\d+),.*$", "$1"));
  }
}
