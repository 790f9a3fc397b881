package io.dbimport.engine;

import static io.dbimport.engine.Workbench.ENV;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ConflictMode;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.engine.FileRecord.Document;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.PostgresFixture;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A job writes a batch while the one before is not committed, and still nobody can see the later
 * without the earlier. Here the document {@code held} waits in the database for the test.
 */
final class BatchesInOrderTest {
  private static final int BATCH = 50;

  @TempDir Path root;
  private Workbench bench;
  private PostgresEngine engine;
  private Connection holder;

  @BeforeEach
  void open() throws Exception {
    bench = new Workbench(PostgresFixture.freshDatabase(), root);
    engine = bench.engine();
    holder = bench.database.connect();
    tell("create table refused (why text)");
    tell(
        """
        create function hold() returns trigger language plpgsql as $$ begin
          if new._id = 'bad' then
            raise exception 'nor this one' using errcode = '22023';
          end if;
          if new._id = 'held' then
            perform pg_advisory_xact_lock(1);
            if exists (select from public.refused) then
              raise exception 'not this one' using errcode = '22023';
            end if;
          end if;
          return new;
        end $$\
        """);
    tell(
        "create trigger hold before insert on \"env-1\".things for each row execute function"
            + " hold()");
    tell("select pg_advisory_lock(1)");
  }

  @AfterEach
  void close() throws Exception {
    holder.close();
    bench.close();
  }

  private void tell(String sql) throws SQLException {
    try (Statement statement = holder.createStatement()) {
      statement.execute(sql);
    }
  }

  private void letGo() throws SQLException {
    tell("select pg_advisory_unlock(1)");
  }

  /** Three batches without {@code _id}, but for the one that is held, and another in the first. */
  private static String file(String second) {
    List<String> lines =
        IntStream.range(0, 3 * BATCH)
            .mapToObj("{\"n\":%d}"::formatted)
            .collect(Collectors.toList());
    lines.set(0, "{\"_id\":\"held\"}");
    lines.set(10, second);
    return String.join("\n", lines);
  }

  /** The first batch is held, the second one written and not committed. */
  private long begin(boolean stopOnError, String file) throws Exception {
    bench.put(ENV, "f", file);
    long job = Workbench.submit(engine, Workbench.json("f", stopOnError, ConflictMode.INSERT));
    // Between two statements the first is idle in its transaction too: it is to be held before.
    Eventually.isTrue("the first batch is held", () -> open("wait_event = 'advisory'"));
    Eventually.isTrue(
        "the second batch is written, and waits", () -> open("state like 'idle in transaction%'"));
    assertThat(documents()).as("documents before the first batch is committed").isZero();
    return job;
  }

  private boolean open(String condition) throws SQLException {
    return bench.number(
            """
            select count(*) from pg_stat_activity join dbimport.jobs on claim = application_name
            where %s\
            """
                .formatted(condition))
        == 1;
  }

  private long documents() throws SQLException {
    return bench.number("select count(*) from \"env-1\".things where _id <> 'taken'");
  }

  @Test
  void theSecondBatchIsWrittenBeforeTheFirstIsCommittedAndCommittedAfterIt() throws Exception {
    long job = begin(false, file("{}"));
    letGo();

    assertThat(Workbench.end(engine, ENV, job))
        .isEqualTo(new JobState(JobStatus.SUCCESS, 3 * BATCH, 0, "import finished"));
    assertThat(documents()).isEqualTo(3 * BATCH);
  }

  @Test
  void nothingIsKeptAfterABatchThatTheDatabaseRefuses() throws Exception {
    long job = begin(false, file("{}"));
    tell("insert into refused values ('for the test')");
    letGo();

    JobState state = Workbench.end(engine, ENV, job);
    assertThat(state.status()).isEqualTo(JobStatus.FAIL);
    assertThat(state.errorMsg())
        .isEqualTo("the database refused a batch near line 1: ERROR: not this one");
    assertThat(documents()).isZero();
  }

  @Test
  void nothingIsKeptAfterTheErrorThatStopsTheJob() throws Exception {
    tell("insert into \"env-1\".things values ('taken', '{}')");
    long job = begin(true, file("{\"_id\":\"taken\"}"));
    letGo();

    JobState state = Workbench.end(engine, ENV, job);
    assertThat(state.status()).isEqualTo(JobStatus.FAIL);
    assertThat(state.errorMsg()).startsWith("stopped at the first error; 1 of 11 records failed");
    assertThat(documents()).isEqualTo(10);
  }

  @Test
  void aBatchThatIsRefusedAfterTheErrorThatStopsTheJobIsNotHowItEnds() throws Exception {
    tell("insert into \"env-1\".things values ('taken', '{}')");
    List<String> lines = new ArrayList<>(file("{\"_id\":\"taken\"}").lines().toList());
    lines.set(BATCH, "{\"_id\":\"bad\"}");
    long job = begin(true, String.join("\n", lines));
    letGo();

    assertThat(Workbench.end(engine, ENV, job).errorMsg())
        .startsWith("stopped at the first error; 1 of 11 records failed");
    assertThat(documents()).isEqualTo(10);
  }

  @Test
  void nothingIsWrittenByAnEngineThatHasLostItsClaimWithTwoBatchesInHand() throws Exception {
    long job = begin(false, file("{}"));
    String others = bench.text("select claim from dbimport.jobs");
    tell("update dbimport.jobs set claim = 'another', claimed_until = now() + interval '1 minute'");
    letGo();
    Eventually.isTrue(
        "both batches are given up",
        () ->
            bench.number("select count(*) from pg_stat_activity where application_name = ?", others)
                == 0);
    assertThat(documents()).isZero();

    tell("update dbimport.jobs set claimed_until = now() - interval '1 second'");
    assertThat(Workbench.end(engine, ENV, job).recordSuccess()).isEqualTo(3 * BATCH);
    assertThat(documents()).isEqualTo(3 * BATCH);
  }

  /** The later batch would write first what the earlier one comes to last, and wait for it. */
  @ParameterizedTest
  @EnumSource(ConflictMode.class)
  void batchesThatShareAnIdAreWrittenOneAfterTheOther(ConflictMode mode) throws Exception {
    letGo();
    tell("create table claims (claim text)");
    tell(
        """
        create function note() returns trigger language plpgsql as $$ begin
          insert into public.claims values (new.claim);
          return new;
        end $$\
        """);
    tell("create trigger note before update on dbimport.jobs for each row execute function note()");
    StringBuilder file = new StringBuilder();
    long batches = 40;
    for (long batch = 0; batch < batches; batch++) {
      String shared = "%04d".formatted(2 * batch);
      String next = "%04d".formatted(2 * batch + 2);
      file.append("{\"_id\":\"%s\",\"in\":%d}\n".formatted(shared, batch));
      for (int i = 2; i < BATCH; i++) {
        file.append("{\"_id\":\"%s-%02d\"}\n".formatted(shared, i));
      }
      file.append("{\"_id\":\"%s\",\"in\":%d}\n".formatted(next, batch));
    }
    JobState state = bench.run(engine, Workbench.json("f", false, mode), file.toString());

    long twice = batches - 1;
    long failed = mode == ConflictMode.INSERT ? twice : 0;
    assertThat(state.status()).isEqualTo(JobStatus.SUCCESS);
    assertThat(state.recordFail()).isEqualTo(failed);
    assertThat(state.recordSuccess()).isEqualTo(batches * BATCH - failed);
    assertThat(bench.number("select (doc->>'in')::int from \"env-1\".things where _id = '0002'"))
        .isEqualTo(mode == ConflictMode.INSERT ? 0 : 1);
    assertThat(bench.number("select count(distinct claim) from claims"))
        .as("claims: one, as long as nobody is ended for waiting")
        .isOne();
  }

  @Test
  void rowsAreApartWhenNoIdIsInBoth() {
    Random random = new Random(7);
    for (int round = 0; round < 2000; round++) {
      Set<String> mine = ids(random);
      Set<String> theirs = ids(random);
      Set<String> both = new HashSet<>(mine);
      both.retainAll(theirs);

      assertThat(rows(mine).apartFrom(rows(theirs)))
          .as("%s, %s", mine, theirs)
          .isEqualTo(both.isEmpty());
    }
  }

  private static Set<String> ids(Random random) {
    return random
        .ints(random.nextInt(6), 0, 30)
        .mapToObj(Integer::toString)
        .collect(Collectors.toSet());
  }

  private static CopyRows rows(Set<String> ids) {
    List<Document> documents = new ArrayList<>();
    for (String id : ids) {
      documents.add(new Document(1, 1, id, Utf8Text.of("{}"), false));
    }
    return new CopyRows(documents);
  }
}
