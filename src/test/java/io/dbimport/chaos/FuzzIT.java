package io.dbimport.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportApi;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.JobReply;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.Presence;
import io.dbimport.Reply;
import io.dbimport.event.EventEncoder;
import io.dbimport.event.Message;
import io.dbimport.event.Message.Kind;
import io.dbimport.event.Mutations;
import io.dbimport.fixtures.KafkaFixture;
import io.dbimport.kafka.KafkaSettings;
import io.dbimport.kafka.KafkaWorker;
import io.dbimport.kafka.WorkerEnd;
import io.dbimport.worker.WorkerSettings;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Damaged requests through a whole worker: each has one outcome, the worker lives, and its memory
 * does not grow. The system property {@code full} asks for a million, {@code seed} for the same
 * ones again.
 */
class FuzzIT {
  private static final int REQUESTS = Boolean.getBoolean("full") ? 1_000_000 : 100_000;
  private static final int PARTITIONS = 4;
  private static final int CHUNK = 5_000;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** What an accepted request may keep for good: its id is remembered, to know it again. */
  private static final long BYTES_REMEMBERED = 200;

  private static final long BYTES_OF_NOISE = 24L << 20;

  @Test
  @Timeout(value = 30, unit = TimeUnit.MINUTES)
  void everyDamagedRequestHasOneOutcome() throws Exception {
    long seed = Long.getLong("seed", System.nanoTime() % 1_000_000);
    System.out.println("FuzzIT seed " + seed);
    String prefix = KafkaFixture.freshTopics(PARTITIONS);
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    KafkaWorker worker =
        KafkaWorker.start(
            new KafkaSettings(
                Map.of("bootstrap.servers", KafkaFixture.bootstrapServers()),
                prefix,
                prefix + "-workers",
                "fuzzed",
                Duration.ofMillis(20),
                Duration.ofSeconds(5),
                Duration.ofSeconds(30)),
            WorkerSettings.defaults(),
            new YesApi(),
            registry);
    try (KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(
                Map.of("bootstrap.servers", KafkaFixture.bootstrapServers(), "linger.ms", 5),
                new ByteArraySerializer(),
                new ByteArraySerializer());
        Ledger ledger = new Ledger(prefix)) {
      Fuzz fuzz = new Fuzz(prefix, new Random(seed));
      long began = System.nanoTime();
      long heapBefore = 0;
      for (int sent = 0; sent < REQUESTS; sent += CHUNK) {
        for (int i = 0; i < CHUNK; i++) {
          ProducerRecord<byte[], byte[]> record = fuzz.next();
          var _ = producer.send(record, (at, failure) -> ledger.sent(at.partition(), failure));
        }
        producer.flush();
        int expected = sent + CHUNK;
        Trial.await(
            expected + " have an outcome",
            PATIENCE,
            () -> worker.awaitEnd(Duration.ZERO).isPresent() || ledger.outcomes() >= expected);
        assertThat(worker.awaitEnd(Duration.ZERO)).as("seed " + seed).isEmpty();
        if (expected == REQUESTS / 2) {
          ledger.assertAllEnded();
          heapBefore = heapBytes();
        }
      }
      ledger.assertAllEnded();
      long heapAfter = heapBytes();
      worker.stop();
      assertThat(worker.awaitEnd()).isInstanceOf(WorkerEnd.Drained.class);
      List<String> problems = ledger.problems();
      System.out.printf(
          "%d requests in %d s: %d accepted (%d duplicates), %d refused %s; heap %d MB in the middle, %d MB at the"
              + " end%n",
          REQUESTS,
          Duration.ofNanos(System.nanoTime() - began).toSeconds(),
          ledger.accepted,
          ledger.duplicates,
          ledger.errors,
          ledger.classes,
          heapBefore >> 20,
          heapAfter >> 20);
      assertThat(problems).as("seed " + seed).isEmpty();
      assertThat(ledger.accepted).as("some must be valid").isGreaterThan(REQUESTS / 100);
      assertThat(ledger.errors).as("some must not be").isGreaterThan(REQUESTS / 100);
      assertThat(heapAfter)
          .isLessThan(heapBefore + BYTES_OF_NOISE + REQUESTS / 2 * BYTES_REMEMBERED);
    } finally {
      worker.stop();
      Optional<WorkerEnd> _ = worker.awaitEnd(Duration.ofSeconds(30));
    }
  }

  private static long heapBytes() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  /** Takes everything; a job has ended at the first look. Thread-safe. */
  private static final class YesApi implements ImportApi {
    private final AtomicLong jobs = new AtomicLong();

    @Override
    public Reply submit(ImportRequest request) {
      return new Reply.Accepted(jobs.incrementAndGet());
    }

    @Override
    public JobReply state(@Nullable String appId, String env, long jobId) {
      return new JobReply.Known(new JobState(JobStatus.SUCCESS, 1, 0, ""));
    }

    @Override
    public Presence presence(@Nullable String appId) {
      return Presence.WELL;
    }
  }

  /** Requests that are valid, and what became of them. Confined to one thread. */
  private static final class Fuzz {
    private final String topic;
    private final EventEncoder events;
    private final Random random;
    private final Mutations mutations;
    private @Nullable Message whole;
    private int number;

    Fuzz(String prefix, Random random) {
      this.topic = Kind.REQUESTS.topic(prefix);
      this.events = new EventEncoder(prefix, "fuzz");
      this.random = random;
      this.mutations = new Mutations(random);
    }

    ProducerRecord<byte[], byte[]> next() {
      Message again = whole;
      if (again != null && random.nextInt(30) == 0) {
        return record(again.key(), again.value());
      }
      ConflictMode mode = random.nextBoolean() ? ConflictMode.INSERT : ConflictMode.UPSERT;
      ImportRequest request =
          new ImportRequest(
              "request-" + number++,
              null,
              new ImportParameters(
                  "env-" + random.nextInt(20),
                  "集-" + random.nextInt(20),
                  "files/" + number + ".json",
                  random.nextBoolean() ? FileType.JSON : FileType.CSV,
                  random.nextBoolean(),
                  mode),
              random.nextInt(4) == 0 ? Instant.now().plus(Duration.ofHours(1)) : null,
              random.nextInt(4) == 0);
      Message message = events.request(request, Instant.now());
      byte[] value = message.value();
      byte[] damaged = value == null || random.nextInt(200) == 0 ? null : mutations.of(value);
      if (random.nextInt(5) == 0) {
        damaged = value;
        whole = message;
      }
      ProducerRecord<byte[], byte[]> record =
          record(random.nextInt(50) == 0 ? null : message.key(), damaged);
      if (random.nextInt(3) == 0) {
        record.headers().add("ce_source", mutations.of("shop".getBytes(StandardCharsets.UTF_8)));
        record
            .headers()
            .add("ce_id", mutations.of(Integer.toString(number).getBytes(StandardCharsets.UTF_8)));
        record
            .headers()
            .add("traceparent", mutations.of("00-0af7-01".getBytes(StandardCharsets.UTF_8)));
      }
      return record;
    }

    private ProducerRecord<byte[], byte[]> record(byte @Nullable [] key, byte @Nullable [] value) {
      return new ProducerRecord<>(topic, null, System.currentTimeMillis(), key, value);
    }
  }

  /** What came of each delivery, in a few bits each. Confined to one thread but for the sends. */
  private static final class Ledger implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int MOST = 50;

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final List<TopicPartition> partitions = new ArrayList<>();
    private final Map<String, Kind> kinds = new HashMap<>();
    private final BitSet[] settled = bits();
    private final BitSet[] failed = bits();
    private final BitSet[] buried = bits();
    private final int[][] originals = new int[PARTITIONS][REQUESTS];
    private final int[][] letters = new int[PARTITIONS][REQUESTS];
    private final List<String> problems = new ArrayList<>();
    private final Map<String, Integer> classes = new HashMap<>();
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong notSent = new AtomicLong();
    private int accepted;
    private int errors;
    private int duplicates;
    private int ended;

    Ledger(String prefix) {
      consumer =
          new KafkaConsumer<>(
              Map.of(
                  "bootstrap.servers",
                  KafkaFixture.bootstrapServers(),
                  "isolation.level",
                  "read_committed",
                  "auto.offset.reset",
                  "earliest",
                  "enable.auto.commit",
                  false,
                  "fetch.max.wait.ms",
                  50,
                  "max.poll.records",
                  5000),
              new ByteArrayDeserializer(),
              new ByteArrayDeserializer());
      for (Kind kind :
          List.of(Kind.REQUESTS, Kind.ACCEPTED, Kind.ERRORS, Kind.DEAD_LETTERS, Kind.FINISHED)) {
        kinds.put(kind.topic(prefix), kind);
        for (int partition = 0; partition < PARTITIONS; partition++) {
          partitions.add(new TopicPartition(kind.topic(prefix), partition));
        }
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
    }

    private static BitSet[] bits() {
      BitSet[] bits = new BitSet[PARTITIONS];
      Arrays.setAll(bits, _ -> new BitSet(REQUESTS));
      return bits;
    }

    void sent(int partition, @Nullable Exception failure) {
      (failure == null && partition >= 0 ? sent : notSent).incrementAndGet();
    }

    int outcomes() {
      consumer.poll(Duration.ofMillis(50)).forEach(this::note);
      return accepted + errors;
    }

    /** Waits for the ends of all jobs and for all dead letters. */
    void assertAllEnded() {
      Trial.await(
          "jobs end, dead letters come",
          PATIENCE,
          () -> {
            int _ = outcomes();
            return ended >= accepted - duplicates
                && Arrays.equals(failed, buried)
                && sent.get() == accepted + errors;
          });
    }

    List<String> problems() {
      for (int partition = 0; partition < PARTITIONS; partition++) {
        for (int at = buried[partition].nextSetBit(0);
            at >= 0;
            at = buried[partition].nextSetBit(at + 1)) {
          if (letters[partition][at] != originals[partition][at]) {
            problem("the dead letter of %d-%d is not what came".formatted(partition, at));
          }
        }
      }
      if (notSent.get() > 0 || sent.get() != REQUESTS) {
        problem("sent " + sent + ", not sent " + notSent);
      }
      if (ended != accepted - duplicates) {
        problem(
            "%d accepted, %d of them duplicates, and %d ends"
                .formatted(accepted, duplicates, ended));
      }
      return problems;
    }

    private void note(ConsumerRecord<byte[], byte[]> record) {
      switch (kinds.get(record.topic())) {
        case REQUESTS ->
            originals[record.partition()][Math.toIntExact(record.offset())] = original(record);
        case ACCEPTED -> {
          JsonNode json = JSON.readTree(record.value());
          accepted++;
          settle(json);
          duplicates += json.path("duplicate").asBoolean(false) ? 1 : 0;
        }
        case ERRORS -> {
          JsonNode json = JSON.readTree(record.value());
          errors++;
          settle(json);
          int offset = json.path("source").path("offset").asInt();
          failed[json.path("source").path("partition").asInt()].set(offset);
          classes.merge(json.path("error_class").asString(""), 1, Integer::sum);
        }
        case DEAD_LETTERS -> {
          int partition = Integer.parseInt(header(record, "__dlq.errors.partition"));
          int offset = Integer.parseInt(header(record, "__dlq.errors.offset"));
          if (buried[partition].get(offset) || partition != record.partition()) {
            problem("another dead letter of %d-%d".formatted(partition, offset));
          }
          buried[partition].set(offset);
          letters[partition][offset] = original(record);
        }
        case FINISHED -> ended++;
        case null, default -> throw new IllegalStateException(record.topic());
      }
    }

    private void settle(JsonNode json) {
      int partition = json.path("source").path("partition").asInt();
      int offset = json.path("source").path("offset").asInt();
      if (settled[partition].get(offset)) {
        problem("another outcome of %d-%d: %s".formatted(partition, offset, json));
      }
      settled[partition].set(offset);
    }

    private void problem(String what) {
      if (problems.size() < MOST) {
        problems.add(what);
      }
    }

    private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
      Header header = record.headers().lastHeader(name);
      return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }

    /** Key, value, timestamp and a producer's own headers, as a number. */
    private static int original(ConsumerRecord<byte[], byte[]> record) {
      int hash = 31 * Arrays.hashCode(record.key()) + Arrays.hashCode(record.value());
      hash = 31 * hash + Long.hashCode(record.timestamp());
      for (Header header : record.headers()) {
        if (!header.key().startsWith("__dlq.") && !header.key().startsWith("dlq.")) {
          hash = 31 * hash + header.key().hashCode();
          hash = 31 * hash + Arrays.hashCode(header.value());
        }
      }
      return hash;
    }

    @Override
    public void close() {
      consumer.close();
    }
  }
}
