package io.dbimport.bench;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.JobReply;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.Reply;
import io.dbimport.cli.Ports;
import io.dbimport.client.AccessTokens;
import io.dbimport.client.ApiFamily;
import io.dbimport.client.ClientSettings;
import io.dbimport.client.HttpImportApi;
import io.dbimport.dev.EmbeddedDatabase;
import io.dbimport.engine.FileStorage;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A PostgreSQL that commits to disk, and our server over it. Confined to one thread. */
final class ImportStand implements AutoCloseable {
  static final String HEAP = "512m";
  private static final String ENV = "env-1";
  private static final Duration LOOK = Duration.ofMillis(10);
  private static final Pattern LISTENS = Pattern.compile("(http://127\\.0\\.0\\.1:[0-9]+)");

  private final EmbeddedDatabase database;
  private final Connection sql;
  private final FileStorage storage;
  private final Launched server;
  private final HttpImportApi api;
  private final Path folder;

  /** Starts both, with data below this folder. */
  ImportStand(Path folder) throws IOException, InterruptedException, SQLException {
    this.folder = folder;
    Path apps = folder.resolve("apps.json");
    Files.writeString(
        apps, "[{\"appid\":\"bench\",\"tokens\":[\"bench-token\"],\"environments\":[\"env-1\"]}]");
    this.storage = FileStorage.open(folder.resolve("storage"));
    this.database =
        EmbeddedDatabase.start(
            folder.resolve("pg"), folder.resolve("programs"), Ports.free(), true);
    this.sql = database.connect();
    this.server =
        Launched.program(
            folder.resolve("server.log"),
            HEAP,
            "server",
            Map.of(
                "DBIMPORT_DATABASE_URL",
                database.jdbcUrl(),
                "DBIMPORT_SERVER_PORT",
                "0",
                "DBIMPORT_STORAGE",
                "file:" + folder.resolve("storage"),
                "DBIMPORT_SERVER_APPS",
                apps.toString()));
    this.api =
        new HttpImportApi(
            new ClientSettings(
                URI.create(server.awaitLine(LISTENS)), ApiFamily.APP, Duration.ofSeconds(10), null),
            AccessTokens.fixed("bench-token"));
  }

  /** Lays a file where the server reads it. */
  void put(String path, Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      var _ = storage.store(ENV, path, in);
    }
  }

  /** An empty table of documents in place of any, and nothing left of what was done before. */
  void emptyTable(String name) throws SQLException {
    execute("drop table if exists " + table(name));
    execute(
        "create table "
            + table(name)
            + " (_id text collate \"C\" primary key, doc jsonb not null)");
    execute("checkpoint");
  }

  void execute(String statement) throws SQLException {
    try (Statement execute = sql.createStatement()) {
      execute.execute(statement);
    }
  }

  long number(String query) throws SQLException {
    try (Statement select = sql.createStatement();
        ResultSet row = select.executeQuery(query)) {
      row.next();
      return row.getLong(1);
    }
  }

  static String table(String name) {
    return "\"env-1\"." + name;
  }

  String jdbcUrl() {
    return database.jdbcUrl();
  }

  String address() {
    return database.address();
  }

  /** Starts jobs of these collections and waits for all; each must have written so many. */
  void importAll(
      String path, FileType type, ConflictMode mode, List<String> collections, int documents)
      throws InterruptedException {
    List<Long> jobs = new ArrayList<>();
    for (String collection : collections) {
      ImportParameters parameters = new ImportParameters(ENV, collection, path, type, false, mode);
      Reply reply = api.submit(new ImportRequest("bench", null, parameters, null, false));
      if (!(reply instanceof Reply.Accepted accepted)) {
        throw new IllegalStateException("not accepted: " + reply);
      }
      jobs.add(accepted.jobId());
    }
    for (long job : jobs) {
      JobState state = end(job);
      if (state.status() != JobStatus.SUCCESS || state.recordSuccess() != documents) {
        throw new IllegalStateException("not imported: " + state);
      }
    }
  }

  private JobState end(long job) throws InterruptedException {
    while (true) {
      JobReply reply = api.state(null, ENV, job);
      if (reply instanceof JobReply.Known(JobState state) && state.status().terminal()) {
        return state;
      }
      Thread.sleep(LOOK);
    }
  }

  double serverCpuSeconds() {
    return server.cpu().toMillis() / 1000.0;
  }

  long serverPeakMiB() throws IOException {
    return server.peakMiB();
  }

  /** Seconds of all processors that PostgreSQL's processes have used, ended ones too. */
  double databaseCpuSeconds() throws IOException {
    long postmaster =
        Long.parseLong(Files.readAllLines(folder.resolve("pg/postmaster.pid")).getFirst());
    long ticks = 0;
    try (Stream<ProcessHandle> children = ProcessHandle.of(postmaster).orElseThrow().children()) {
      for (ProcessHandle child : children.toList()) {
        ticks += ticks(child.pid(), false);
      }
    }
    return (ticks + ticks(postmaster, true)) / 100.0;
  }

  private static long ticks(long process, boolean withEndedChildren) throws IOException {
    Path stat = Path.of("/proc", Long.toString(process), "stat");
    if (!Files.exists(stat)) {
      return 0;
    }
    String text = Files.readString(stat);
    String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ", -1);
    long ticks = 0;
    for (int i = 11; i < (withEndedChildren ? 15 : 13); i++) {
      ticks += Long.parseLong(fields[i]);
    }
    return ticks;
  }

  /** Bytes written ahead since the database was made. */
  long logBytes() throws SQLException {
    return number("select pg_current_wal_lsn() - '0/0'::pg_lsn");
  }

  @Override
  public void close() throws IOException {
    api.close();
    try {
      server.terminate();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
    server.close();
    try {
      sql.close();
    } catch (SQLException broken) {
      throw new IOException(broken);
    } finally {
      database.close();
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
