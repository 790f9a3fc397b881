package io.dbimport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.ScriptedImportApi;
import io.dbimport.event.EventEncoder;
import io.dbimport.event.Message;
import io.dbimport.event.Message.Kind;
import io.dbimport.fixtures.CommittedRecords;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.KafkaFixture;
import io.dbimport.worker.WorkerSettings;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Workers of one group over topics of their own, in front of a scripted API whose environment
 * {@code env} has the collections {@code c0} to {@code c9}. Confined to the test's thread.
 */
final class Stand implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** A worker and its meters. Thread-safe. */
  record Started(KafkaWorker worker, MeterRegistry registry) {

    /** Waits until it holds this many partitions and has read their ledgers. */
    void awaitPartitions(int partitions) throws Exception {
      Eventually.isTrue(
          "a worker of " + partitions + " partitions",
          () ->
              worker
                  .status()
                  .filter(status -> status.assigned() == partitions && status.restoring() == 0)
                  .isPresent());
    }

    WorkerEnd stop() throws Exception {
      worker.stop();
      return worker.awaitEnd();
    }

    double count(String name, String... tags) {
      Counter counter = registry.find(name).tags(tags).counter();
      return counter == null ? Double.NaN : counter.count();
    }

    /** For one that ended: what it took on is settled or handed over, with nothing between. */
    void assertBalanced() {
      assertThat(count("dbimport.requests.received"))
          .isEqualTo(
              count("dbimport.requests", "outcome", "accepted")
                  + count("dbimport.requests", "outcome", "failed")
                  + count("dbimport.requests.handed.over"));
    }
  }

  final ScriptedImportApi api = new ScriptedImportApi();
  final String prefix;

  /** Passed through to the clients of workers that are started from now on. */
  final Map<String, String> clientProperties = new HashMap<>();

  private final String bootstrapServers;
  private final KafkaProducer<byte[], byte[]> producer;
  private final EventEncoder events;
  private final List<Started> started = new ArrayList<>();
  private final Map<Kind, CommittedRecords> readers = new EnumMap<>(Kind.class);

  private Stand(String bootstrapServers, String prefix) {
    this.bootstrapServers = bootstrapServers;
    this.prefix = prefix;
    clientProperties.put("bootstrap.servers", bootstrapServers);
    clientProperties.put("transaction.timeout.ms", "3000");
    this.events = new EventEncoder(prefix, "producer");
    this.producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrapServers),
            new ByteArraySerializer(),
            new ByteArraySerializer());
    for (int collection = 0; collection < 10; collection++) {
      api.createCollection("env", "c" + collection);
    }
    api.upload("env", "file", "{\"_id\":\"1\"}");
  }

  /** Fresh topics on the broker of all tests. */
  static Stand withPartitions(int partitions) throws Exception {
    return new Stand(KafkaFixture.bootstrapServers(), KafkaFixture.freshTopics(partitions));
  }

  /** Topics that the test made. */
  static Stand over(String bootstrapServers, String prefix) {
    return new Stand(bootstrapServers, prefix);
  }

  String topic(Kind kind) {
    return kind.topic(prefix);
  }

  String group() {
    return prefix + "-workers";
  }

  Started start(String instance) {
    return start(instance, Duration.ofSeconds(10));
  }

  Started start(String instance, Duration stopTimeout) {
    return start(instance, stopTimeout, WorkerSettings.defaults());
  }

  Started start(String instance, Duration stopTimeout, WorkerSettings work) {
    KafkaSettings settings =
        new KafkaSettings(
            clientProperties,
            prefix,
            group(),
            instance,
            Duration.ofMillis(20),
            Duration.ofSeconds(5),
            stopTimeout);
    MeterRegistry registry = new SimpleMeterRegistry();
    Started fresh = new Started(KafkaWorker.start(settings, work, api, registry), registry);
    started.add(fresh);
    return fresh;
  }

  /** An insert of the file into the collection. */
  static ImportRequest insert(String id, String collection) {
    return request(id, collection, ConflictMode.INSERT);
  }

  static ImportRequest upsert(String id, String collection) {
    return request(id, collection, ConflictMode.UPSERT);
  }

  private static ImportRequest request(String id, String collection, ConflictMode mode) {
    return new ImportRequest(
        id,
        null,
        new ImportParameters("env", collection, "file", FileType.JSON, false, mode),
        null,
        mode == ConflictMode.UPSERT);
  }

  /** Sends them as {@code submit} does, and waits until they lie there. */
  void send(ImportRequest... requests) {
    for (ImportRequest request : requests) {
      send(Messages.record(events.request(request, Instant.now()), prefix));
    }
  }

  void send(ProducerRecord<byte[], byte[]> record) {
    var _ = producer.send(record);
    producer.flush();
  }

  /** The same, to this partition. */
  void sendTo(int partition, ImportRequest request) {
    Message message = events.request(request, Instant.now());
    send(new ProducerRecord<>(topic(Kind.REQUESTS), partition, message.key(), message.value()));
  }

  /** The offset that is committed for a partition of requests. */
  OffsetAndMetadata committed(int partition) throws Exception {
    return Objects.requireNonNull(
        admin()
            .listConsumerGroupOffsets(group())
            .partitionsToOffsetAndMetadata()
            .get()
            .get(partition(Kind.REQUESTS, partition)));
  }

  /** Sets it, as a person would; no worker must be at work. */
  void commit(int partition, long offset) throws Exception {
    admin()
        .alterConsumerGroupOffsets(
            group(), Map.of(partition(Kind.REQUESTS, partition), new OffsetAndMetadata(offset)))
        .all()
        .get();
  }

  /** What is committed there by now. */
  List<ConsumerRecord<String, byte[]>> committed(Kind kind) {
    return readers
        .computeIfAbsent(kind, k -> new CommittedRecords(bootstrapServers, topic(k)))
        .all();
  }

  /** Waits for this many records, and returns all there are. */
  List<ConsumerRecord<String, byte[]>> await(Kind kind, int count) throws Exception {
    Eventually.isTrue(count + " records on " + topic(kind), () -> committed(kind).size() >= count);
    return committed(kind);
  }

  /** The request ids of the events there, sorted. */
  List<String> ids(Kind kind) {
    return committed(kind).stream().map(event -> text(event, "request_id")).sorted().toList();
  }

  static String text(ConsumerRecord<String, byte[]> event, String field) {
    return json(event).path(field).asString("");
  }

  static JsonNode json(ConsumerRecord<String, byte[]> event) {
    return JSON.readTree(CommittedRecords.text(event));
  }

  /** How often the API was called for each request. */
  Map<String, Integer> calls() {
    Map<String, Integer> calls = new HashMap<>();
    api.calls().forEach(request -> calls.merge(request.requestId(), 1, Integer::sum));
    return calls;
  }

  Admin admin() {
    return KafkaFixture.admin();
  }

  TopicPartition partition(Kind kind, int partition) {
    return new TopicPartition(topic(kind), partition);
  }

  /** Ends every worker that a failed test left. */
  @Override
  public void close() {
    started.forEach(left -> left.worker().stop());
    readers.values().forEach(CommittedRecords::close);
    producer.close();
    try {
      for (Started left : started) {
        var _ = left.worker().awaitEnd(Duration.ofSeconds(30));
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }
}
