package io.dbimport.engine;

import static io.dbimport.engine.Workbench.COLLECTION;
import static io.dbimport.engine.Workbench.ENV;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.PostgresFixture;
import io.dbimport.fixtures.PostgresFixture.Database;
import io.dbimport.fixtures.TcpGate;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whatever breaks while a job runs, it goes on where it stopped. The files are INSERTs without
 * {@code _id}, so that a batch written twice would show.
 */
final class InterruptedImportTest {
  private static final int RECORDS = 3000;
  private static final int SOME_BLOCKS = 20;

  @TempDir Path root;
  private Workbench bench;
  private MeteringStorage storage;
  private TcpGate gate;

  @BeforeEach
  void open() throws Exception {
    bench = new Workbench(PostgresFixture.freshDatabase(), root);
    storage = new MeteringStorage(bench.files, SOME_BLOCKS);
    gate = TcpGate.to(bench.database.host(), bench.database.port());
  }

  @AfterEach
  void close() throws Exception {
    storage.allowAll();
    gate.open();
    bench.close();
    gate.close();
  }

  private static EngineSettings claimsFor(Duration claimFor) {
    return new EngineSettings(
        List.of(ENV), 4, 2, 50, claimFor, Duration.ofMillis(50), CsvNumbers.ALL, OnUpsert.REPLACE);
  }

  private long begin(PostgresEngine engine, FileType type) throws Exception {
    bench.put(ENV, "f", type == FileType.JSON ? Workbench.lines(RECORDS) : Workbench.rows(RECORDS));
    long job =
        Workbench.submit(
            engine, new ImportParameters(ENV, COLLECTION, "f", type, false, ConflictMode.INSERT));
    var _ =
        Eventually.see(
            "the job waits in the middle",
            () -> Workbench.state(engine, ENV, job),
            state -> state.recordSuccess() > 0 && storage.waiting() == 1);
    return job;
  }

  /** The whole balance: every record once, and counted once. */
  private void assertExact(JobState state) throws SQLException {
    assertThat(state).isEqualTo(new JobState(JobStatus.SUCCESS, RECORDS, 0, "import finished"));
    assertThat(bench.number("select count(*) from \"env-1\".things")).isEqualTo(RECORDS);
    assertThat(bench.number("select count(distinct doc->>'n') from \"env-1\".things"))
        .isEqualTo(RECORDS);
    assertThat(bench.number("select max((doc->>'n')::int) from \"env-1\".things"))
        .isEqualTo(RECORDS - 1);
    assertThat(
            bench.number(
                "select count(*) from dbimport.jobs where claim is not null or claimed_until is not"
                    + " null"))
        .isZero();
  }

  @ParameterizedTest
  @EnumSource(FileType.class)
  void aJobOfAClosedEngineIsFinishedByTheNext(FileType type) throws Exception {
    PostgresEngine first = bench.engine(bench.database, storage, claimsFor(Duration.ofMinutes(5)));
    long job = begin(first, type);
    Thread closing = Thread.startVirtualThread(first::close);
    Eventually.isTrue(
        "the engine closes between two batches",
        () -> {
          storage.allow(1);
          return !closing.isAlive();
        });
    long before = bench.number("select record_success from dbimport.jobs where id = ?", job);
    storage.allowAll();

    PostgresEngine second = bench.engine();
    JobState state = Workbench.end(second, ENV, job);

    assertThat(before).isBetween(50L, RECORDS - 50L);
    assertExact(state);
  }

  @ParameterizedTest
  @EnumSource(FileType.class)
  void aJobOfAnEngineThatVanishedIsTakenOverWhenItsClaimRunsOut(FileType type) throws Exception {
    PostgresEngine first =
        bench.engine(bench.database.behind(gate.port()), storage, claimsFor(Duration.ofSeconds(1)));
    long job = begin(first, type);
    gate.shut();

    PostgresEngine second = bench.engine();
    JobState state = Workbench.end(second, ENV, job);

    assertExact(state);
  }

  @ParameterizedTest
  @EnumSource(FileType.class)
  void aFileReplacedWhileItsJobIsInterruptedIsNotMixedWithIt(FileType type) throws Exception {
    PostgresEngine first =
        bench.engine(bench.database.behind(gate.port()), storage, claimsFor(Duration.ofSeconds(1)));
    long job = begin(first, type);
    gate.shut();
    long before = bench.number("select count(*) from \"env-1\".things");
    bench.put(ENV, "f", Workbench.lines(RECORDS));

    JobState state = Workbench.end(bench.engine(), ENV, job);

    assertThat(state.status()).isEqualTo(JobStatus.FAIL);
    assertThat(state.recordSuccess()).isEqualTo(before);
    assertThat(state.errorMsg())
        .isEqualTo(
            "the file f was replaced after the job was accepted; nothing of the new one is"
                + " imported");
    assertThat(bench.number("select count(*) from \"env-1\".things")).isEqualTo(before);
  }

  @Test
  void aFileReplacedWhileItIsReadIsReadToItsOldEnd() throws Exception {
    PostgresEngine engine =
        bench.engine(bench.database, storage, claimsFor(Duration.ofSeconds(20)));
    long job = begin(engine, FileType.JSON);
    bench.put(ENV, "f", "{\"n\":\"another\"}\n");
    storage.allowAll();

    assertExact(Workbench.end(engine, ENV, job));
  }

  @Test
  void aFileReplacedBeforeItsJobBeginsIsNotImportedForIt() throws Exception {
    PostgresEngine engine =
        bench.engine(bench.database, storage, claimsFor(Duration.ofSeconds(20)));
    begin(engine, FileType.JSON);
    bench.put(ENV, "next", "{\"n\":-1}\n");
    long waiting = Workbench.submit(engine, Workbench.insert(ENV, COLLECTION, "next"));
    bench.put(ENV, "next", "{\"n\":-2}\n");
    long newer = Workbench.submit(engine, Workbench.insert(ENV, COLLECTION, "next"));
    storage.allowAll();

    assertThat(Workbench.end(engine, ENV, waiting).status()).isEqualTo(JobStatus.FAIL);
    assertThat(Workbench.end(engine, ENV, newer).recordSuccess()).isOne();
    assertThat(bench.number("select min((doc->>'n')::int) from \"env-1\".things")).isEqualTo(-2);
  }

  /** The database's own error for a full disk, raised where the disk would be met. */
  @ParameterizedTest
  @EnumSource(ConflictMode.class)
  void aJobWaitsWhileTheDatabaseHasNoRoomAndGoesOnAfterwards(ConflictMode mode) throws Exception {
    PostgresEngine engine = bench.engine();
    try (Connection connection = bench.database.connect();
        Statement statement = connection.createStatement()) {
      statement.execute("create table room (free int)");
      statement.execute("insert into room values (100)");
      statement.execute(
          """
          create function need_room() returns trigger language plpgsql as $$ begin
            if (new.doc->>'n')::int >= (select free from public.room) then
              raise exception 'could not extend file: No space left on device'
                using errcode = '53100';
            end if;
            return new;
          end $$\
          """);
      statement.execute(
          "create trigger need_room before insert on \"env-1\".things for each row execute function"
              + " need_room()");
      bench.put(ENV, "f", Workbench.lines(RECORDS));
      long job =
          Workbench.submit(
              engine, new ImportParameters(ENV, COLLECTION, "f", FileType.JSON, false, mode));
      var _ =
          Eventually.see(
              "the job waits",
              () -> Workbench.state(engine, ENV, job),
              state -> state.recordSuccess() == 100);
      assertThat(bench.number("select count(*) from \"env-1\".things")).isEqualTo(100);
      statement.execute("update room set free = " + RECORDS);

      assertExact(Workbench.end(engine, ENV, job));
    }
  }

  @Test
  void whatAFrozenEngineWroteInItsTransactionIsTakenBackWhenItsJobIsTakenOver() throws Exception {
    PostgresEngine accepting = bench.engine();
    accepting.close();
    bench.put(ENV, "f", "{\"_id\":\"a\"}\n{\"_id\":\"b\"}\n");
    long job = Workbench.submit(accepting, Workbench.insert(ENV, COLLECTION, "f"));
    try (Connection frozen = bench.database.connect();
        Statement statement = frozen.createStatement()) {
      statement.execute(
          "update dbimport.jobs set claim = 'lost', claimed_until = now() - interval '1 second'");
      frozen.setAutoCommit(false);
      statement.execute("select set_config('application_name', 'lost', true)");
      statement.execute("insert into \"env-1\".things values ('a', '{}')");

      JobState state = Workbench.end(bench.engine(), ENV, job);

      assertThat(state).isEqualTo(new JobState(JobStatus.SUCCESS, 2, 0, "import finished"));
      assertThatThrownBy(frozen::commit).isInstanceOf(SQLException.class);
    }
  }

  @Test
  void aConnectionThatIsSilentWithinATransactionIsEndedByTheDatabase() throws Exception {
    try (HikariDataSource pool =
            ConnectionPool.open(
                bench.database.jdbcUrl(), bench.database.user(), bench.database.password(), 1);
        Connection connection = pool.getConnection();
        Statement statement = connection.createStatement();
        ResultSet shown = statement.executeQuery("show idle_in_transaction_session_timeout")) {
      assertThat(shown.next()).isTrue();
      assertThat(shown.getString(1)).isEqualTo("10s");
    }
  }

  @Test
  void anEngineThatWakesAfterItsJobWasTakenOverWritesNothing() throws Exception {
    PostgresEngine sleeping =
        bench.engine(bench.database, storage, claimsFor(Duration.ofMillis(300)));
    long job = begin(sleeping, FileType.JSON);
    PostgresEngine second = bench.engine();
    JobState state = Workbench.end(second, ENV, job);

    storage.allowAll();
    Eventually.isTrue("the old reader is closed", () -> storage.openNow() == 0);

    assertExact(state);
    assertExact(Workbench.state(second, ENV, job));
  }

  @Test
  void aJobGoesOnAfterTheDatabaseEndedItsConnections() throws Exception {
    PostgresEngine engine =
        bench.engine(bench.database, storage, claimsFor(Duration.ofSeconds(20)));
    long job = begin(engine, FileType.JSON);
    for (int i = 0; i < 4; i++) {
      long ended =
          bench.number(
              """
              select count(pg_terminate_backend(pid)) from pg_stat_activity
              where datname = current_database() and pid <> pg_backend_pid()\
              """);
      assertThat(ended).isPositive();
      long before = bench.number("select count(*) from \"env-1\".things");
      Eventually.isTrue(
          "the job goes on",
          () -> {
            storage.allow(1);
            return bench.number("select count(*) from \"env-1\".things") > before;
          });
    }
    storage.allowAll();

    assertExact(Workbench.end(engine, ENV, job));
  }

  @Test
  void aJobGoesOnAfterTheNetworkWasAway() throws Exception {
    PostgresEngine engine =
        bench.engine(bench.database.behind(gate.port()), storage, claimsFor(Duration.ofSeconds(1)));
    long job = begin(engine, FileType.JSON);
    gate.shut();
    storage.allowAll();
    Eventually.isTrue("the reader is closed", () -> storage.openNow() == 0);
    gate.open();

    assertExact(Workbench.end(engine, ENV, job));
  }

  @Test
  void aJobGoesOnAfterTheDatabaseWasStoppedAndStarted(@TempDir Path data) throws Exception {
    EmbeddedPostgres.Builder builder =
        EmbeddedPostgres.builder().setDataDirectory(data).setCleanDataDirectory(false);
    EmbeddedPostgres postgres = builder.start();
    int port = postgres.getPort();
    Database database = new Database("postgres", "127.0.0.1", port, "postgres", "postgres");
    try (Workbench own = new Workbench(database, root.resolve("own"))) {
      MeteringStorage metered = new MeteringStorage(own.files, SOME_BLOCKS);
      PostgresEngine engine = own.engine(database, metered, claimsFor(Duration.ofSeconds(1)));
      own.put(ENV, "f", Workbench.lines(RECORDS));
      long job = Workbench.submit(engine, Workbench.insert(ENV, COLLECTION, "f"));
      Eventually.isTrue(
          "the job waits in the middle",
          () -> Workbench.state(engine, ENV, job).recordSuccess() > 0 && metered.waiting() == 1);

      postgres.close();
      metered.allowAll();
      Eventually.isTrue("the reader is closed", () -> metered.openNow() == 0);
      postgres = builder.setPort(port).start();
      assertThat(Workbench.end(engine, ENV, job))
          .isEqualTo(new JobState(JobStatus.SUCCESS, RECORDS, 0, "import finished"));
      assertThat(own.number("select count(distinct doc->>'n') from \"env-1\".things"))
          .isEqualTo(RECORDS);
      assertThat(own.documents()).hasSize(RECORDS);
    } finally {
      postgres.close();
    }
  }
}
