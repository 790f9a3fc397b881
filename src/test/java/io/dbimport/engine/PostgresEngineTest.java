package io.dbimport.engine;

import static io.dbimport.engine.Workbench.COLLECTION;
import static io.dbimport.engine.Workbench.ENV;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.JobReply;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.Reply;
import io.dbimport.engine.Engine.CollectionReply;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.PostgresFixture;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What an import does to a real database while nothing breaks. */
final class PostgresEngineTest {
  @TempDir Path root;
  private Workbench bench;

  @BeforeEach
  void open() throws Exception {
    bench = new Workbench(PostgresFixture.freshDatabase(), root);
  }

  @AfterEach
  void close() throws Exception {
    bench.close();
  }

  @Test
  void insertCountsConflictsInTheFileAndWithWhatIsStored() throws Exception {
    PostgresEngine engine = bench.engine();
    var parameters = Workbench.json("f", false, ConflictMode.INSERT);
    bench.run(engine, parameters, "{\"_id\":\"a\",\"v\":1}\n{\"_id\":\"b\",\"v\":1}\n");

    JobState state =
        bench.run(
            engine,
            parameters,
            """
            {"_id":"c","v":2}
            {"_id":"a","v":2}
            {"_id":"c","v":3}
            {"_id":"d"}
            """);

    assertThat(state.recordSuccess()).isEqualTo(2);
    assertThat(state.recordFail()).isEqualTo(2);
    assertThat(state.status()).isEqualTo(JobStatus.SUCCESS);
    assertThat(state.errorMsg())
        .contains("2 of 4 records failed")
        .contains("line 2, column 1: _id a is there already")
        .contains("line 3, column 1: _id c is there already");
    assertThat(bench.documents())
        .containsExactly(
            Map.entry("a", "{\"v\": 1, \"_id\": \"a\"}"),
            Map.entry("b", "{\"v\": 1, \"_id\": \"b\"}"),
            Map.entry("c", "{\"v\": 2, \"_id\": \"c\"}"),
            Map.entry("d", "{\"_id\": \"d\"}"));
  }

  @Test
  void anEngineStartsOverATableOfAnEarlierVersionAndWhileATransactionHangs() throws Exception {
    bench.engine().close();
    try (Connection hanging = bench.database.connect();
        Statement statement = hanging.createStatement()) {
      statement.execute("alter table dbimport.jobs drop column line_column");
      bench.engine().close();

      hanging.setAutoCommit(false);
      statement.execute("update dbimport.jobs set line = line");
      PostgresEngine engine = bench.engine();

      assertThat(
              bench
                  .run(engine, Workbench.json("f", false, ConflictMode.INSERT), "{}{}{x}")
                  .errorMsg())
          .contains("line 1, column 6: ");
    }
  }

  @Test
  void conflictsBetweenBatchesOfOneFileAreCountedToo() throws Exception {
    PostgresEngine engine = bench.engine();
    StringBuilder file = new StringBuilder();
    for (int i = 0; i < 500; i++) {
      file.append("{\"_id\":\"%d\",\"n\":%d}\n".formatted(i % 120, i));
    }

    JobState state =
        bench.run(engine, Workbench.json("f", false, ConflictMode.INSERT), file.toString());

    assertThat(state.recordSuccess()).isEqualTo(120);
    assertThat(state.recordFail()).isEqualTo(380);
    assertThat(bench.documents()).hasSize(120);
    assertThat(bench.number("select max((doc->>'n')::int) from \"env-1\".things")).isEqualTo(119);
  }

  @Test
  void upsertReplacesWholeDocumentsAndTheLastOfTheFileWins() throws Exception {
    PostgresEngine engine = bench.engine();
    var parameters = Workbench.json("f", false, ConflictMode.UPSERT);
    bench.run(
        engine, parameters, "{\"_id\":\"a\",\"v\":1,\"old\":true}\n{\"_id\":\"b\",\"v\":1}\n");

    JobState state =
        bench.run(
            engine,
            parameters,
            "{\"_id\":\"a\",\"v\":2}\n{\"_id\":\"c\",\"v\":2}\n{\"_id\":\"a\",\"v\":3}\n");

    assertThat(state).isEqualTo(new JobState(JobStatus.SUCCESS, 3, 0, "import finished"));
    assertThat(bench.documents())
        .containsExactly(
            Map.entry("a", "{\"v\": 3, \"_id\": \"a\"}"),
            Map.entry("b", "{\"v\": 1, \"_id\": \"b\"}"),
            Map.entry("c", "{\"v\": 2, \"_id\": \"c\"}"));
  }

  /** So that whoever takes the job over finds the transaction of one that hangs. */
  @Test
  void eachTransactionOfDocumentsBearsTheNameOfItsClaim() throws Exception {
    PostgresEngine engine = bench.engine();
    try (Connection connection = bench.database.connect();
        Statement statement = connection.createStatement()) {
      statement.execute("create table named (as_the_claim boolean)");
      statement.execute(
          """
          create function note_name() returns trigger language plpgsql as $$ begin
            insert into public.named select exists (
              select from dbimport.jobs where claim = current_setting('application_name'));
            return null;
          end $$\
          """);
      statement.execute(
          "create trigger note_name after insert on \"env-1\".things for each statement execute"
              + " function note_name()");
    }
    bench.run(engine, Workbench.json("f", false, ConflictMode.INSERT), Workbench.lines(120));

    assertThat(bench.number("select count(*) from named where as_the_claim")).isEqualTo(3);
    assertThat(bench.number("select count(*) from named where not as_the_claim")).isZero();
  }

  @Test
  void anUpsertWritesOnlyWhatChangesADocument() throws Exception {
    PostgresEngine engine = bench.engine();
    var parameters = Workbench.json("f", false, ConflictMode.UPSERT);
    bench.run(engine, parameters, "{\"_id\":\"a\",\"v\":1}\n{\"_id\":\"b\",\"v\":1}\n");
    String writtenBy = "select xmin::text::bigint from \"env-1\".things where _id = ";
    long first = bench.number(writtenBy + "'a'");

    JobState state =
        bench.run(engine, parameters, "{\"_id\":\"a\",\"v\":1}\n{\"_id\":\"b\",\"v\":1.0}\n");

    assertThat(state).isEqualTo(new JobState(JobStatus.SUCCESS, 2, 0, "import finished"));
    assertThat(bench.number(writtenBy + "'a'")).isEqualTo(first);
    assertThat(bench.documents())
        .containsExactly(
            Map.entry("a", "{\"v\": 1, \"_id\": \"a\"}"),
            Map.entry("b", "{\"v\": 1.0, \"_id\": \"b\"}"));
  }

  @Test
  void upsertMergesIntoDocumentsThatAreThereWhereItIsSetSo() throws Exception {
    EngineSettings merging =
        new EngineSettings(
            List.of(ENV),
            4,
            2,
            50,
            Duration.ofSeconds(20),
            Duration.ofMillis(50),
            CsvNumbers.ALL,
            OnUpsert.MERGE);
    PostgresEngine engine = bench.engine(bench.database, bench.files, merging);
    var parameters = Workbench.json("f", false, ConflictMode.UPSERT);
    bench.run(engine, parameters, "{\"_id\":\"a\",\"v\":1,\"old\":{\"x\":1}}\n");

    JobState state =
        bench.run(
            engine,
            parameters,
            """
            {"_id":"a","v":2}
            {"_id":"c","p":1,"q":1}
            {"_id":"a","old":{"y":2}}
            {"_id":"c","q":2}
            {"_id":"c","q":3,"r":null}
            """);

    assertThat(state).isEqualTo(new JobState(JobStatus.SUCCESS, 5, 0, "import finished"));
    assertThat(bench.documents())
        .containsExactly(
            Map.entry("a", "{\"v\": 2, \"_id\": \"a\", \"old\": {\"y\": 2}}"),
            Map.entry("c", "{\"p\": 1, \"q\": 3, \"r\": null, \"_id\": \"c\"}"));
  }

  @Test
  void environmentsTakeTurnsHoweverManyJobsOneHas() throws Exception {
    EngineSettings oneAtATime =
        new EngineSettings(
            List.of("many", "few"),
            1,
            2,
            50,
            Duration.ofSeconds(20),
            Duration.ofMillis(20),
            CsvNumbers.ALL,
            OnUpsert.REPLACE);
    MeteringStorage storage = new MeteringStorage(bench.files, 0);
    PostgresEngine engine = bench.engine(bench.database, storage, oneAtATime);
    bench.put("many", "f", Workbench.lines(3));
    bench.put("few", "f", Workbench.lines(3));
    List<Long> many = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      engine.createCollection("many", "c" + i);
      many.add(Workbench.submit(engine, Workbench.insert("many", "c" + i, "f")));
    }
    long few = Workbench.submit(engine, Workbench.insert("few", COLLECTION, "f"));

    storage.allowAll();
    Workbench.end(engine, "few", few);
    for (long job : many) {
      Workbench.end(engine, "many", job);
    }

    assertThat(
            bench.number(
                "select count(*) from dbimport.jobs where env = 'many' and ended_at < (select"
                    + " ended_at from dbimport.jobs where env = 'few')"))
        .as("jobs that came before it and went before it")
        .isLessThanOrEqualTo(2);
  }

  /** Where the error stands that stops a job, within and at the edges of batches of 50. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 49, 50, 51, 99, 120})
  void stopOnErrorKeepsAllBeforeTheErrorAndNothingAfter(int at) throws Exception {
    PostgresEngine engine = bench.engine();
    bench.run(
        engine, Workbench.json("stored", true, ConflictMode.INSERT), "{\"_id\":\"stored\"}\n");
    List<String> errors =
        at == 0
            ? List.of("{\"_id\":\"stored\"}", "{broken}")
            : List.of("{\"_id\":\"stored\"}", "{broken}", "{\"_id\":\"%s0\"}");
    for (int i = 0; i < errors.size(); i++) {
      String prefix = "abc".substring(i, i + 1);
      StringBuilder file = new StringBuilder();
      for (int n = 0; n < 200; n++) {
        file.append(
            n == at
                ? errors.get(i).formatted(prefix) + "\n"
                : "{\"_id\":\"%s%d\"}\n".formatted(prefix, n));
      }

      JobState state =
          bench.run(engine, Workbench.json(prefix, true, ConflictMode.INSERT), file.toString());

      assertThat(state.status()).as(errors.get(i)).isEqualTo(JobStatus.FAIL);
      assertThat(state.recordSuccess()).isEqualTo(at);
      assertThat(state.recordFail()).isEqualTo(1);
      assertThat(state.errorMsg())
          .contains("stopped at the first error")
          .contains("line " + (at + 1) + ", column ");
      assertThat(
              bench.number(
                  "select count(*) from \"env-1\".things where _id like ? || '%' and _id <>"
                      + " 'stored'",
                  prefix))
          .isEqualTo(at);
      assertThat(
              bench.number(
                  "select count(*) from \"env-1\".things where _id ~ ('^' || ? || '[0-9]+$') and"
                      + " substr(_id, 2)::int > ?",
                  prefix,
                  at))
          .isZero();
    }
  }

  @Test
  void withoutStopOnErrorTheCountsAddUpToTheRecordsRead() throws Exception {
    PostgresEngine engine = bench.engine();
    StringBuilder file = new StringBuilder();
    for (int i = 0; i < 1000; i++) {
      file.append(i % 7 == 0 ? "{broken}\n" : "{\"_id\":\"%d\"}\n".formatted(i % 400));
    }

    JobState state =
        bench.run(engine, Workbench.json("f", false, ConflictMode.INSERT), file.toString());

    assertThat(state.recordSuccess() + state.recordFail()).isEqualTo(1000);
    assertThat(bench.documents()).hasSize((int) state.recordSuccess());
  }

  @Test
  void progressIsVisibleWhileAJobRuns() throws Exception {
    MeteringStorage storage = new MeteringStorage(bench.files, 4);
    PostgresEngine engine = bench.engine(bench.database, storage, Workbench.settings(ENV));
    bench.put(ENV, "f", Workbench.lines(1000));
    long job = Workbench.submit(engine, Workbench.insert(ENV, COLLECTION, "f"));

    JobState running =
        Eventually.see(
            "progress",
            () -> Workbench.state(engine, ENV, job),
            state -> state.recordSuccess() > 0 && storage.waiting() == 1);
    long inTheTable = bench.documents().size();
    storage.allowAll();
    JobState ended = Workbench.end(engine, ENV, job);

    assertThat(running.status()).isEqualTo(JobStatus.WRITING);
    assertThat(running.recordSuccess()).isBetween(50L, 100L).isEqualTo(inTheTable);
    assertThat(ended).isEqualTo(new JobState(JobStatus.SUCCESS, 1000, 0, "import finished"));
  }

  @Test
  void jobsOfOneCollectionRunOneAtATimeInTheOrderTheyWereAccepted() throws Exception {
    MeteringStorage storage = new MeteringStorage(bench.files, 1_000_000);
    EngineSettings settings =
        new EngineSettings(
            List.of(ENV),
            4,
            4,
            50,
            Duration.ofSeconds(20),
            Duration.ofMillis(20),
            CsvNumbers.ALL,
            OnUpsert.REPLACE);
    PostgresEngine engine = bench.engine(bench.database, storage, settings);
    PostgresEngine other = bench.engine(bench.database, storage, settings);
    List<Long> jobs = new ArrayList<>();
    for (int job = 0; job < 30; job++) {
      StringBuilder file = new StringBuilder();
      for (int i = 0; i < 120; i++) {
        file.append("{\"_id\":\"%d\",\"job\":%d}\n".formatted(i, job));
      }
      bench.put(ENV, "f" + job, file.toString());
      jobs.add(
          Workbench.submit(
              job % 2 == 0 ? engine : other,
              Workbench.json("f" + job, false, ConflictMode.UPSERT)));
    }

    for (long job : jobs) {
      assertThat(Workbench.end(engine, ENV, job))
          .isEqualTo(new JobState(JobStatus.SUCCESS, 120, 0, "import finished"));
    }

    assertThat(jobs).isSorted();
    assertThat(storage.mostReadAtOnce()).isEqualTo(1);
    assertThat(bench.number("select count(*) from \"env-1\".things where doc->>'job' = '29'"))
        .isEqualTo(120);
    assertThat(
            bench.number(
                "select count(*) from dbimport.jobs a join dbimport.jobs b on a.id < b.id and"
                    + " a.ended_at > b.ended_at"))
        .isZero();
  }

  @Test
  void oneEnvironmentDoesNotHoldUpAnother() throws Exception {
    MeteringStorage storage = new MeteringStorage(bench.files, 0);
    storage.free.add("free");
    PostgresEngine engine =
        bench.engine(bench.database, storage, Workbench.settings("slow", "quick"));
    bench.put("slow", "held", Workbench.lines(10));
    bench.put("quick", "free", Workbench.lines(10));
    List<Long> held = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      engine.createCollection("slow", "c" + i);
      held.add(Workbench.submit(engine, Workbench.insert("slow", "c" + i, "held")));
    }
    Eventually.isTrue("two jobs of the environment run", () -> storage.waiting() == 2);

    for (int i = 0; i < 5; i++) {
      JobState state =
          Workbench.end(
              engine,
              "quick",
              Workbench.submit(engine, Workbench.insert("quick", COLLECTION, "free")));
      assertThat(state.status()).isEqualTo(JobStatus.SUCCESS);
    }

    assertThat(storage.waiting()).as("the environment's share").isEqualTo(2);
    storage.allowAll();
    for (long job : held) {
      assertThat(Workbench.end(engine, "slow", job).recordSuccess()).isEqualTo(10);
    }
    assertThat(bench.documents("quick", COLLECTION)).hasSize(50);
  }

  @Test
  void anEnvironmentHasNoMoreThanItsShareHoweverManyJobsComeAtOnce() throws Exception {
    MeteringStorage storage = new MeteringStorage(bench.files, 0);
    EngineSettings settings =
        new EngineSettings(
            List.of(ENV),
            8,
            2,
            50,
            Duration.ofSeconds(20),
            Duration.ofMillis(10),
            CsvNumbers.ALL,
            OnUpsert.REPLACE);
    PostgresEngine engine = bench.engine(bench.database, storage, settings);
    bench.put(ENV, "f", Workbench.lines(100));
    List<Long> jobs = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      engine.createCollection(ENV, "c" + i);
    }
    for (int i = 0; i < 40; i++) {
      jobs.add(Workbench.submit(engine, Workbench.insert(ENV, "c" + i, "f")));
    }
    Eventually.isTrue("its share is used", () -> storage.waiting() == 2);
    storage.allowAll();

    for (long job : jobs) {
      assertThat(Workbench.end(engine, ENV, job).recordSuccess()).isEqualTo(100);
    }

    assertThat(storage.mostReadAtOnce()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a\"b",
        "a\"; drop schema dbimport cascade; --",
        "a.b",
        "a'b",
        "a b\tc",
        "a?b",
        "a%sb",
        "{d}$1",
        "a\\b",
        "a/../b",
        "*",
        "SELECT",
        "Ünïcödé-漢字",
        "😀",
        "dbimport_staging",
        ".",
        "..",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢"
      })
  void anyNameOfUpTo63BytesNamesACollectionAndMostAnEnvironment(String name) throws Exception {
    String env = EngineSettings.isEnvironment(name) ? name : ENV;
    PostgresEngine engine = bench.engine(bench.database, bench.files, Workbench.settings(env));

    assertThat(engine.createCollection(env, name)).isEqualTo(CollectionReply.DONE);
    assertThat(engine.createCollection(env, name)).isEqualTo(CollectionReply.ALREADY_THERE);
    bench.put(env, "f", "{\"_id\":\"a\"}\n");
    JobState state =
        Workbench.end(engine, env, Workbench.submit(engine, Workbench.insert(env, name, "f")));

    assertThat(state).isEqualTo(new JobState(JobStatus.SUCCESS, 1, 0, "import finished"));
    assertThat(bench.documents(env, name)).containsOnlyKeys("a");
    assertThat(engine.collections(env, 10, 0).page())
        .extracting(Engine.Collection::name)
        .contains(name);
    assertThat(engine.dropCollection(env, name)).isEqualTo(CollectionReply.DONE);
    assertThat(engine.dropCollection(env, name)).isEqualTo(CollectionReply.ABSENT);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "pg_x",
        ".",
        "..",
        "a/b",
        "information_schema",
        "public",
        "dbimport",
        "漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢x"
      })
  void namesThatPostgreSqlOrALinkCannotTakeAreRefused(String name) {
    assertThatThrownBy(() -> EngineSettings.of(List.of(name)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("63 bytes");
  }

  @Test
  void whatCannotBeImportedIsRefusedBeforeThereIsAJob() throws Exception {
    PostgresEngine engine = bench.engine();
    bench.put(ENV, "f", "{}");

    assertThat(code(engine, Workbench.insert("other", COLLECTION, "f"))).isEqualTo(-501000);
    assertThat(code(engine, Workbench.insert(ENV, "other", "f"))).isEqualTo(-502005);
    assertThat(code(engine, Workbench.insert(ENV, COLLECTION, "other"))).isEqualTo(-503003);
    assertThat(code(engine, Workbench.insert(ENV, COLLECTION, "../f"))).isEqualTo(40097);
    assertThat(code(engine, Workbench.insert(ENV, "a\0b", "f"))).isEqualTo(40097);
    assertThat(bench.number("select count(*) from dbimport.jobs")).isZero();
  }

  private static int code(PostgresEngine engine, ImportParameters parameters) {
    return switch (Workbench.reply(engine, parameters)) {
      case Reply.Refused refused -> refused.errcode();
      case Reply other -> throw new AssertionError(other.toString());
    };
  }

  @Test
  void aJobIsKnownInItsOwnEnvironmentAlone() throws Exception {
    PostgresEngine engine =
        bench.engine(bench.database, bench.files, Workbench.settings(ENV, "other"));
    bench.put(ENV, "f", "{}");
    long job = Workbench.submit(engine, Workbench.insert(ENV, COLLECTION, "f"));
    Workbench.end(engine, ENV, job);

    assertThat(engine.state(null, "other", job)).isInstanceOf(JobReply.NotKnown.class);
    assertThat(engine.state(null, ENV, job + 1)).isInstanceOf(JobReply.NotKnown.class);
  }

  @ParameterizedTest
  @EnumSource(FileType.class)
  void aFileOrCollectionThatGoesAwayBeforeItsJobRunsFailsTheJob(FileType type) throws Exception {
    MeteringStorage storage = new MeteringStorage(bench.files, 0);
    PostgresEngine engine = bench.engine(bench.database, storage, Workbench.settings(ENV));
    engine.createCollection(ENV, "doomed");
    bench.put(ENV, "first", Workbench.lines(1));
    bench.put(ENV, "f", Workbench.rows(10));
    bench.put(ENV, "g", Workbench.lines(10));
    long first = Workbench.submit(engine, Workbench.insert(ENV, COLLECTION, "first"));
    long noFile =
        Workbench.submit(
            engine, new ImportParameters(ENV, COLLECTION, "f", type, false, ConflictMode.INSERT));
    long noCollection = Workbench.submit(engine, Workbench.insert(ENV, "doomed", "g"));
    Eventually.isTrue("both collections have a job that runs", () -> storage.waiting() == 2);

    assertThat(bench.files.delete(ENV, "f")).isTrue();
    assertThat(engine.dropCollection(ENV, "doomed")).isEqualTo(CollectionReply.DONE);
    storage.allowAll();

    assertThat(Workbench.end(engine, ENV, first).status()).isEqualTo(JobStatus.SUCCESS);
    assertThat(Workbench.end(engine, ENV, noFile))
        .isEqualTo(new JobState(JobStatus.FAIL, 0, 0, "the file f is gone"));
    assertThat(Workbench.end(engine, ENV, noCollection))
        .isEqualTo(new JobState(JobStatus.FAIL, 0, 0, "the collection doomed is gone"));
  }

  @Test
  void aFaultInOneJobFailsThatJobAndTheNextOneRuns() throws Exception {
    Storage broken =
        new MeteringStorage(bench.files, 1_000_000) {
          @Override
          public java.io.InputStream open(String env, String path, String version, long position)
              throws java.io.IOException {
            if (path.equals("bug")) {
              throw new IllegalStateException("a bug");
            }
            return super.open(env, path, version, position);
          }
        };
    PostgresEngine engine = bench.engine(bench.database, broken, Workbench.settings(ENV));
    bench.put(ENV, "bug", "{}");
    bench.put(ENV, "f", "{}");

    long first = Workbench.submit(engine, Workbench.insert(ENV, COLLECTION, "bug"));
    long second = Workbench.submit(engine, Workbench.insert(ENV, COLLECTION, "f"));

    assertThat(Workbench.end(engine, ENV, first).status()).isEqualTo(JobStatus.FAIL);
    assertThat(Workbench.end(engine, ENV, second).status()).isEqualTo(JobStatus.SUCCESS);
  }

  @Test
  void collectionsAreListedByNameWithTheirCounts() throws Exception {
    PostgresEngine engine = bench.engine();
    engine.createCollection(ENV, "b");
    engine.createCollection(ENV, "a");
    bench.run(engine, Workbench.insert(ENV, "b", "f"), Workbench.lines(7));

    Engine.Collections all = engine.collections(ENV, 10, 0);

    assertThat(all.total()).isEqualTo(3);
    assertThat(all.page()).extracting(Engine.Collection::name).containsExactly("a", "b", "things");
    assertThat(all.page()).extracting(Engine.Collection::count).containsExactly(0L, 7L, 0L);
    assertThat(all.page().get(1).sizeBytes()).isPositive();
    assertThat(all.page().get(1).indexCount()).isEqualTo(1);
    assertThat(engine.collections(ENV, 1, 1).page())
        .extracting(Engine.Collection::name)
        .containsExactly("b");
    assertThat(engine.collections(ENV, 10, 3)).isEqualTo(new Engine.Collections(List.of(), 3));
    assertThat(engine.collections("absent", 10, 0).total()).isZero();
  }
}
