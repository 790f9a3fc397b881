package io.dbimport.cli;

import io.dbimport.ImportApi;
import io.dbimport.client.AccessTokens;
import io.dbimport.client.HttpImportApi;
import io.dbimport.client.MeteredImportApi;
import io.dbimport.kafka.KafkaSettings;
import io.dbimport.kafka.KafkaWorker;
import io.dbimport.kafka.WorkerEnd;
import io.dbimport.server.Health;
import io.dbimport.server.ObserveServer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A worker with its API client, metrics and health: all that {@code worker} runs. Thread-safe. */
public final class WorkerProcess implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerProcess.class);

  /** What to do about topics, or a cluster, that are not as the worker needs them. */
  public enum OnProblems {
    /** Start over none that breaks a promise; say the rest aloud. */
    REFUSE,
    /** Start all the same, and quietly: for a broker that only plays at being a cluster. */
    GO_ON
  }

  private final KafkaWorker worker;
  private final AccessTokens tokens;
  private final HttpImportApi api;
  private final ObserveServer observe;

  private WorkerProcess(
      KafkaWorker worker, AccessTokens tokens, HttpImportApi api, ObserveServer observe) {
    this.worker = worker;
    this.tokens = tokens;
    this.api = api;
    this.observe = observe;
  }

  /**
   * Starts a worker once Kafka answers and the topics are looked at.
   *
   * @throws CommandFailed when it cannot start
   */
  public static WorkerProcess start(Settings settings, OnProblems onProblems)
      throws InterruptedException {
    AccessTokens tokens = Wiring.tokens(settings);
    HttpImportApi api = api(settings, tokens);
    PrometheusMeterRegistry registry = Wiring.registry();
    WorkerHealth health = new WorkerHealth();
    ObserveServer observe =
        Ports.listening(
            Setting.WORKER_PORT,
            settings,
            () ->
                ObserveServer.start(
                    settings.text(Setting.BIND),
                    settings.number(Setting.WORKER_PORT),
                    registry,
                    health));
    KafkaSettings kafka = Wiring.worker(settings, observe.port());
    try (Admin admin = KafkaReach.open(kafka)) {
      lookAtTopics(admin, kafka, settings, onProblems);
    } catch (CommandFailed cannotStart) {
      observe.close();
      api.close();
      tokens.close();
      throw cannotStart;
    }
    ImportApi metered = new MeteredImportApi(api, registry);
    KafkaWorker worker = KafkaWorker.start(kafka, Wiring.work(settings), metered, registry);
    health.worker.set(worker);
    return new WorkerProcess(worker, tokens, api, observe);
  }

  private static void lookAtTopics(
      Admin admin, KafkaSettings kafka, Settings settings, OnProblems onProblems)
      throws InterruptedException {
    switch (onProblems) {
      case REFUSE ->
          KafkaReach.requireTopics(admin, kafka, Wiring.remembered(settings))
              .forEach(warning -> LOG.warn("{}", warning));
      case GO_ON -> {
        if (LOG.isDebugEnabled()) {
          KafkaReach.problems(admin, kafka, Wiring.remembered(settings))
              .forEach(problem -> LOG.debug("{}", problem));
        }
      }
    }
  }

  private static HttpImportApi api(Settings settings, AccessTokens tokens) {
    try {
      return new HttpImportApi(Wiring.client(settings), tokens);
    } catch (IllegalArgumentException unusable) {
      throw Wiring.badSettings(
          Setting.API_CA.variable() + ": " + String.valueOf(unusable.getMessage()));
    }
  }

  /** The port of metrics and health. */
  public int port() {
    return observe.port();
  }

  /** Takes nothing new, finishes what is open, and ends within the stop timeout. */
  public void stop() {
    worker.stop();
  }

  /** Waits this long at most for the worker to end; empty when it did not. */
  public Optional<WorkerEnd> awaitEnd(Duration atMost) throws InterruptedException {
    return worker.awaitEnd(atMost);
  }

  /** Why it should not be counted on yet or any more; empty when it is at work. */
  public Optional<String> notReady() {
    return worker.notReady();
  }

  /** Closes what the worker used; it must have ended. */
  @Override
  public void close() {
    observe.close();
    api.close();
    tokens.close();
  }

  /** Asks the worker, once there is one. */
  private static final class WorkerHealth implements Health {
    private final AtomicReference<@Nullable KafkaWorker> worker = new AtomicReference<>();

    @Override
    public Optional<String> notLive() {
      return Optional.ofNullable(worker.get()).flatMap(KafkaWorker::notLive);
    }

    @Override
    public Optional<String> notReady() {
      return Optional.ofNullable(worker.get())
          .map(KafkaWorker::notReady)
          .orElse(Optional.of("starting"));
    }
  }
}
