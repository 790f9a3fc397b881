package io.dbimport.engine;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.engine.Job.Ending;
import io.dbimport.engine.Job.Progress;
import io.dbimport.engine.RecordReader.Place;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The jobs as rows of {@code dbimport.jobs}, shared by every engine on the database. Time is the
 * database's own. Thread-safe.
 */
final class JobStore {
  /** Two servers that start at once must not both make the tables. */
  private static final long SCHEMA_LOCK = 0x6462_696d_706f_7274L;

  /** Claims are made one after another, so that each sees the ones before it. */
  private static final long CLAIM_LOCK = SCHEMA_LOCK + 1;

  private final DataSource database;

  JobStore(DataSource database) {
    this.database = database;
  }

  void createTables(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("select pg_advisory_xact_lock(" + SCHEMA_LOCK + ")");
      statement.execute("create schema if not exists dbimport");
      statement.execute(
          """
          create table if not exists dbimport.jobs (
            id bigint generated always as identity (start with 100000000) primary key,
            env text not null,
            collection text not null,
            file_path text not null,
            file_type smallint not null,
            stop_on_error boolean not null,
            conflict_mode smallint not null,
            status text not null default 'waiting',
            position bigint not null default 0,
            line bigint not null default 1,
            line_column bigint not null default 1,
            record_success bigint not null default 0,
            record_fail bigint not null default 0,
            first_failures text not null default '',
            error_msg text not null default '',
            claim text,
            claimed_until timestamptz,
            accepted_at timestamptz not null default now(),
            ended_at timestamptz
          )\
          """);
      statement.execute(
          """
          create table if not exists dbimport.failures (
            job_id bigint not null references dbimport.jobs on delete cascade,
            after bigint not null,
            lines text not null,
            primary key (job_id, after)
          )\
          """);
      statement.execute(
          """
          create table if not exists dbimport.turns (
            env text primary key,
            taken_at timestamptz not null
          )\
          """);
      addColumn(statement, "line_column bigint not null default 1");
      addColumn(statement, "file_version text");
      addColumn(statement, "end_status text");
      addColumn(statement, "listed boolean not null default false");
      statement.execute(
          """
          do $$ begin
            if to_regclass('dbimport.jobs_open') is null then
              create index jobs_open on dbimport.jobs (env, collection, id)
                where status not in ('success', 'fail');
            end if;
          end $$\
          """);
    }
  }

  /**
   * Adds a column that an earlier version's table has not. Only then: it waits for every open
   * transaction on the table, that of a server that hangs included.
   */
  private static void addColumn(Statement statement, String column) throws SQLException {
    statement.execute(
        """
        do $$ begin
          if not exists (
            select from pg_attribute
            where attrelid = 'dbimport.jobs'::regclass and attname = '%s') then
            alter table dbimport.jobs add column %s;
          end if;
        end $$\
        """
            .formatted(column.substring(0, column.indexOf(' ')), column));
  }

  /** How many jobs there are of each status that any job has. */
  Map<JobStatus, Long> counts() throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery("select status, count(*) from dbimport.jobs group by status")) {
      Map<JobStatus, Long> counts = new EnumMap<>(JobStatus.class);
      while (rows.next()) {
        counts.merge(JobStatus.of(rows.getString(1)), rows.getLong(2), Long::sum);
      }
      return counts;
    }
  }

  /**
   * Accepts a job and returns its id.
   *
   * @param fileVersion of the file that is to be imported
   */
  long accept(ImportParameters parameters, String fileVersion) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement insert =
            connection.prepareStatement(
                """
                insert into dbimport.jobs
                  (env, collection, file_path, file_type, stop_on_error, conflict_mode, file_version)
                values (?, ?, ?, ?, ?, ?, ?) returning id\
                """)) {
      insert.setString(1, parameters.env());
      insert.setString(2, parameters.collectionName());
      insert.setString(3, parameters.filePath());
      insert.setInt(4, parameters.fileType().code());
      insert.setBoolean(5, parameters.stopOnError());
      insert.setInt(6, parameters.conflictMode().code());
      insert.setString(7, fileVersion);
      try (ResultSet row = insert.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  /** The job's state; empty when the environment has no such job. */
  Optional<JobState> state(String env, long id) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement select =
            connection.prepareStatement(
                """
                select status, record_success, record_fail, error_msg
                from dbimport.jobs where env = ? and id = ?\
                """)) {
      select.setString(1, env);
      select.setLong(2, id);
      try (ResultSet row = select.executeQuery()) {
        return row.next()
            ? Optional.of(
                new JobState(
                    JobStatus.of(row.getString(1)),
                    row.getLong(2),
                    row.getLong(3),
                    row.getString(4)))
            : Optional.empty();
      }
    }
  }

  /**
   * Claims a job that may run: nobody holds it, no older job of its collection is open, no other
   * one of its collection is running, and its environment has room. Of those, one of the
   * environment with the fewest that run, then of the one whose last turn is longest ago, then the
   * oldest. A job whose row another engine is writing is passed over.
   */
  Optional<Job> claim(Duration claimFor, int perEnvironment) throws SQLException {
    try (Connection connection = database.getConnection()) {
      endLost(connection);
      connection.setAutoCommit(false);
      try (Statement lock = connection.createStatement()) {
        lock.execute("select pg_advisory_xact_lock(" + CLAIM_LOCK + ")");
      }
      Optional<Job> claimed = claim(connection, claimFor, perEnvironment);
      connection.commit();
      return claimed;
    }
  }

  /**
   * Ends the transactions of engines that have lost their claims. An engine that is frozen within
   * one holds on to the documents it has written there, and who takes the job over would wait.
   */
  private static void endLost(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          """
          select pg_terminate_backend(a.pid)
          from dbimport.jobs j join pg_stat_activity a on a.application_name = j.claim
          where j.status not in ('success', 'fail') and j.claimed_until < now()
            and a.usename = current_user and a.datname = current_database()\
          """);
    }
  }

  /** Names the connection's open transaction after the claim, so that {@link #claim} finds it. */
  void name(Connection connection, Job job) throws SQLException {
    try (PreparedStatement name =
        connection.prepareStatement("select set_config('application_name', ?, true)")) {
      name.setString(1, job.claim());
      name.execute();
    }
  }

  private static Optional<Job> claim(Connection connection, Duration claimFor, int perEnvironment)
      throws SQLException {
    String claim = UUID.randomUUID().toString();
    try (PreparedStatement update =
        connection.prepareStatement(
            """
            with next as (
              select id, env from dbimport.jobs j
              where status not in ('success', 'fail')
                and (claimed_until is null or claimed_until < now())
                and not exists (
                  select 1 from dbimport.jobs older
                  where older.env = j.env and older.collection = j.collection
                    and older.id < j.id and older.status not in ('success', 'fail'))
                and not exists (
                  select 1 from dbimport.jobs other
                  where other.env = j.env and other.collection = j.collection
                    and other.id > j.id and other.status not in ('success', 'fail')
                    and other.claimed_until >= now())
                and (
                  select count(*) from dbimport.jobs running
                  where running.env = j.env and running.claimed_until >= now()
                    and running.status not in ('success', 'fail')) < ?
              order by
                (select count(*) from dbimport.jobs running
                  where running.env = j.env and running.claimed_until >= now()
                    and running.status not in ('success', 'fail')),
                coalesce((select taken_at from dbimport.turns t where t.env = j.env), '-infinity'),
                id
              limit 1 for update skip locked),
            turn as (
              insert into dbimport.turns (env, taken_at)
              select env, clock_timestamp() from next
              on conflict (env) do update set taken_at = excluded.taken_at)
            update dbimport.jobs j
            set claim = ?, claimed_until = now() + ? * interval '1 millisecond',
              status = case when status = 'waiting' then 'reading' else status end
            from next where j.id = next.id
            returning j.id, j.env, collection, file_path, file_type, stop_on_error,
              conflict_mode, position, line, line_column, record_success, record_fail,
              first_failures, end_status, error_msg, file_version\
            """)) {
      update.setInt(1, perEnvironment);
      update.setString(2, claim);
      update.setLong(3, claimFor.toMillis());
      try (ResultSet row = update.executeQuery()) {
        return row.next() ? Optional.of(job(row, claim)) : Optional.empty();
      }
    }
  }

  private static Job job(ResultSet row, String claim) throws SQLException {
    return new Job(
        row.getLong(1),
        claim,
        new ImportParameters(
            row.getString(2),
            row.getString(3),
            row.getString(4),
            FileType.of(row.getLong(5)).orElseThrow(),
            row.getBoolean(6),
            ConflictMode.of(row.getLong(7)).orElseThrow()),
        row.getString(16),
        new Progress(
            new Place(row.getLong(8), row.getLong(9), row.getLong(10)),
            row.getLong(11),
            row.getLong(12),
            row.getString(13)),
        ending(row.getString(14), row.getString(15)));
  }

  private static @Nullable Ending ending(@Nullable String status, String text) {
    return status == null ? null : new Ending(JobStatus.of(status), text);
  }

  /**
   * Notes progress within the transaction of the documents it counts, and keeps the claim. False
   * when the claim is lost: the transaction must be rolled back then.
   */
  boolean progress(Connection connection, Job job, Progress progress, Duration claimFor)
      throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(
            """
            update dbimport.jobs
            set status = 'writing', position = ?, line = ?, line_column = ?, record_success = ?,
              record_fail = ?, first_failures = ?, error_msg = ?,
              claimed_until = now() + ? * interval '1 millisecond'
            where id = ? and claim = ?\
            """)) {
      update.setLong(1, progress.place().position());
      update.setLong(2, progress.place().line());
      update.setLong(3, progress.place().column());
      update.setLong(4, progress.succeeded());
      update.setLong(5, progress.failed());
      update.setString(6, progress.firstFailures());
      update.setString(7, progress.failures());
      update.setLong(8, claimFor.toMillis());
      update.setLong(9, job.id());
      update.setString(10, job.claim());
      return update.executeUpdate() == 1;
    }
  }

  /**
   * Adds to the list of what the job refused, within the transaction of the documents beside it.
   *
   * @param after how many records were refused before these
   */
  void refused(Connection connection, Job job, long after, Collection<Problem> problems)
      throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "insert into dbimport.failures (job_id, after, lines) values (?, ?, ?)")) {
      insert.setLong(1, job.id());
      insert.setLong(2, after);
      insert.setString(3, FailureList.lines(problems));
      insert.executeUpdate();
    }
  }

  /** Ends the job, or notes how it ends once its list is written; whether that is to be done. */
  boolean endOrList(
      Connection connection, Job job, Ending ending, boolean listed, Duration claimFor)
      throws SQLException {
    if (listed) {
      return ending(connection, job, ending, claimFor);
    }
    end(connection, job, ending, false);
    return false;
  }

  /** The job ends so once the list is written; false when the claim is lost. */
  private boolean ending(Connection connection, Job job, Ending ending, Duration claimFor)
      throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(
            """
            update dbimport.jobs
            set status = ?, end_status = ?, error_msg = ?,
              claimed_until = now() + ? * interval '1 millisecond'
            where id = ? and claim = ?\
            """)) {
      update.setString(1, JobStatus.MIGRATING.tag());
      update.setString(2, ending.status().tag());
      update.setString(3, ending.text());
      update.setLong(4, claimFor.toMillis());
      update.setLong(5, job.id());
      update.setString(6, job.claim());
      return update.executeUpdate() == 1;
    }
  }

  /** The parts of the job's list; each keeps the claim. */
  FailureList.Pages failures(Job job, Duration claimFor) {
    return last -> {
      try (Connection connection = database.getConnection();
          PreparedStatement keep =
              connection.prepareStatement(
                  """
                  update dbimport.jobs set claimed_until = now() + ? * interval '1 millisecond'
                  where id = ? and claim = ?\
                  """);
          PreparedStatement select =
              connection.prepareStatement(
                  """
                  select after, lines from dbimport.failures
                  where job_id = ? and after > ? order by after limit 1\
                  """)) {
        keep.setLong(1, claimFor.toMillis());
        keep.setLong(2, job.id());
        keep.setString(3, job.claim());
        if (keep.executeUpdate() == 0) {
          throw new FailureList.ClaimLost();
        }
        select.setLong(1, job.id());
        select.setLong(2, last);
        try (ResultSet row = select.executeQuery()) {
          return row.next()
              ? Optional.of(new FailureList.Page(row.getString(2), row.getLong(1)))
              : Optional.empty();
        }
      }
    };
  }

  /**
   * Ends the job, and forgets the list of its failures; false when the claim is lost.
   *
   * @param listed whether the list lies beside the file
   */
  boolean end(Connection connection, Job job, Ending ending, boolean listed) throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(
            """
            with ended as (
              update dbimport.jobs
              set status = ?, error_msg = ?, listed = ?, ended_at = now(), claim = null,
                claimed_until = null
              where id = ? and claim = ? returning id),
            forgotten as (delete from dbimport.failures where job_id in (select id from ended))
            select count(*) from ended\
            """)) {
      update.setString(1, ending.status().tag());
      update.setString(2, ending.text());
      update.setBoolean(3, listed);
      update.setLong(4, job.id());
      update.setString(5, job.claim());
      try (ResultSet row = update.executeQuery()) {
        row.next();
        return row.getLong(1) == 1;
      }
    }
  }

  /** Where the list of the job's failures lies; empty when there is none. */
  Optional<String> failureList(String env, long id) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement select =
            connection.prepareStatement(
                "select file_path from dbimport.jobs where env = ? and id = ? and listed")) {
      select.setString(1, env);
      select.setLong(2, id);
      try (ResultSet row = select.executeQuery()) {
        return row.next() ? Optional.of(FailureList.path(row.getString(1))) : Optional.empty();
      }
    }
  }

  /** Gives the claim up, so that the job may be taken up again, here or elsewhere. */
  void release(Job job) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement update =
            connection.prepareStatement(
                "update dbimport.jobs set claim = null, claimed_until = null where id = ? and claim"
                    + " = ?")) {
      update.setLong(1, job.id());
      update.setString(2, job.claim());
      update.executeUpdate();
    }
  }
}
