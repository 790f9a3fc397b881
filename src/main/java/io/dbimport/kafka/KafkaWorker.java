package io.dbimport.kafka;

import io.dbimport.ImportApi;
import io.dbimport.event.RequestDecoder;
import io.dbimport.worker.Moment;
import io.dbimport.worker.Worker;
import io.dbimport.worker.WorkerSettings;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One worker process's share of the group: its clients, its loop and its threads. Thread-safe. */
public final class KafkaWorker {
  private static final Logger LOG = LoggerFactory.getLogger(KafkaWorker.class);
  private static final Duration LIVE_WITHIN = Duration.ofMinutes(2);

  private final CompletableFuture<WorkerEnd> end = new CompletableFuture<>();
  private final KafkaSettings settings;
  private final WorkerSettings workerSettings;
  private final ImportApi api;
  private final MeterRegistry registry;
  private final Milestone.Listener milestones;
  private volatile @Nullable WorkerLoop loop;
  private volatile boolean stopAsked;

  private KafkaWorker(
      KafkaSettings settings,
      WorkerSettings workerSettings,
      ImportApi api,
      MeterRegistry registry,
      Milestone.Listener milestones) {
    this.settings = settings;
    this.workerSettings = workerSettings;
    this.api = api;
    this.registry = registry;
    this.milestones = milestones;
  }

  /** Starts consuming. The topics must be there: see {@link Topics}. */
  public static KafkaWorker start(
      KafkaSettings settings,
      WorkerSettings workerSettings,
      ImportApi api,
      MeterRegistry registry) {
    return start(settings, workerSettings, api, registry, Milestone.Listener.NOBODY);
  }

  /** The same, heard at its milestones. */
  static KafkaWorker start(
      KafkaSettings settings,
      WorkerSettings workerSettings,
      ImportApi api,
      MeterRegistry registry,
      Milestone.Listener milestones) {
    KafkaWorker worker = new KafkaWorker(settings, workerSettings, api, registry, milestones);
    Thread.ofPlatform().name("worker-loop").start(worker::run);
    return worker;
  }

  /** Takes nothing new, finishes what is open, and ends within the stop timeout. */
  public void stop() {
    stopAsked = true;
    WorkerLoop running = loop;
    if (running != null) {
      running.stop();
    }
  }

  /** Waits for the end. */
  public WorkerEnd awaitEnd() throws InterruptedException {
    try {
      return end.get();
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Waits this long at most for the end; empty when it has not come. */
  public Optional<WorkerEnd> awaitEnd(Duration atMost) throws InterruptedException {
    try {
      return Optional.of(end.get(atMost.toNanos(), TimeUnit.NANOSECONDS));
    } catch (TimeoutException notYet) {
      return Optional.empty();
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** How the loop is; empty while it starts. */
  public Optional<LoopStatus> status() {
    return Optional.ofNullable(loop).map(WorkerLoop::status);
  }

  /** Why the process should be restarted; empty while the loop turns. */
  public Optional<String> notLive() {
    return status()
        .map(status -> Duration.ofNanos(System.nanoTime() - status.turnedAtNanos()))
        .filter(since -> since.compareTo(LIVE_WITHIN) > 0)
        .map(since -> "the loop has not turned for " + since.toSeconds() + " s");
  }

  /** Why it should not be counted on yet or any more; empty when it is at work. */
  public Optional<String> notReady() {
    if (end.isDone()) {
      return Optional.of("ended");
    }
    return status()
        .map(status ->
            status.stopping()
                ? "draining"
                : !status.refused().isEmpty()
                    ? "not worked on, partition and why: " + status.refused()
                    : status.restoring() > 0
                        ? "restoring " + status.restoring() + " partitions"
                        : "")
        .or(() -> Optional.of("starting"))
        .filter(reason -> !reason.isEmpty());
  }

  private void run() {
    WorkerEnd ended;
    try {
      ended = consume();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      ended = new WorkerEnd.StoppedBeforeDrained("interrupted");
    } catch (RuntimeException broken) {
      LOG.error("the worker ends", broken);
      ended = endBy(broken);
    } catch (Error fatal) {
      end.complete(new WorkerEnd.Broken(fatal));
      throw fatal;
    }
    end.complete(ended);
  }

  /** Kafka's clients wrap what they deny, and the consumer what is thrown in a rebalance. */
  static WorkerEnd endBy(RuntimeException broken) {
    for (Throwable cause = broken; cause != null; cause = cause.getCause()) {
      if (cause instanceof Transactions.InstanceIdInUse inUse) {
        return new WorkerEnd.InstanceIdInUse(String.valueOf(inUse.getMessage()));
      }
    }
    return Access.denial(broken)
        .<WorkerEnd>map(why -> new WorkerEnd.NotAuthorised(String.valueOf(why.getMessage())))
        .orElseGet(() -> new WorkerEnd.Broken(broken));
  }

  private WorkerEnd consume() throws InterruptedException {
    Clients clients = new Clients(settings);
    var inbox = new LinkedBlockingQueue<Inbound>();
    Supplier<Moment> clock = monotonicClock();
    WorkerMeters meters = new WorkerMeters(registry);
    WorkerLoop ran;
    WorkerEnd ended;
    try (Admin admin = clients.admin()) {
      LedgerReader ledger = new LedgerReader(settings, clients, admin);
      String topicId = ledger.topicId();
      // Closed in the opposite order: the consumer hands its partitions over while all else lives.
      try (Committer committer =
              new Committer(
                  new Transactions(settings, clients, registry, milestones), ledger, clock, inbox);
          Journal journal = new Journal(settings, clients, topicId, inbox, milestones);
          JournalTail tail = new JournalTail(settings, clients, topicId, inbox);
          Rereads rereads = new Rereads(settings, clients, inbox);
          Calls calls = new Calls(api, journal, clock, inbox, milestones);
          Restores restores = new Restores(ledger, meters, inbox, milestones);
          KafkaConsumer<byte[], byte[]> consumer = clients.groupConsumer();
          KafkaClientMetrics consumerMetrics = new KafkaClientMetrics(consumer)) {
        consumerMetrics.bindTo(registry);
        Worker worker =
            new Worker(workerSettings, new RequestDecoder(), RandomGenerator.getDefault(), meters);
        Records records = new Records(settings, topicId);
        WorkerLoop fresh =
            new WorkerLoop(
                settings,
                worker,
                clock,
                inbox,
                new WorkerLoop.Parts(
                    consumer, committer, calls, journal, tail, rereads, restores, records, meters));
        meters.watch(fresh::status);
        loop = fresh;
        if (stopAsked) {
          fresh.stop();
        }
        ran = fresh;
        ended = fresh.run();
      }
    }
    return ran.afterClosing(ended);
  }

  private static Supplier<Moment> monotonicClock() {
    long origin = System.nanoTime();
    return () -> new Moment(Instant.now(), System.nanoTime() - origin);
  }
}
