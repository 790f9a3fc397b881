package io.dbimport.cli;

import com.zaxxer.hikari.HikariDataSource;
import io.dbimport.engine.PostgresEngine;
import io.dbimport.engine.Storage;
import io.dbimport.server.App;
import io.dbimport.server.Health;
import io.dbimport.server.ImportServer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.URI;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The import service with its database and storage: all that {@code server} runs. Thread-safe. */
public final class ServerProcess implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ServerProcess.class);
  private static final Duration DATABASE_PATIENCE = Duration.ofSeconds(30);

  private final Storage storage;
  private final HikariDataSource database;
  private final PostgresEngine engine;
  private final ImportServer server;

  private ServerProcess(
      Storage storage, HikariDataSource database, PostgresEngine engine, ImportServer server) {
    this.storage = storage;
    this.database = database;
    this.engine = engine;
    this.server = server;
  }

  /**
   * Starts the service once its database answers.
   *
   * @throws CommandFailed when it cannot start
   */
  public static ServerProcess start(Settings settings) throws InterruptedException {
    Supplier<List<App>> apps = Wiring.apps(settings);
    List<App> atStart = apps.get();
    PrometheusMeterRegistry registry = Wiring.registry();
    Storage storage = Wiring.storage(settings);
    HikariDataSource database = null;
    PostgresEngine engine = null;
    try {
      HikariDataSource connections = Wiring.database(settings);
      database = connections;
      engine = engine(settings, connections, storage, atStart, registry);
      PostgresEngine opened = engine;
      Supplier<List<App>> known = () -> withEnvironments(opened, apps.get());
      ImportServer server =
          Ports.listening(
              Setting.SERVER_PORT,
              settings,
              () ->
                  ImportServer.start(
                      Wiring.server(settings, known),
                      opened,
                      connections,
                      storage,
                      registry,
                      Health.ALWAYS));
      return new ServerProcess(storage, connections, engine, server);
    } catch (RuntimeException | InterruptedException cannotStart) {
      if (engine != null) {
        engine.close();
      }
      if (database != null) {
        database.close();
      }
      storage.close();
      if (cannotStart instanceof IllegalArgumentException wrong) {
        throw Wiring.badSettings(String.valueOf(wrong.getMessage()));
      }
      throw cannotStart;
    }
  }

  /** An environment that the apps' file names from now on is there before anybody calls it. */
  private static List<App> withEnvironments(PostgresEngine engine, List<App> apps) {
    engine.addEnvironments(apps.stream().flatMap(app -> app.environments().stream()).toList());
    return apps;
  }

  /** A database that is just starting is waited for: the two often start together. */
  private static PostgresEngine engine(
      Settings settings,
      HikariDataSource database,
      Storage storage,
      List<App> apps,
      PrometheusMeterRegistry registry)
      throws InterruptedException {
    long giveUpAt = System.nanoTime() + DATABASE_PATIENCE.toNanos();
    while (true) {
      try {
        return PostgresEngine.open(database, storage, Wiring.engine(settings, apps), registry);
      } catch (SQLException away) {
        if (System.nanoTime() >= giveUpAt || !mayComeBack(away)) {
          throw Wiring.badSettings(
              "%s: the database at %s cannot be used: %s"
                  .formatted(
                      Setting.DATABASE_URL.variable(),
                      settings.text(Setting.DATABASE_URL),
                      rootOf(away).getMessage()));
        }
        LOG.info("waiting for the database: {}", rootOf(away).getMessage());
        Thread.sleep(Duration.ofSeconds(1));
      }
    }
  }

  /** Not for a password that is wrong or a database that is not there. */
  private static boolean mayComeBack(SQLException away) {
    Throwable root = rootOf(away);
    String state = root instanceof SQLException sql ? sql.getSQLState() : null;
    return state == null || !(state.startsWith("28") || state.startsWith("3D"));
  }

  private static Throwable rootOf(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null && root.getCause() instanceof SQLException) {
      root = root.getCause();
    }
    return root;
  }

  /** Where the service is reached from this machine. */
  public URI uri() {
    return server.uri();
  }

  /** Takes no new call, lets running jobs commit their batch, and closes everything. */
  @Override
  public void close() {
    server.close();
    engine.close();
    database.close();
    storage.close();
  }
}
