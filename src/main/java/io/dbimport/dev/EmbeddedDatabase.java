package io.dbimport.dev;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/** A PostgreSQL of this process's own, with a database named {@code dbimport}. Thread-safe. */
public final class EmbeddedDatabase implements AutoCloseable {
  private static final String NAME = "dbimport";
  private static final String USER = "postgres";

  private final EmbeddedPostgres postgres;

  private EmbeddedDatabase(EmbeddedPostgres postgres) {
    this.postgres = postgres;
  }

  /** Starts one that may lose what it committed when the machine's power fails. */
  public static EmbeddedDatabase start(Path data, Path programs, int port) throws IOException {
    return start(data, programs, port, false);
  }

  /**
   * Starts a database on loopback; blocks until it takes connections.
   *
   * @param data its data: empty, or what an earlier one left
   * @param programs where its programs are unpacked
   * @param port a free one
   * @param durable whether a commit waits for the disk
   * @throws IOException when it does not start
   */
  public static EmbeddedDatabase start(Path data, Path programs, int port, boolean durable)
      throws IOException {
    // It makes this folder wherever its programs go; by default one that nobody removes.
    System.setProperty("ot.epg.working-dir", programs.toString());
    EmbeddedPostgres postgres =
        EmbeddedPostgres.builder()
            .setPort(port)
            .setDataDirectory(Files.createDirectories(data))
            .setCleanDataDirectory(false)
            .setOverrideWorkingDirectory(Files.createDirectories(programs).toFile())
            .setRegisterShutdownHook(false)
            .setServerConfig("listen_addresses", "127.0.0.1")
            .setServerConfig("max_connections", "100")
            .setServerConfig("fsync", durable ? "on" : "off")
            .setServerConfig("synchronous_commit", durable ? "on" : "off")
            .setLocaleConfig("locale", "C.UTF-8")
            .setLocaleConfig("encoding", "UTF8")
            .setOutputRedirector(Redirect.DISCARD)
            .setErrorRedirector(Redirect.DISCARD)
            .setPGStartupWait(Duration.ofSeconds(60))
            .start();
    EmbeddedDatabase database = new EmbeddedDatabase(postgres);
    try {
      database.create();
      return database;
    } catch (SQLException unusable) {
      postgres.close();
      throw new IOException("the embedded database cannot be used", unusable);
    }
  }

  private void create() throws SQLException {
    try (Connection connection = postgres.getPostgresDatabase().getConnection();
        Statement statement = connection.createStatement()) {
      boolean there;
      try (ResultSet found =
          statement.executeQuery("select 1 from pg_database where datname = '" + NAME + "'")) {
        there = found.next();
      }
      if (!there) {
        statement.execute("create database " + NAME);
      }
    }
  }

  /** Address for JDBC, the user included. */
  public String jdbcUrl() {
    return "jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/" + NAME + "?user=" + USER;
  }

  /** Address for {@code psql}. */
  public String address() {
    return "postgresql://" + USER + "@127.0.0.1:" + postgres.getPort() + "/" + NAME;
  }

  /** A connection of the caller's own. */
  public Connection connect() throws SQLException {
    return postgres.getDatabase(USER, NAME).getConnection();
  }

  @Override
  public void close() throws IOException {
    postgres.close();
  }
}
