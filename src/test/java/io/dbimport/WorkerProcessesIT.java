package io.dbimport;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.event.EventEncoder;
import io.dbimport.event.Message.Kind;
import io.dbimport.fixtures.CommittedRecords;
import io.dbimport.fixtures.KafkaFixture;
import io.dbimport.kafka.Messages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Two worker processes of one group, stopped, killed and frozen while they work. The system
 * property {@code full} asks for five times as many requests.
 */
final class WorkerProcessesIT {
  private static final int REQUESTS = Boolean.getBoolean("full") ? 10_000 : 2_000;
  private static final int PARTITIONS = 4;
  private static final int LANES = 200;
  private static final int ENVIRONMENTS = 10;
  private static final int MAX_IN_FLIGHT = 32;
  private static final Duration ANSWER_AFTER = Duration.ofMillis(100);
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final String TOKEN = "the-token-of-the-processes";
  private static final Path LOGS = Path.of("target/worker-processes");
  private static final JsonMapper JSON = JsonMapper.builder().build();

  @TempDir Path folder;

  private final List<LaunchedWorker> launched = new ArrayList<>();
  private boolean passed;

  @AfterEach
  void endAllAndShowWhatTheyLogged() {
    launched.forEach(LaunchedWorker::close);
    if (!passed) {
      launched.forEach(worker -> System.out.println("--- a worker\n" + worker.logged()));
    }
  }

  @Test
  @Timeout(value = 6, unit = TimeUnit.MINUTES)
  void everyRequestHasOneOutcomeThoughWorkersAreStoppedAndKilled() throws Exception {
    String prefix = KafkaFixture.freshTopics(PARTITIONS);
    Path notes = folder.resolve("calls");
    long began = System.nanoTime();
    try (StubApi api = StubApi.start(0, notes, ANSWER_AFTER);
        KafkaProducer<byte[], byte[]> producer = producer()) {
      LaunchedWorker first = launch(prefix, api, "first");
      LaunchedWorker second = launch(prefix, api, "second");
      // One that has no partition yet is ready too: what is sent now would be the other's alone.
      await("both have partitions", () -> restores(first) > 0 && restores(second) > 0);
      await("both are ready", () -> first.ready() && second.ready());
      send(producer, prefix, 0, REQUESTS / 3);
      await("a sixth is called", () -> calls(notes) >= REQUESTS / 6);

      long terminated = System.nanoTime();
      first.terminate();
      send(producer, prefix, REQUESTS / 3, 2 * REQUESTS / 3);
      assertThat(first.exitCode()).as("drained").isZero();
      Duration drain = Duration.ofNanos(System.nanoTime() - terminated);
      assertThat(calls(notes)).as("calls when it was drained").isLessThan(REQUESTS);

      LaunchedWorker firstAgain = launch(prefix, api, "first");
      await("it has partitions again", () -> restores(firstAgain) > 0 && firstAgain.ready());
      send(producer, prefix, 2 * REQUESTS / 3, REQUESTS);
      await("most are called", () -> calls(notes) >= REQUESTS * 3 / 4);

      Instant killed = Instant.now();
      second.kill();
      assertThat(calls(notes)).as("calls when one was killed").isLessThan(REQUESTS);
      LaunchedWorker secondAgain = launch(prefix, api, "second");
      Set<String> unknown = assertEachHasOneOutcome(prefix, REQUESTS, firstAgain, secondAgain);

      List<StubApi.Import> calls = StubApi.imports(notes);
      assertNoInsertIsCalledTwice(calls);
      LaneOrder order = LaneOrder.of(calls, epochNanos(killed), unknown);
      assertThat(order.problems()).isEmpty();
      System.out.printf(
          "%d requests in %d s; drained %d ms after SIGTERM; calls repeated after SIGKILL: %d%n",
          REQUESTS,
          Duration.ofNanos(System.nanoTime() - began).toSeconds(),
          drain.toMillis(),
          order.repeated());
    }
    passed = true;
  }

  @Test
  @Timeout(value = 6, unit = TimeUnit.MINUTES)
  void aWorkerThatIsFrozenUntilOthersHaveItsPartitionsDoesNothingTwice() throws Exception {
    int requests = REQUESTS / 2;
    String prefix = KafkaFixture.freshTopics(PARTITIONS);
    Path notes = folder.resolve("calls");
    try (StubApi api = StubApi.start(0, notes, ANSWER_AFTER);
        KafkaProducer<byte[], byte[]> producer = producer()) {
      LaunchedWorker first = launch(prefix, api, "first");
      LaunchedWorker frozen = launch(prefix, api, "frozen");
      await("both have partitions", () -> restores(first) > 0 && restores(frozen) > 0);
      send(producer, prefix, 0, requests);
      await("a third is called", () -> calls(notes) >= requests / 3);

      double before = restores(first);
      frozen.freeze();
      assertThat(calls(notes)).as("calls when one froze").isLessThan(requests);
      await("the other has its partitions", () -> restores(first) >= before + 2);
      frozen.thaw();

      var _ = assertEachHasOneOutcome(prefix, requests, first, frozen);
      assertNoInsertIsCalledTwice(StubApi.imports(notes));
      System.out.printf(
          "%d requests; calls repeated after SIGSTOP and SIGCONT: %d%n",
          requests, calls(notes) - requests);
    }
    passed = true;
  }

  /**
   * Waits for the end of all work, and stops the workers: every request was accepted once and its
   * job ended once, or is unknown, and nothing is left open.
   *
   * @return {@code env/collection/file} of what is unknown
   */
  private Set<String> assertEachHasOneOutcome(
      String prefix, int requests, LaunchedWorker... running) throws InterruptedException {
    Set<String> unknown = new HashSet<>();
    try (var accepted = committed(prefix, Kind.ACCEPTED);
        var errors = committed(prefix, Kind.ERRORS);
        var deadLetters = committed(prefix, Kind.DEAD_LETTERS);
        var finished = committed(prefix, Kind.FINISHED)) {
      await("all have an outcome", () -> accepted.all().size() + errors.all().size() >= requests);
      await(
          "all are finished",
          () ->
              finished.all().size()
                  == requests - errors.texts().size() + resolving(accepted).size());
      await("offsets are at the end", () -> committedOffsets(prefix).equals(ends(prefix)));
      await("no transaction is open", () -> openTransactions(prefix).isEmpty());
      for (LaunchedWorker worker : running) {
        await("it is at work", worker::ready);
        await("nothing is pending", () -> sample(worker, "dbimport_pending") == 0);
        assertBalance(worker.metrics());
      }
      for (LaunchedWorker worker : running) {
        worker.terminate();
        assertThat(worker.exitCode()).as("drained").isZero();
      }

      // Only now: what came too often would have come by here.
      List<String> ids = IntStream.range(0, requests).mapToObj(WorkerProcessesIT::id).toList();
      List<String> outcomes = new ArrayList<>(ids(errors));
      accepted.texts().stream()
          .filter(event -> text(event, "resolves").isEmpty())
          .forEach(event -> outcomes.add(text(event, "request_id")));
      assertThat(outcomes).containsExactlyInAnyOrderElementsOf(ids);
      assertThat(ids(finished)).isEqualTo(ids(accepted));
      assertThat(finished.texts()).allMatch(event -> text(event, "status").equals("success"));
      assertThat(errors.texts())
          .as("calls that were open when their worker was killed or frozen")
          .hasSizeLessThanOrEqualTo(MAX_IN_FLIGHT)
          .allMatch(event ->
              text(event, "error_class").equals("outcome_unknown")
                  && event.contains("\"conflict_mode\":1"));
      assertThat(deadLetters.all()).hasSameSizeAs(errors.all());
      for (String event : errors.texts()) {
        unknown.add(
            String.join(
                "/", text(event, "env"), text(event, "collection_name"), text(event, "file_path")));
      }
      System.out.printf(
          "%d requests; unknown: %d, corrected: %d%n",
          requests, errors.texts().size(), resolving(accepted).size());
    }
    assertThat(committedOffsets(prefix)).isEqualTo(ends(prefix));
    assertThat(launched).noneMatch(worker -> worker.logged().contains(TOKEN));
    return unknown;
  }

  private static List<String> resolving(CommittedRecords accepted) {
    return accepted.texts().stream()
        .filter(event -> text(event, "resolves").equals("outcome_unknown"))
        .toList();
  }

  private static void assertNoInsertIsCalledTwice(List<StubApi.Import> calls) {
    assertThat(calls.stream().filter(call -> call.conflictMode() == 1))
        .extracting(call -> call.env() + "/" + call.collectionName() + "/" + call.filePath())
        .doesNotHaveDuplicates();
  }

  private LaunchedWorker launch(String prefix, StubApi api, String instance) throws IOException {
    Map<String, String> settings = new HashMap<>();
    settings.put("DBIMPORT_KAFKA_BOOTSTRAP_SERVERS", KafkaFixture.bootstrapServers());
    settings.put("DBIMPORT_KAFKA_TRANSACTION_TIMEOUT_MS", "3000");
    settings.put("DBIMPORT_TOPIC_PREFIX", prefix);
    settings.put("DBIMPORT_GROUP_ID", prefix + "-workers");
    settings.put("DBIMPORT_INSTANCE_ID", instance);
    settings.put("DBIMPORT_API_URL", api.uri().toString());
    // A cold worker on a busy machine took longer than a second for its first call.
    settings.put("DBIMPORT_API_TIMEOUT", "5s");
    settings.put("DBIMPORT_TOKEN", TOKEN);
    settings.put("DBIMPORT_MAX_IN_FLIGHT", Integer.toString(MAX_IN_FLIGHT));
    settings.put("DBIMPORT_WORKER_PORT", "0");
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
            lane % 3 == 0 ? FileType.CSV : FileType.JSON,
            lane % 2 == 0,
            mode),
        null,
        mode == ConflictMode.UPSERT);
  }

  private static String id(int number) {
    return "request-%05d".formatted(number);
  }

  private static List<String> ids(CommittedRecords events) {
    return events.texts().stream().map(event -> text(event, "request_id")).sorted().toList();
  }

  private static String text(String event, String field) {
    JsonNode json = JSON.readTree(event);
    return json.path(field).asString("");
  }

  private static void assertBalance(Map<String, Double> metrics) {
    double accepted = value(metrics, "dbimport_requests_total{outcome=\"accepted\"}");
    double failed = value(metrics, "dbimport_requests_total{outcome=\"failed\"}");
    double handedOver = value(metrics, "dbimport_requests_handed_over_total");
    assertThat(value(metrics, "dbimport_requests_received_total"))
        .as("received = accepted + failed + handed over: %s, %s, %s", accepted, failed, handedOver)
        .isEqualTo(accepted + failed + handedOver);
  }

  private static double value(Map<String, Double> metrics, String name) {
    return metrics.getOrDefault(name, Double.NaN);
  }

  private static double sample(LaunchedWorker worker, String name) {
    return value(worker.metrics(), name);
  }

  private static double restores(LaunchedWorker worker) {
    return sample(worker, "dbimport_ledger_restore_seconds_count");
  }

  private static int calls(Path notes) {
    try {
      int lines = 0;
      for (byte character : Files.readAllBytes(notes)) {
        lines += character == '\n' ? 1 : 0;
      }
      return lines;
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static long epochNanos(Instant instant) {
    return instant.getEpochSecond() * 1_000_000_000L + instant.getNano();
  }

  private static KafkaProducer<byte[], byte[]> producer() {
    return new KafkaProducer<>(
        Map.of("bootstrap.servers", KafkaFixture.bootstrapServers()),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }

  private static CommittedRecords committed(String prefix, Kind kind) {
    return new CommittedRecords(KafkaFixture.bootstrapServers(), kind.topic(prefix));
  }

  private static Map<Integer, Long> committedOffsets(String prefix) {
    Map<Integer, Long> offsets = new TreeMap<>();
    answer(
            KafkaFixture.admin()
                .listConsumerGroupOffsets(prefix + "-workers")
                .partitionsToOffsetAndMetadata())
        .forEach((at, offset) -> offsets.put(at.partition(), offset.offset()));
    return offsets;
  }

  private static Map<Integer, Long> ends(String prefix) {
    Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
    for (int partition = 0; partition < PARTITIONS; partition++) {
      asked.put(new TopicPartition(Kind.REQUESTS.topic(prefix), partition), OffsetSpec.latest());
    }
    Map<Integer, Long> ends = new TreeMap<>();
    answer(
            KafkaFixture.admin()
                .listOffsets(asked, new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED))
                .all())
        .forEach((at, end) -> ends.put(at.partition(), end.offset()));
    return ends;
  }

  private static List<String> openTransactions(String prefix) {
    return answer(KafkaFixture.admin().listTransactions(new ListTransactionsOptions()).all())
        .stream()
        .filter(transaction -> transaction.transactionalId().startsWith(prefix + "."))
        .filter(transaction ->
            switch (transaction.state()) {
              case EMPTY, COMPLETE_COMMIT, COMPLETE_ABORT -> false;
              case ONGOING, PREPARE_ABORT, PREPARE_COMMIT, PREPARE_EPOCH_FENCE, UNKNOWN -> true;
            })
        .map(transaction -> transaction.transactionalId() + " " + transaction.state())
        .toList();
  }

  private static <T> T answer(KafkaFuture<T> future) {
    try {
      return future.get();
    } catch (Exception failure) {
      throw new IllegalStateException(failure);
    }
  }

  private static void await(String what, BooleanSupplier holds) {
    long giveUp = System.nanoTime() + PATIENCE.toNanos();
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() > giveUp) {
        throw new AssertionError("not within " + PATIENCE + ": " + what);
      }
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }
}
