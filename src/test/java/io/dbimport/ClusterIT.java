package io.dbimport;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.event.EventEncoder;
import io.dbimport.event.Message.Kind;
import io.dbimport.fixtures.CommittedRecords;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.KafkaCluster;
import io.dbimport.kafka.Messages;
import io.dbimport.kafka.Topics;
import io.dbimport.kafka.Topics.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/**
 * Two worker processes over three brokers, of which one at a time is killed while they work: first
 * the one that also looks after their group, which can take longer to move than members are waited
 * for, so that they lose their partitions with calls open; then one that only leads. The system
 * property {@code full} asks for ten times as many requests.
 */
final class ClusterIT {
  private static final int REQUESTS = Boolean.getBoolean("full") ? 4_000 : 400;
  private static final int PARTITIONS = 4;
  private static final int LANES = 40;
  private static final int ENVIRONMENTS = 10;
  private static final Duration ANSWER_AFTER = Duration.ofMillis(100);
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Path LOGS = Path.of("target/cluster");
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private static KafkaCluster cluster;

  @TempDir Path folder;

  private final List<LaunchedWorker> launched = new ArrayList<>();
  private boolean passed;

  @BeforeAll
  static void startBrokers() throws Exception {
    cluster = KafkaCluster.started();
  }

  @AfterAll
  static void endBrokers() {
    cluster.close();
  }

  @AfterEach
  void endWorkersAndShowWhatTheyLogged() throws Exception {
    launched.forEach(LaunchedWorker::close);
    cluster.restartDead();
    if (!passed) {
      launched.forEach(worker -> System.out.println("--- a worker\n" + worker.logged()));
    }
  }

  @Test
  void whatIsMadeOnThreeBrokersOutlivesOneAndNoWorkerStartsOverLess() throws Exception {
    Topics topics = topics("checked");
    assertThat(topics.create(1, (short) -1)).hasSize(Kind.values().length);
    cluster.awaitInSync(names("checked"));

    assertThat(topics.check()).isEmpty();
    assertThat(topics.describe().values())
        .allSatisfy(topic -> {
          assertThat(topic.replicas()).isEqualTo(3);
          assertThat(topic.config()).containsEntry("min.insync.replicas", "2");
        });

    var _ = topics("thin").create(1, (short) 1);
    cluster.awaitInSync(names("thin"));
    assertThat(topics("thin").check())
        .hasSize(Kind.values().length)
        .allMatch(problem -> problem.severity() == Topics.Severity.ERROR)
        .extracting(Problem::problem)
        .containsOnly("has one copy of each record");
    try (StubApi api = StubApi.start(0, folder.resolve("calls"), ANSWER_AFTER)) {
      LaunchedWorker refused = launch("thin", api, "refused");
      assertThat(refused.exitCode()).isEqualTo(78);
      assertThat(refused.logged())
          .containsPattern("each of .*thin.requests has one copy of each record: have 3");
    }
    passed = true;
  }

  @Test
  @Timeout(value = 8, unit = TimeUnit.MINUTES)
  void everyRequestHasOneOutcomeThoughTheBrokersThatLeadAreKilled() throws Exception {
    String prefix = "killed";
    var _ = topics(prefix).create(PARTITIONS, (short) 3);
    cluster.awaitInSync(names(prefix));
    String requests = Kind.REQUESTS.topic(prefix);
    Path notes = folder.resolve("calls");
    long began = System.nanoTime();
    try (StubApi api = StubApi.start(0, notes, ANSWER_AFTER);
        KafkaProducer<byte[], byte[]> producer = producer()) {
      LaunchedWorker first = launch(prefix, api, "first");
      LaunchedWorker second = launch(prefix, api, "second");
      await("both have partitions", () -> restores(first) > 0 && restores(second) > 0);
      await("both are ready", () -> first.ready() && second.ready());

      send(producer, prefix, 0, REQUESTS / 4);
      await("an eighth is called", () -> calls(notes) >= REQUESTS / 8);
      int one = cluster.coordinator(prefix + "-workers");
      assertThat(leaders(requests)).as("brokers that lead requests").contains(one);
      Instant killed = Instant.now();
      cluster.kill(one);
      assertThat(calls(notes)).as("calls when a broker was killed").isLessThan(REQUESTS / 4);

      send(producer, prefix, REQUESTS / 4, REQUESTS / 2);
      await("they work without it", () -> calls(notes) >= REQUESTS * 3 / 8);
      cluster.restart(one);
      cluster.awaitInSync(names(prefix));

      send(producer, prefix, REQUESTS / 2, REQUESTS * 3 / 4);
      await("five eighths are called", () -> calls(notes) >= REQUESTS * 5 / 8);
      Set<Integer> others = leaders(requests);
      others.remove(cluster.coordinator(prefix + "-workers"));
      int other = others.iterator().next();
      cluster.kill(other);
      assertThat(calls(notes)).as("calls when another was").isLessThan(REQUESTS * 3 / 4);
      send(producer, prefix, REQUESTS * 3 / 4, REQUESTS);

      assertEachIsAcceptedOnce(prefix);
      cluster.restart(other);
      await("offsets are at the end", () -> committedOffsets(prefix).equals(ends(prefix)));
      for (LaunchedWorker worker : List.of(first, second)) {
        await("it is at work", worker::ready);
        await("nothing is pending", () -> sample(worker, "dbimport_pending") == 0);
        assertThat(sample(worker, "dbimport_requests_received_total"))
            .as("received = accepted + failed + handed over")
            .isEqualTo(
                sample(worker, "dbimport_requests_total{outcome=\"accepted\"}")
                    + sample(worker, "dbimport_requests_total{outcome=\"failed\"}")
                    + sample(worker, "dbimport_requests_handed_over_total"));
        worker.terminate();
        assertThat(worker.exitCode()).as("drained").isZero();
      }
      // Only now: what came too often would have come by here.
      assertEachIsAcceptedOnce(prefix);

      List<StubApi.Import> calls = StubApi.imports(notes);
      assertThat(calledTwice(calls)).as("inserts called twice").isEmpty();
      LaneOrder order = LaneOrder.of(calls, epochNanos(killed), Set.of());
      assertThat(order.problems()).isEmpty();
      assertThat(calls).hasSize(REQUESTS + order.repeated());
      System.out.printf(
          "%d requests in %d s; brokers %d and %d killed; calls repeated: %d%n",
          REQUESTS,
          Duration.ofNanos(System.nanoTime() - began).toSeconds(),
          one,
          other,
          order.repeated());
    }
    passed = true;
  }

  private static Set<Integer> leaders(String topic) throws Exception {
    Set<Integer> leaders = new TreeSet<>();
    for (int partition = 0; partition < PARTITIONS; partition++) {
      leaders.add(cluster.leader(topic, partition));
    }
    return leaders;
  }

  /** Every request was accepted once and its job ended once, and nothing failed. */
  private static void assertEachIsAcceptedOnce(String prefix) throws Exception {
    List<String> ids = IntStream.range(0, REQUESTS).mapToObj(ClusterIT::id).toList();
    try (var accepted = committed(prefix, Kind.ACCEPTED);
        var errors = committed(prefix, Kind.ERRORS);
        var deadLetters = committed(prefix, Kind.DEAD_LETTERS);
        var finished = committed(prefix, Kind.FINISHED)) {
      await("all have an outcome", () -> accepted.all().size() + errors.all().size() >= ids.size());
      assertThat(errors.texts()).isEmpty();
      await("all are finished", () -> finished.all().size() >= ids.size());
      assertThat(requestIds(accepted)).containsExactlyElementsOf(ids);
      assertThat(requestIds(finished)).containsExactlyElementsOf(ids);
      assertThat(errors.texts()).isEmpty();
      assertThat(deadLetters.texts()).isEmpty();
    }
  }

  /** Inserts that arrived more than once; nobody knows then how often they were carried out. */
  private static List<String> calledTwice(List<StubApi.Import> calls) {
    return calls.stream()
        .filter(call -> call.conflictMode() == ConflictMode.INSERT.code())
        .collect(
            Collectors.groupingBy(
                call -> call.env() + "/" + call.collectionName() + " " + call.filePath(),
                Collectors.counting()))
        .entrySet()
        .stream()
        .filter(counted -> counted.getValue() > 1)
        .map(counted -> counted.getKey() + ": " + counted.getValue())
        .sorted()
        .toList();
  }

  private LaunchedWorker launch(String prefix, StubApi api, String instance) throws IOException {
    Map<String, String> settings =
        Map.of(
            "DBIMPORT_KAFKA_BOOTSTRAP_SERVERS",
            cluster.bootstrapServers(),
            "DBIMPORT_TOPIC_PREFIX",
            prefix,
            "DBIMPORT_GROUP_ID",
            prefix + "-workers",
            "DBIMPORT_INSTANCE_ID",
            instance,
            "DBIMPORT_API_URL",
            api.uri().toString(),
            // A cold worker on a busy machine took longer than a second for its first call.
            "DBIMPORT_API_TIMEOUT",
            "5s",
            "DBIMPORT_TOKEN",
            "the-token-of-the-cluster",
            "DBIMPORT_MAX_IN_FLIGHT",
            "8",
            "DBIMPORT_WORKER_PORT",
            "0");
    Path log = Files.createDirectories(LOGS).resolve(launched.size() + "-" + instance + ".log");
    LaunchedWorker worker = LaunchedWorker.launch(settings, log);
    launched.add(worker);
    return worker;
  }

  private static void send(
      KafkaProducer<byte[], byte[]> producer, String prefix, int from, int until) {
    EventEncoder events = new EventEncoder(prefix, prefix + "-producer");
    for (int number = from; number < until; number++) {
      var _ =
          producer.send(Messages.record(events.request(request(number), Instant.now()), prefix));
    }
    producer.flush();
  }

  /** The requests go round the lanes; in each, inserts and upserts take turns. */
  private static ImportRequest request(int number) {
    int lane = number % LANES;
    int inLane = number / LANES;
    ConflictMode mode = inLane % 2 == 0 ? ConflictMode.INSERT : ConflictMode.UPSERT;
    return new ImportRequest(
        id(number),
        null,
        new ImportParameters(
            "env-" + lane % ENVIRONMENTS,
            "collection-" + lane / ENVIRONMENTS,
            "files/" + inLane + ".json",
            FileType.JSON,
            false,
            mode),
        null,
        mode == ConflictMode.UPSERT);
  }

  private static String id(int number) {
    return "request-%05d".formatted(number);
  }

  private static List<String> requestIds(CommittedRecords events) {
    return events.texts().stream()
        .map(event -> JSON.readTree(event).path("request_id").asString(""))
        .sorted()
        .toList();
  }

  private static double restores(LaunchedWorker worker) {
    return sample(worker, "dbimport_ledger_restore_seconds_count");
  }

  private static double sample(LaunchedWorker worker, String name) {
    return worker.metrics().getOrDefault(name, Double.NaN);
  }

  private static Map<TopicPartition, Long> committedOffsets(String prefix) throws Exception {
    Map<TopicPartition, Long> offsets = new HashMap<>();
    cluster
        .admin()
        .listConsumerGroupOffsets(prefix + "-workers")
        .partitionsToOffsetAndMetadata()
        .get()
        .forEach((at, offset) -> offsets.put(at, offset.offset()));
    return offsets;
  }

  private static Map<TopicPartition, Long> ends(String prefix) throws Exception {
    Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
    for (int partition = 0; partition < PARTITIONS; partition++) {
      asked.put(new TopicPartition(Kind.REQUESTS.topic(prefix), partition), OffsetSpec.latest());
    }
    Map<TopicPartition, Long> ends = new HashMap<>();
    cluster.admin().listOffsets(asked).all().get().forEach((at, end) -> ends.put(at, end.offset()));
    return ends;
  }

  private static long calls(Path notes) throws IOException {
    try (var lines = Files.lines(notes)) {
      return lines.count();
    }
  }

  private static long epochNanos(Instant instant) {
    return instant.getEpochSecond() * 1_000_000_000L + instant.getNano();
  }

  private static Topics topics(String prefix) {
    return new Topics(cluster.admin(), prefix, Duration.ofDays(7));
  }

  private static List<String> names(String prefix) {
    return Arrays.stream(Kind.values()).map(kind -> kind.topic(prefix)).toList();
  }

  private static KafkaProducer<byte[], byte[]> producer() {
    return new KafkaProducer<>(
        Map.of("bootstrap.servers", cluster.bootstrapServers()),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }

  private static CommittedRecords committed(String prefix, Kind kind) {
    return new CommittedRecords(cluster.bootstrapServers(), kind.topic(prefix));
  }

  private static void await(String what, Callable<Boolean> holds) throws Exception {
    Eventually.isTrue(what, PATIENCE, holds);
  }
}
