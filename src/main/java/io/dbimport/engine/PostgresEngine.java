package io.dbimport.engine;

import io.dbimport.ErrorCode;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.JobReply;
import io.dbimport.JobState;
import io.dbimport.Presence;
import io.dbimport.Reply;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine over PostgreSQL: a schema an environment, a table a collection, jobs as rows. Several
 * engines may share a database. Thread-safe.
 */
public final class PostgresEngine implements Engine {
  private static final Logger LOG = LoggerFactory.getLogger(PostgresEngine.class);

  /** Above this many rows a collection's count is the database's estimate. */
  private static final long COUNT_EXACTLY_BELOW = 100_000;

  private final DataSource database;
  private final Storage storage;
  private final JobStore jobs;
  private final JobRunners runners;
  private volatile List<String> environments;

  private PostgresEngine(
      DataSource database,
      Storage storage,
      EngineSettings settings,
      JobStore jobs,
      EngineMeters meters) {
    this.database = database;
    this.storage = storage;
    this.environments = settings.environments();
    this.jobs = jobs;
    this.runners =
        new JobRunners(
            jobs,
            new JobRun(database, jobs, storage, settings, meters, new SecureRandom()),
            settings);
  }

  /**
   * Makes the tables and schemas that are not there, and starts running jobs.
   *
   * @param registry has this engine's meters from now on
   * @throws SQLException when the database cannot be reached or refuses
   */
  public static PostgresEngine open(
      DataSource database, Storage storage, EngineSettings settings, MeterRegistry registry)
      throws SQLException {
    JobStore jobs = new JobStore(database);
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      jobs.createTables(connection);
      createSchemas(connection, settings.environments());
      connection.commit();
    }
    EngineMeters meters = EngineMeters.in(registry, jobs::counts);
    return new PostgresEngine(database, storage, settings, jobs, meters);
  }

  private static void createSchemas(Connection connection, List<String> environments)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String environment : environments) {
        statement.execute("create schema if not exists " + Sql.identifier(environment));
      }
    }
  }

  /**
   * Makes environments that came since the start; at once when there are none. What was there
   * before stays.
   *
   * @throws IllegalArgumentException when one may not be named so
   * @throws UncheckedIOException when the database cannot be reached
   */
  public void addEnvironments(java.util.Collection<String> wanted) {
    if (!environments.containsAll(wanted)) {
      addMissing(wanted);
    }
  }

  /** One after another: each starts from what the last one added. */
  private synchronized void addMissing(java.util.Collection<String> wanted) {
    List<String> all =
        Stream.concat(environments.stream(), wanted.stream()).distinct().sorted().toList();
    EngineSettings named = EngineSettings.of(all);
    try (Connection connection = database.getConnection()) {
      createSchemas(connection, named.environments());
    } catch (SQLException failure) {
      throw away(failure);
    }
    LOG.info("environments now: {}", named.environments());
    environments = named.environments();
  }

  @Override
  public Reply submit(ImportRequest request) {
    ImportParameters parameters = request.parameters();
    String fileVersion;
    try {
      Optional<Reply> refusal = refusal(parameters);
      if (refusal.isPresent()) {
        return refusal.get();
      }
      fileVersion = storage.look(parameters.env(), parameters.filePath()).version();
    } catch (NoSuchFileException absent) {
      return refused(
          ErrorCode.FILE_ABSENT,
          "there is no file " + parameters.filePath() + " in " + parameters.env());
    } catch (IllegalArgumentException notAPath) {
      return refused(ErrorCode.INVALID_ARGS, "file_path: " + notAPath.getMessage());
    } catch (SQLException | IOException away) {
      LOG.warn("an import cannot be accepted: {}", away.toString());
      return new Reply.Unavailable(
          ErrorCode.SYSTEM_ERROR.code(), "the database or the storage is away");
    }
    try {
      long id = jobs.accept(parameters, fileVersion);
      runners.wake();
      return new Reply.Accepted(id);
    } catch (SQLTransientConnectionException notReached) {
      // What the pool says when it has no connection to give: nothing was asked of the database.
      LOG.warn("an import cannot be accepted: {}", notReached.toString());
      return new Reply.Unavailable(ErrorCode.SYSTEM_ERROR.code(), "the database is away");
    } catch (SQLException failure) {
      LOG.warn("an import may or may not be accepted: {}", failure.toString());
      return new Reply.Unanswered(
          ErrorCode.CLOUD_TIMED_OUT.code(), "the database did not answer whether it took the job");
    }
  }

  private Optional<Reply> refusal(ImportParameters parameters) throws SQLException {
    String env = parameters.env();
    if (!environments.contains(env)) {
      return Optional.of(refused(ErrorCode.ENVIRONMENT_ABSENT, "there is no environment " + env));
    }
    if (!EngineSettings.isName(parameters.collectionName())) {
      return Optional.of(
          refused(ErrorCode.INVALID_ARGS, "collection_name has characters that are not allowed"));
    }
    if (!exists(env, parameters.collectionName())) {
      return Optional.of(
          refused(
              ErrorCode.COLLECTION_ABSENT,
              "there is no collection " + parameters.collectionName() + " in " + env));
    }
    return Optional.empty();
  }

  private static Reply refused(ErrorCode code, String what) {
    return Reply.Refused.of(code.code(), code.message() + ": " + what);
  }

  @Override
  public JobReply state(@Nullable String appId, String env, long jobId) {
    try {
      Optional<JobState> state = jobs.state(env, jobId);
      return state.isPresent()
          ? new JobReply.Known(state.get())
          : new JobReply.NotKnown(
              ErrorCode.INVALID_ARGS.code(),
              ErrorCode.INVALID_ARGS.message() + ": there is no job " + jobId + " in " + env);
    } catch (SQLException away) {
      LOG.warn("the state of job {} cannot be read: {}", jobId, away.toString());
      return new JobReply.NotKnown(ErrorCode.SYSTEM_ERROR.code(), "the database is away");
    }
  }

  @Override
  public Optional<String> failureList(String env, long jobId) {
    try {
      return jobs.failureList(env, jobId);
    } catch (SQLException failure) {
      throw away(failure);
    }
  }

  @Override
  public Presence presence(@Nullable String appId) {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("select 1");
      return Presence.WELL;
    } catch (SQLException away) {
      LOG.warn("the database is away: {}", away.toString());
      return Presence.TROUBLED;
    }
  }

  @Override
  public List<String> environments() {
    return environments;
  }

  @Override
  public CollectionReply createCollection(String env, String name) {
    if (!environments.contains(env)) {
      return CollectionReply.ENVIRONMENT_ABSENT;
    }
    if (!EngineSettings.isName(name)) {
      return CollectionReply.NAME_REFUSED;
    }
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "create table %s (_id text collate \"C\" primary key, doc jsonb not null)"
              .formatted(Sql.table(env, name)));
      return CollectionReply.DONE;
    } catch (SQLException failure) {
      if (Sql.isDuplicateTable(failure)) {
        return CollectionReply.ALREADY_THERE;
      }
      throw away(failure);
    }
  }

  @Override
  public CollectionReply dropCollection(String env, String name) {
    if (!environments.contains(env)) {
      return CollectionReply.ENVIRONMENT_ABSENT;
    }
    if (!EngineSettings.isName(name)) {
      return CollectionReply.NAME_REFUSED;
    }
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("drop table " + Sql.table(env, name));
      return CollectionReply.DONE;
    } catch (SQLException failure) {
      if (Sql.isUndefinedTable(failure)) {
        return CollectionReply.ABSENT;
      }
      throw away(failure);
    }
  }

  @Override
  public Collections collections(String env, int limit, int offset) {
    try (Connection connection = database.getConnection();
        PreparedStatement select =
            connection.prepareStatement(
                """
                select c.relname, c.reltuples::bigint, pg_table_size(c.oid),
                  (select count(*) from pg_index i where i.indrelid = c.oid), pg_indexes_size(c.oid)
                from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname = ? and c.relkind = 'r'
                order by c.relname limit ? offset ?\
                """)) {
      select.setString(1, env);
      select.setInt(2, limit);
      select.setInt(3, offset);
      List<Collection> page = new ArrayList<>();
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          page.add(
              new Collection(
                  rows.getString(1),
                  count(connection, env, rows.getString(1), rows.getLong(2)),
                  rows.getLong(3),
                  rows.getInt(4),
                  rows.getLong(5)));
        }
      }
      return new Collections(page, total(connection, env));
    } catch (SQLException failure) {
      throw away(failure);
    }
  }

  private static int total(Connection connection, String env) throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement("select count(*) from pg_tables where schemaname = ?")) {
      select.setString(1, env);
      try (ResultSet row = select.executeQuery()) {
        row.next();
        return row.getInt(1);
      }
    }
  }

  private static long count(Connection connection, String env, String name, long estimate)
      throws SQLException {
    if (estimate >= COUNT_EXACTLY_BELOW) {
      return estimate;
    }
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select count(*) from " + Sql.table(env, name))) {
      row.next();
      return row.getLong(1);
    }
  }

  private boolean exists(String env, String collection) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement select =
            connection.prepareStatement(
                "select 1 from pg_tables where schemaname = ? and tablename = ?")) {
      select.setString(1, env);
      select.setString(2, collection);
      try (ResultSet row = select.executeQuery()) {
        return row.next();
      }
    }
  }

  private static UncheckedIOException away(SQLException failure) {
    return new UncheckedIOException(new IOException("the database fails", failure));
  }

  @Override
  public void close() {
    runners.close();
  }
}
