package io.dbimport.bench;

import io.dbimport.ImportRequest;
import io.dbimport.cli.Ports;
import io.dbimport.event.EventEncoder;
import io.dbimport.event.Message.Kind;
import io.dbimport.kafka.Messages;
import io.dbimport.kafka.Topics;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The broker and the stub that one bench works with. Confined to its thread. */
final class Stand implements AutoCloseable {
  static final int PARTITIONS = 4;
  private static final Pattern PORT = Pattern.compile("listens on port ([0-9]+)");
  private static final Pattern KAFKA = Pattern.compile("takes calls at (\\S+)");

  /** Calls that the stub has taken; those refused are among the imports. */
  record Calls(long imports, long refused, long looks) {
    Calls minus(Calls before) {
      return new Calls(imports - before.imports, refused - before.refused, looks - before.looks);
    }
  }

  final Launched broker;
  final Launched stub;
  private final Path data;
  private final String kafka;
  private final String api;
  private final Admin admin;
  private final HttpClient http = HttpClient.newHttpClient();

  private Stand(Launched broker, Launched stub, Path data)
      throws IOException, InterruptedException {
    this.broker = broker;
    this.stub = stub;
    this.data = data;
    this.kafka = broker.awaitLine(KAFKA);
    this.api = "http://127.0.0.1:" + stub.awaitLine(PORT);
    this.admin = Admin.create(Map.of("bootstrap.servers", kafka));
  }

  /** Starts both; the limit is the stub's. */
  static Stand start(List<String> limit) throws IOException, InterruptedException {
    Path data = Files.createTempDirectory(Files.createDirectories(Bench.FOLDER), "kafka-");
    String classPath = System.getProperty("java.class.path");
    String port = Integer.toString(Ports.free());
    return new Stand(
        Launched.main(log("broker"), classPath, "1g", Broker.class, List.of(port, data.toString())),
        Launched.main(log("stub"), classPath, "512m", Stub.class, limit),
        data);
  }

  /** Where a process of this name may print. */
  static Path log(String name) {
    return Bench.FOLDER.resolve("logs").resolve(name + ".log");
  }

  String kafka() {
    return kafka;
  }

  String api() {
    return api;
  }

  void makeTopics(String prefix) throws InterruptedException {
    new Topics(admin, prefix, Duration.ofDays(7)).create(PARTITIONS, (short) 1);
  }

  /** What is measured next must not share the broker with what is over. */
  void dropTopics(String prefix) throws Exception {
    List<String> topics = Arrays.stream(Kind.values()).map(kind -> kind.topic(prefix)).toList();
    admin.deleteTopics(topics).all().get();
  }

  String topicId(String topic) throws Exception {
    Map<String, TopicDescription> found =
        admin.describeTopics(List.of(topic)).allTopicNames().get();
    return Objects.requireNonNull(found.get(topic)).topicId().toString();
  }

  KafkaProducer<byte[], byte[]> producer() {
    return new KafkaProducer<>(
        Map.of("bootstrap.servers", kafka, "acks", "all"),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }

  /** Puts the requests on the topic; returns when all are there. */
  void fill(String prefix, Stream<ImportRequest> requests) {
    EventEncoder encoder = new EventEncoder(prefix, prefix);
    try (KafkaProducer<byte[], byte[]> producer = producer()) {
      requests.forEach(request -> {
        var _ = producer.send(Messages.record(encoder.request(request, Instant.now()), prefix));
      });
    }
  }

  /**
   * Checks that every request has one committed record there.
   *
   * @throws IllegalStateException when it is not so
   */
  void requireOneEach(String topic, int requests) {
    Set<String> ids = new HashSet<>();
    int[] records = new int[1];
    try (Watch watch = new Watch(kafka, topic, true)) {
      watch.readToEnd(id -> {
        ids.add(id);
        records[0]++;
      });
    }
    if (records[0] != requests || ids.size() != requests) {
      throw new IllegalStateException(
          "%s has %d records of %d requests, not one of each of %d"
              .formatted(topic, records[0], ids.size(), requests));
    }
  }

  /** What the stub has counted so far. */
  Calls calls() throws IOException, InterruptedException {
    HttpRequest ask = HttpRequest.newBuilder(URI.create(api + "/counts")).build();
    String[] counts = http.send(ask, HttpResponse.BodyHandlers.ofString()).body().split(" ", -1);
    return new Calls(
        Long.parseLong(counts[0]), Long.parseLong(counts[1]), Long.parseLong(counts[2]));
  }

  @Override
  public void close() throws IOException {
    admin.close(Duration.ofSeconds(5));
    http.close();
    stub.close();
    broker.close();
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
