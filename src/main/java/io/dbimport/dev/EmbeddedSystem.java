package io.dbimport.dev;

import io.dbimport.cli.CommandFailed;
import io.dbimport.cli.ExitCode;
import io.dbimport.cli.KafkaReach;
import io.dbimport.cli.Ports;
import io.dbimport.cli.Screen;
import io.dbimport.cli.Screen.Look;
import io.dbimport.cli.Screen.Part;
import io.dbimport.cli.ServerProcess;
import io.dbimport.cli.Setting;
import io.dbimport.cli.Settings;
import io.dbimport.cli.StopSignal;
import io.dbimport.cli.Wiring;
import io.dbimport.cli.WorkerProcess;
import io.dbimport.cli.WorkerProcess.OnProblems;
import io.dbimport.kafka.KafkaSettings;
import io.dbimport.kafka.Topics;
import io.dbimport.kafka.WorkerEnd;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything there is, in one process: broker, database, server and worker. The server speaks HTTPS
 * with a certificate made at the start, which this worker trusts and nobody else. Confined to one
 * thread.
 */
final class EmbeddedSystem implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedSystem.class);
  private static final Duration READY_WITHIN = Duration.ofSeconds(60);
  private static final Duration STOP_WITHIN = Duration.ofSeconds(40);
  private static final int PARTITIONS = 4;

  /** Ports to use; 0 picks a free one. */
  record PortsToUse(int kafka, int database, int server, int worker) {
    static final PortsToUse FREE = new PortsToUse(0, 0, 0, 0);
  }

  /** Something that is started, and closed again in the end. */
  private interface Start<T> {
    T start() throws IOException, InterruptedException;
  }

  /** How it is closed. */
  private interface Stop<T> {
    void stop(T started) throws IOException, InterruptedException;
  }

  private interface Closing {
    void close() throws IOException, InterruptedException;
  }

  private final Screen screen;
  private final StopSignal signal;
  private final Deque<Closing> open = new ArrayDeque<>();
  private Settings settings;
  private String databaseAddress = "";
  private String databaseUrl = "";
  private String workerAddress = "";
  private Path certificate = Path.of("");
  private @Nullable String token;

  private EmbeddedSystem(Screen screen, StopSignal signal, Settings settings) {
    this.screen = screen;
    this.signal = signal;
    this.settings = settings;
  }

  /**
   * Starts all of it and says so as it happens. When a part does not start, what did is closed.
   *
   * <p>A signal is looked at between the parts: a broker that is interrupted in its start takes the
   * whole process down.
   *
   * @throws CommandFailed when something does not start
   * @throws InterruptedException when the process was told to stop
   */
  static EmbeddedSystem start(
      Screen screen, StopSignal signal, Settings settings, boolean keep, PortsToUse ports)
      throws InterruptedException {
    EmbeddedSystem system = new EmbeddedSystem(screen, signal, settings);
    try {
      system.startAll(keep, ports);
      return system;
    } catch (CommandFailed | InterruptedException told) {
      system.close();
      throw told;
    } catch (IOException | RuntimeException failure) {
      system.close();
      if (signal.arrived()) {
        // Ctrl-C reaches the programs that a part starts as well: they are what failed.
        throw new InterruptedException("SIG" + signal.name());
      }
      LOG.debug("starting failed", failure);
      throw new CommandFailed(
          ExitCode.INTERNAL_ERROR,
          "cannot start: " + rootOf(failure) + " (more with --log-level debug)");
    }
  }

  private static String rootOf(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return failure.getCause() == null ? failure.toString() : failure.getMessage() + ": " + root;
  }

  private void startAll(boolean keep, PortsToUse ports) throws IOException, InterruptedException {
    DataFolder folder = DataFolder.open(keep);
    open.push(folder::close);
    SelfSignedCertificate tls = SelfSignedCertificate.make(folder.passing());
    certificate = tls.certificate();
    EmbeddedDatabase database =
        part(
            "PostgreSQL",
            () ->
                EmbeddedDatabase.start(
                    folder.data().resolve("postgres"),
                    folder.passing().resolve("postgres"),
                    orFree(ports.database())),
            EmbeddedDatabase::address,
            EmbeddedDatabase::close);
    databaseAddress = database.address();
    databaseUrl = database.jdbcUrl();
    EmbeddedKafka kafka =
        part(
            "Kafka",
            () ->
                EmbeddedKafka.start(
                    folder.data().resolve("kafka"), orFree(ports.kafka()), Map.of()),
            EmbeddedKafka::bootstrapServers,
            EmbeddedKafka::close);
    settings =
        settings
            .with(Setting.KAFKA_BOOTSTRAP_SERVERS, kafka.bootstrapServers())
            .with(Setting.DATABASE_URL, database.jdbcUrl())
            .with(Setting.STORAGE, "file:" + folder.data().resolve("storage"))
            .with(Setting.SERVER_TLS_CERT, tls.certificate().toString())
            .with(Setting.SERVER_TLS_KEY, tls.key().toString())
            .with(Setting.SERVER_PORT, Integer.toString(ports.server()))
            .with(Setting.WORKER_PORT, Integer.toString(ports.worker()))
            .with(Setting.API_CA, tls.certificate().toString());
    if (!settings.isSet(Setting.TOKEN)) {
      settings = settings.with(Setting.TOKEN, Wiring.DEV_TOKEN);
      token = Wiring.DEV_TOKEN;
    }
    ServerProcess server =
        part(
            "server",
            () -> ServerProcess.start(settings),
            s -> s.uri().toString(),
            ServerProcess::close);
    settings = settings.with(Setting.API_URL, server.uri().toString());
    createTopics();
    WorkerProcess worker =
        part(
            "worker",
            () -> ready(WorkerProcess.start(settings, OnProblems.GO_ON)),
            w -> "http://127.0.0.1:" + w.port() + "/metrics",
            EmbeddedSystem::stop);
    workerAddress = "http://127.0.0.1:" + worker.port();
  }

  private <T> T part(String name, Start<T> start, Function<T, String> address, Stop<T> stop)
      throws IOException, InterruptedException {
    stopIfTold();
    screen.progress(name + " starts", 0, 1);
    long began = System.nanoTime();
    T started = start.start();
    open.push(() -> stop.stop(started));
    Duration took = Duration.ofNanos(System.nanoTime() - began);
    screen.line(
        List.of(
            new Part(Look.GOOD, "  ✓ "),
            Part.of(Screen.padded(name, 12)),
            new Part(Look.STRONG, Screen.padded(address.apply(started), 56)),
            new Part(Look.FAINT, Screen.spoken(took))));
    return started;
  }

  private void stopIfTold() throws InterruptedException {
    if (signal.arrived()) {
      throw new InterruptedException("SIG" + signal.name());
    }
  }

  private void createTopics() throws InterruptedException {
    KafkaSettings kafka = Wiring.kafka(settings);
    try (Admin admin = KafkaReach.open(kafka)) {
      new Topics(admin, kafka.topicPrefix(), Wiring.remembered(settings))
          .create(PARTITIONS, (short) 1);
    }
  }

  private static WorkerProcess ready(WorkerProcess worker) throws InterruptedException {
    long giveUpAt = System.nanoTime() + READY_WITHIN.toNanos();
    while (worker.notReady().isPresent()) {
      Optional<WorkerEnd> end = worker.awaitEnd(Duration.ofMillis(50));
      if (end.isPresent() || System.nanoTime() > giveUpAt) {
        throw new CommandFailed(
            ExitCode.INTERNAL_ERROR, "the worker is not ready: " + worker.notReady().orElse(""));
      }
    }
    return worker;
  }

  private static void stop(WorkerProcess worker) throws InterruptedException {
    worker.stop();
    if (worker.awaitEnd(STOP_WITHIN).isEmpty()) {
      LOG.warn("the worker did not stop in {} s", STOP_WITHIN.toSeconds());
    }
    worker.close();
  }

  private static int orFree(int port) throws IOException {
    return port == 0 ? Ports.free() : port;
  }

  /** The settings that reach everything that was started. */
  Settings settings() {
    return settings;
  }

  /** The database for {@code psql}. */
  String databaseAddress() {
    return databaseAddress;
  }

  /** The database for JDBC. */
  String databaseUrl() {
    return databaseUrl;
  }

  /** The worker's metrics and health. */
  String workerAddress() {
    return workerAddress;
  }

  /** A folder that goes away with the system. */
  Path passing() {
    return Objects.requireNonNull(certificate.getParent());
  }

  /** The token to call with; empty when it is somebody's own. */
  Optional<String> token() {
    return Optional.ofNullable(token);
  }

  /** The server's certificate, PEM. */
  Path certificate() {
    return certificate;
  }

  /** Stops everything, last started first, and removes what is not kept. */
  @Override
  public void close() {
    boolean interrupted = Thread.interrupted();
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (InterruptedException again) {
        interrupted = true;
      } catch (IOException | RuntimeException failure) {
        LOG.warn("closing failed", failure);
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
