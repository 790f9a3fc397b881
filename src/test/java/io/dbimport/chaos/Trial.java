package io.dbimport.chaos;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.LaunchedWorker;
import io.dbimport.chaos.Answer.Effect;
import io.dbimport.chaos.Evidence.Balance;
import io.dbimport.chaos.Evidence.Outcome;
import io.dbimport.event.EventEncoder;
import io.dbimport.event.Message.Kind;
import io.dbimport.kafka.Messages;
import io.dbimport.kafka.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * Topics, an evil API and worker processes of one group, and the verdict over what they did.
 * Confined to one thread.
 */
final class Trial implements AutoCloseable {
  /** Of one call; tests of crashes would wait for longer ones. */
  static final Duration API_TIMEOUT = Duration.ofSeconds(1);

  private static final String MAIN = "io.dbimport.kafka.WorkerUnderTest";

  /** An app whose tokens come from a service; those of all other requests from a file. */
  static final String SECOND_APP = "second";

  /** Calls at once of one worker. */
  static final int MAX_IN_FLIGHT = 32;

  private static final int SHOWN = 60;

  private final String bootstrapServers;
  private final String prefix;
  private final Path folder;
  private final EvilApi api;
  private final Path apps;
  private final Witness witness;
  private final KafkaProducer<byte[], byte[]> producer;
  private final EventEncoder events;
  private final List<LaunchedWorker> launched = new ArrayList<>();
  private boolean byCompletion;

  private Trial(String bootstrapServers, String prefix, Path folder) throws IOException {
    this.bootstrapServers = bootstrapServers;
    this.prefix = prefix;
    this.folder = folder;
    this.api = EvilApi.start(folder, API_TIMEOUT);
    this.apps = folder.resolve("apps.json").toAbsolutePath();
    Files.writeString(
        apps,
        """
        {"default": "first", "apps": {
          "first": {"family": "component", "source": "file", "token_file": "%s"},
          "%s": {"family": "app", "source": "url", "url": "%s"}}}
        """
            .formatted(api.tokenFile().getFileName(), SECOND_APP, api.tokenUri()));
    this.witness = new Witness(bootstrapServers, prefix, group());
    this.events = new EventEncoder(prefix, "producer");
    this.producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrapServers, "linger.ms", 5),
            new ByteArraySerializer(),
            new ByteArraySerializer());
  }

  /**
   * Makes the topics and starts the API.
   *
   * @param name of the trial: its topics' prefix, and the folder below {@code target} that holds
   *     what its workers log
   */
  static Trial begin(String bootstrapServers, String name, int partitions) throws Exception {
    Path folder = Path.of("target", "chaos", name);
    if (Files.exists(folder)) {
      try (Stream<Path> old = Files.list(folder)) {
        for (Path file : old.toList()) {
          Files.delete(file);
        }
      }
    }
    Files.createDirectories(folder);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
      var _ = new Topics(admin, name, Duration.ofDays(7)).create(partitions, (short) 1);
      // A process that is frozen between making a record and sending it would date it too early.
      ConfigEntry dated = new ConfigEntry("message.timestamp.type", "LogAppendTime");
      admin
          .incrementalAlterConfigs(
              Map.of(
                  new ConfigResource(ConfigResource.Type.TOPIC, Kind.OUTCOMES.topic(name)),
                  List.of(new AlterConfigOp(dated, AlterConfigOp.OpType.SET))))
          .all()
          .get();
    }
    return new Trial(bootstrapServers, name, folder);
  }

  EvilApi api() {
    return api;
  }

  /** Lanes wait for the end of jobs, which come at the first look; before anything begins. */
  void orderByCompletion() {
    byCompletion = true;
    api.endJobsAtLook(1);
  }

  private String group() {
    return prefix + "-workers";
  }

  /**
   * Starts a worker process and waits until it is warm; it joins the group when it is told to.
   *
   * @param trap as {@code WorkerUnderTest} takes it
   */
  LaunchedWorker launch(String instance, String... trap) throws Exception {
    LaunchedWorker worker = begin(instance, trap);
    await("a worker starts: " + instance, Duration.ofSeconds(60), worker::listens);
    return worker;
  }

  /** The same without waiting. */
  LaunchedWorker begin(String instance, String... trap) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // Many at once on few cores: what a JVM costs to start counts for more than how fast it runs.
    command.addAll(
        List.of(
            "-Xmx192m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty(
                "surefire.test.class.path", System.getProperty("java.class.path", "")),
            MAIN));
    command.addAll(List.of(trap));
    Map<String, String> settings = new HashMap<>();
    settings.put("DBIMPORT_KAFKA_BOOTSTRAP_SERVERS", bootstrapServers);
    settings.put("DBIMPORT_KAFKA_TRANSACTION_TIMEOUT_MS", "3000");
    settings.put("DBIMPORT_TOPIC_PREFIX", prefix);
    settings.put("DBIMPORT_GROUP_ID", group());
    settings.put("DBIMPORT_INSTANCE_ID", instance);
    settings.put("DBIMPORT_API_URL", api.uri().toString());
    settings.put("DBIMPORT_API_TIMEOUT", API_TIMEOUT.toMillis() + "ms");
    settings.put("DBIMPORT_APPS", apps.toString());
    settings.put("DBIMPORT_MAX_IN_FLIGHT", Integer.toString(MAX_IN_FLIGHT));
    settings.put("DBIMPORT_ORDERING", byCompletion ? "completion" : "request");
    settings.put("DBIMPORT_RETRY_INITIAL", "100ms");
    settings.put("DBIMPORT_RETRY_MAX", "1s");
    Path log = folder.resolve("%02d-%s.log".formatted(launched.size(), instance));
    LaunchedWorker worker = LaunchedWorker.launch(command, settings, log);
    launched.add(worker);
    return worker;
  }

  /** An import of a file that no other request has. */
  static ImportRequest request(String id, String lane, ConflictMode mode, boolean rerunSafe) {
    return request(id, null, lane, mode, rerunSafe);
  }

  /** The same for this app. */
  static ImportRequest request(
      String id, @Nullable String appId, String lane, ConflictMode mode, boolean rerunSafe) {
    String[] names = lane.split("/", -1);
    return new ImportRequest(
        id,
        appId,
        new ImportParameters(
            names[0], names[1], "files/" + id + ".json", FileType.JSON, false, mode),
        null,
        rerunSafe);
  }

  /** Sends it as {@code submit} does; {@link #flush} waits until it lies there. */
  void send(ImportRequest request) {
    send(Messages.record(events.request(request, Instant.now()), prefix));
  }

  /** Sends any bytes as a request. */
  void send(byte[] key, byte[] value) {
    send(new ProducerRecord<>(Kind.REQUESTS.topic(prefix), key, value));
  }

  private void send(ProducerRecord<byte[], byte[]> record) {
    var _ = producer.send(record);
  }

  void flush() {
    producer.flush();
  }

  /** Deliveries that have an outcome by now. */
  int settled() {
    return witness.settled();
  }

  /** What a trial came to. Immutable. */
  record Verdict(Evidence evidence, String summary) {
    /** Errors of a class, duplicates not counted. */
    long failed(String errorClass) {
      return evidence.outcomes().stream()
          .filter(o -> o.errorClass().equals(errorClass) && !o.duplicate())
          .count();
    }

    /** Deliveries whose own calls were accepted, in the end. */
    long accepted() {
      return evidence.outcomes().stream().filter(o -> o.accepted() && !o.duplicate()).count();
    }
  }

  /**
   * Waits for everything to end, drains the workers that are alive, and judges.
   *
   * @throws AssertionError with everything that is not as promised
   */
  Verdict verdict(Duration patience, List<LaunchedWorker> alive) throws Exception {
    flush();
    long giveUp = System.nanoTime() + patience.toNanos();
    Optional<String> open = witness.open();
    while (open.isPresent() && System.nanoTime() < giveUp) {
      LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
      open = witness.open();
    }
    List<String> problems = new ArrayList<>();
    open.ifPresent(what -> problems.add("NOT ENDED within " + patience + ": " + what));
    List<Balance> balances = new ArrayList<>();
    for (LaunchedWorker worker : alive) {
      balances.addAll(balance(worker, problems));
    }
    for (LaunchedWorker worker : alive) {
      if (worker.alive()) {
        worker.tell("stop");
      }
    }
    for (LaunchedWorker worker : alive) {
      int code = worker.exitCode();
      if (code != 0) {
        problems.add("a worker ended with " + code + ", not drained: " + last(worker.logged()));
      }
    }
    // Only now: what came too often would have come by here.
    Evidence evidence =
        witness.evidence(Post.read(api.notes()), balances, byCompletion ? api.jobEnds() : null);
    List<Judge.Violation> violations = Judge.violations(evidence);
    violations.stream().limit(SHOWN).forEach(violation -> problems.add(violation.toString()));
    String summary = summary(evidence);
    if (!problems.isEmpty()) {
      throw new AssertionError(
          "%s: %s; %d violations; logs in %s%n  %s"
              .formatted(
                  prefix, summary, violations.size(), folder, String.join("\n  ", problems)));
    }
    return new Verdict(evidence, prefix + ": " + summary);
  }

  private static List<Balance> balance(LaunchedWorker worker, List<String> problems) {
    if (!worker.alive()) {
      problems.add("a worker that should be alive has ended: " + last(worker.logged()));
      return List.of();
    }
    try {
      await(
          "nothing is pending",
          Duration.ofSeconds(10),
          () -> value(worker.metrics(), "dbimport_pending") == 0);
    } catch (Exception | AssertionError notEmpty) {
      problems.add(notEmpty.toString());
    }
    Map<String, Double> metrics = worker.metrics();
    return List.of(
        new Balance(
            "a worker",
            value(metrics, "dbimport_requests_received_total"),
            value(metrics, "dbimport_requests_restored_total"),
            value(metrics, "dbimport_requests_total{outcome=\"accepted\"}"),
            value(metrics, "dbimport_requests_total{outcome=\"failed\"}"),
            value(metrics, "dbimport_requests_handed_over_total"),
            value(metrics, "dbimport_pending") + value(metrics, "dbimport_parked")));
  }

  static double value(Map<String, Double> metrics, String name) {
    return metrics.getOrDefault(name, 0.0);
  }

  private static String last(String log) {
    return log.substring(Math.max(0, log.length() - 600));
  }

  private static String summary(Evidence evidence) {
    Map<String, Integer> classes = new TreeMap<>();
    for (Outcome outcome : evidence.outcomes()) {
      classes.merge(
          outcome.accepted()
              ? outcome.resolves().isEmpty()
                  ? outcome.duplicate() ? "duplicate" : "accepted"
                  : "resolved"
              : outcome.errorClass(),
          1,
          Integer::sum);
    }
    long open = evidence.posts().stream().filter(p -> p.answer().effect() == Effect.OPEN).count();
    return "%d deliveries, %d calls (%d without a usable answer), outcomes %s"
        .formatted(evidence.deliveries().size(), evidence.posts().size(), open, classes);
  }

  /** Waits for a condition; what the look throws counts as not yet. */
  static void await(String what, Duration patience, Callable<Boolean> look) {
    long giveUp = System.nanoTime() + patience.toNanos();
    String seen = "";
    while (true) {
      try {
        if (look.call()) {
          return;
        }
      } catch (UncheckedIOException notYet) {
        seen = notYet.toString();
      } catch (Exception failure) {
        throw new IllegalStateException(what, failure);
      }
      if (System.nanoTime() > giveUp) {
        throw new AssertionError("not within " + patience + ": " + what + " " + seen);
      }
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
  }

  @Override
  public void close() {
    launched.forEach(LaunchedWorker::close);
    producer.close(Duration.ZERO);
    witness.close();
    api.close();
  }
}
