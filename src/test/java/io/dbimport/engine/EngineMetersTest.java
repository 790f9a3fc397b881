package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.dbimport.JobStatus;
import io.dbimport.engine.Job.Progress;
import io.dbimport.engine.RecordReader.Place;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.PostgresFixture;
import io.dbimport.fixtures.PostgresFixture.Database;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The engine's meters tell what is in the database, and cost a scrape next to nothing. */
final class EngineMetersTest {
  private final MeterRegistry registry = new SimpleMeterRegistry();

  @Test
  void everyStateHasAGaugeAndTheDatabaseIsReadOnceForAllOfThem() {
    AtomicInteger reads = new AtomicInteger();
    EngineMeters.in(
        registry,
        () -> {
          reads.incrementAndGet();
          return Map.of(JobStatus.WAITING, 3L, JobStatus.SUCCESS, 7L);
        });

    assertThat(jobs("waiting")).isEqualTo(3);
    assertThat(jobs("reading")).isZero();
    assertThat(jobs("writing")).isZero();
    assertThat(jobs("migrating")).isZero();
    assertThat(jobs("success")).isEqualTo(7);
    assertThat(jobs("fail")).isZero();
    assertThat(reads).hasValue(1);
  }

  @Test
  void aDatabaseWithoutJobsHasNoneInEveryState() {
    EngineMeters.in(registry, Map::of);

    assertThat(jobs("waiting")).isZero();
    assertThat(jobs("fail")).isZero();
  }

  @Test
  void aSilentDatabaseDelaysAScrapeByAMomentAndAnAbsentOneNotAtAll() throws Exception {
    CountDownLatch answers = new CountDownLatch(1);
    EngineMeters.in(
        registry,
        () -> {
          try {
            answers.await();
          } catch (InterruptedException stopped) {
            throw new SQLException(stopped);
          }
          return Map.of(JobStatus.FAIL, 1L);
        });
    long began = System.nanoTime();

    for (JobStatus status : JobStatus.values()) {
      assertThat(jobs(status.tag())).isNaN();
    }

    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(3));
    answers.countDown();
    Eventually.isTrue("the late answer is taken", () -> jobs("fail") == 1);
  }

  @Test
  void theJobsAreNotANumberWhileTheDatabaseIsAway() {
    EngineMeters.in(
        registry,
        () -> {
          throw new SQLException("away");
        });

    assertThat(jobs("waiting")).isNaN();
  }

  @Test
  void recordsAreCountedByBatch() {
    EngineMeters meters = EngineMeters.in(registry, Map::of);

    meters.committed(Progress.START, new Progress(Place.START, 5, 2, ""));
    meters.committed(new Progress(Place.START, 5, 2, ""), new Progress(Place.START, 9, 2, ""));

    assertThat(records("success")).isEqualTo(9);
    assertThat(records("fail")).isEqualTo(2);
  }

  @Test
  void aRealImportMovesThemAll(@TempDir Path root) throws Exception {
    Database database = PostgresFixture.freshDatabase();
    try (Workbench bench = new Workbench(database, root);
        HikariDataSource pool =
            ConnectionPool.open(database.jdbcUrl(), database.user(), database.password(), 8);
        PostgresEngine engine =
            PostgresEngine.open(pool, bench.files, Workbench.settings(Workbench.ENV), registry)) {
      engine.createCollection(Workbench.ENV, Workbench.COLLECTION);

      bench.run(
          engine,
          Workbench.insert(Workbench.ENV, Workbench.COLLECTION, "f"),
          Workbench.lines(120) + "{broken}\n");

      Eventually.isTrue("the job is counted", () -> jobs("success") == 1);
      assertThat(records("success")).isEqualTo(120);
      assertThat(records("fail")).isEqualTo(1);
    }
  }

  private double jobs(String state) {
    return registry.get("dbimport.jobs").tag("state", state).gauge().value();
  }

  private double records(String result) {
    return registry.get("dbimport.records").tag("result", result).counter().count();
  }
}
