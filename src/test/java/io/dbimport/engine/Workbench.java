package io.dbimport.engine;

import com.zaxxer.hikari.HikariDataSource;
import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.JobReply;
import io.dbimport.JobState;
import io.dbimport.Reply;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.PostgresFixture.Database;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A database, a storage, and engines over them that end with the test. Not thread-safe. */
final class Workbench implements AutoCloseable {
  static final String ENV = "env-1";
  static final String COLLECTION = "things";

  final Database database;
  final Storage files;
  private final Deque<Runnable> closings = new ArrayDeque<>();

  Workbench(Database database, Path root) throws IOException {
    this(database, FileStorage.open(root));
  }

  Workbench(Database database, Storage files) {
    this.database = database;
    this.files = files;
    closings.push(files::close);
  }

  /** Small batches, and claims that run out soon. */
  static EngineSettings settings(String... environments) {
    return settings(CsvNumbers.ALL, environments);
  }

  static EngineSettings settings(CsvNumbers numbers, String... environments) {
    return new EngineSettings(
        List.of(environments),
        4,
        2,
        50,
        Duration.ofSeconds(20),
        Duration.ofMillis(50),
        numbers,
        OnUpsert.REPLACE);
  }

  PostgresEngine engine() throws SQLException {
    return engine(database, files, settings(ENV));
  }

  PostgresEngine engine(Database reachedAt, Storage storage, EngineSettings settings)
      throws SQLException {
    HikariDataSource pool =
        ConnectionPool.open(
            reachedAt.jdbcUrl(), reachedAt.user(), reachedAt.password(), settings.jobsAtOnce() + 4);
    closings.push(pool::close);
    PostgresEngine engine = PostgresEngine.open(pool, storage, settings, new SimpleMeterRegistry());
    closings.push(engine::close);
    for (String env : settings.environments()) {
      engine.createCollection(env, COLLECTION);
    }
    return engine;
  }

  void put(String env, String path, String text) throws IOException {
    put(env, path, text.getBytes(StandardCharsets.UTF_8));
  }

  void put(String env, String path, byte[] file) throws IOException {
    var _ = files.store(env, path, new ByteArrayInputStream(file));
  }

  InputStream open(String env, String path) throws IOException {
    return files.open(env, path, files.look(env, path).version(), 0);
  }

  static ImportParameters json(String path, boolean stopOnError, ConflictMode mode) {
    return new ImportParameters(ENV, COLLECTION, path, FileType.JSON, stopOnError, mode);
  }

  /** An INSERT of a JSON file that goes on after errors. */
  static ImportParameters insert(String env, String collection, String path) {
    return new ImportParameters(env, collection, path, FileType.JSON, false, ConflictMode.INSERT);
  }

  static Reply reply(PostgresEngine engine, ImportParameters parameters) {
    return engine.submit(new ImportRequest("test", null, parameters, null, false));
  }

  /** The id of the accepted job. */
  static long submit(PostgresEngine engine, ImportParameters parameters) {
    return switch (reply(engine, parameters)) {
      case Reply.Accepted(long jobId) -> jobId;
      case Reply other -> throw new AssertionError(other.toString());
    };
  }

  static JobState state(PostgresEngine engine, String env, long job) {
    return switch (engine.state(null, env, job)) {
      case JobReply.Known(JobState state) -> state;
      case JobReply.NotKnown notKnown -> throw new AssertionError(notKnown.toString());
    };
  }

  /** The job's state when it has ended; a database that is away meanwhile is waited for. */
  static JobState end(PostgresEngine engine, String env, long job) throws Exception {
    Eventually.isTrue(
        "the end of job " + job,
        () ->
            engine.state(null, env, job) instanceof JobReply.Known(JobState state)
                && state.status().terminal());
    return state(engine, env, job);
  }

  /** Stores the file, imports it, and waits for the end. */
  JobState run(PostgresEngine engine, ImportParameters parameters, String text) throws Exception {
    put(parameters.env(), parameters.filePath(), text);
    return end(engine, parameters.env(), submit(engine, parameters));
  }

  /** The collection as it lies in its table: {@code _id} to the document's text, by {@code _id}. */
  Map<String, String> documents(String env, String collection) throws SQLException {
    try (Connection connection = database.connect();
        Statement select = connection.createStatement();
        ResultSet rows =
            select.executeQuery(
                "select _id, doc::text from %s order by _id collate \"C\""
                    .formatted(Sql.table(env, collection)))) {
      Map<String, String> documents = new LinkedHashMap<>();
      while (rows.next()) {
        documents.put(rows.getString(1), rows.getString(2));
      }
      return documents;
    }
  }

  Map<String, String> documents() throws SQLException {
    return documents(ENV, COLLECTION);
  }

  /** The one value of a query. */
  long number(String sql, Object... values) throws SQLException {
    try (Connection connection = database.connect();
        PreparedStatement select = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        select.setObject(i + 1, values[i]);
      }
      try (ResultSet row = select.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  /** The one text of a query. */
  String text(String sql) throws SQLException {
    try (Connection connection = database.connect();
        Statement select = connection.createStatement();
        ResultSet row = select.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  /** Lines of documents without {@code _id}: {@code n} counts from 0. */
  static String lines(int documents) {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < documents; i++) {
      lines.append("{\"n\":%d,\"t\":\"%s\"}\n".formatted(i, "x".repeat(200)));
    }
    return lines.toString();
  }

  /** The same as CSV. */
  static String rows(int documents) {
    StringBuilder rows = new StringBuilder("n,t\n");
    for (int i = 0; i < documents; i++) {
      rows.append("%d,\"%s\n\"\n".formatted(i, "x".repeat(200)));
    }
    return rows.toString();
  }

  @Override
  public void close() {
    closings.forEach(Runnable::run);
    closings.clear();
  }
}
