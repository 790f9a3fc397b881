package io.dbimport.chaos;

import io.dbimport.ConflictMode;
import io.dbimport.chaos.Evidence.At;
import io.dbimport.chaos.Evidence.Balance;
import io.dbimport.chaos.Evidence.Delivery;
import io.dbimport.chaos.Evidence.Finished;
import io.dbimport.chaos.Evidence.Intent;
import io.dbimport.chaos.Evidence.Journalled;
import io.dbimport.chaos.Evidence.Letter;
import io.dbimport.chaos.Evidence.Outcome;
import io.dbimport.event.Decoding;
import io.dbimport.event.EventEncoder;
import io.dbimport.event.Message.Kind;
import io.dbimport.event.RequestDecoder;
import io.dbimport.kafka.Messages;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads on in all topics of a trial, and makes evidence of what is committed there. Confined to one
 * thread.
 */
final class Witness implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final RequestDecoder REQUESTS = new RequestDecoder();
  private static final Duration POLL = Duration.ofMillis(100);

  private final String prefix;
  private final String group;
  private final Admin admin;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final List<TopicPartition> partitions = new ArrayList<>();
  private final Map<String, Kind> kinds = new HashMap<>();

  private final List<Delivery> deliveries = new ArrayList<>();
  private final List<Outcome> outcomes = new ArrayList<>();
  private final List<Letter> letters = new ArrayList<>();
  private final List<Finished> finished = new ArrayList<>();
  private final List<Intent> intents = new ArrayList<>();
  private final List<Journalled> journal = new ArrayList<>();
  private final Set<At> settled = new HashSet<>();
  private final Set<Long> jobs = new TreeSet<>();
  private final Set<Long> ended = new TreeSet<>();

  Witness(String bootstrapServers, String prefix, String group) {
    this.prefix = prefix;
    this.group = group;
    this.admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers));
    this.consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                bootstrapServers,
                "isolation.level",
                "read_committed",
                "auto.offset.reset",
                "earliest",
                "enable.auto.commit",
                false,
                "fetch.max.wait.ms",
                100,
                "max.poll.records",
                5000),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
    for (Kind kind : Kind.values()) {
      String topic = kind.topic(prefix);
      kinds.put(topic, kind);
      consumer
          .partitionsFor(topic)
          .forEach(p -> partitions.add(new TopicPartition(topic, p.partition())));
    }
    consumer.assign(partitions);
    consumer.seekToBeginning(partitions);
  }

  /** Deliveries that have an outcome by now. */
  int settled() {
    readOn();
    return settled.size();
  }

  /** What is still open, for people; empty when everything that was asked for has its end. */
  Optional<String> open() {
    readOn();
    List<Delivery> waiting =
        deliveries.stream().filter(delivery -> !settled.contains(delivery.at())).toList();
    if (!waiting.isEmpty()) {
      return Optional.of(
          waiting.size()
              + " have no outcome, such as "
              + waiting.getFirst().requestId()
              + " at "
              + waiting.getFirst().at());
    }
    Set<Long> following = new TreeSet<>(jobs);
    following.removeAll(ended);
    if (!following.isEmpty()) {
      return Optional.of("jobs have no end: " + following);
    }
    Set<At> corrections = uncorrected();
    if (!corrections.isEmpty()) {
      return Optional.of("unknown outcomes with a reply in the journal: " + corrections);
    }
    Map<Integer, Long> committed = committed();
    Map<Integer, Long> ends = ends();
    if (ends.entrySet().stream().anyMatch(e -> !e.getValue().equals(committed.get(e.getKey())))) {
      return Optional.of("offsets are at " + committed + " of " + ends);
    }
    List<String> transactions = transactions();
    return transactions.isEmpty()
        ? Optional.empty()
        : Optional.of("transactions are open: " + transactions);
  }

  /** Deliveries said to be unknown whose last call was accepted, as the journal has it by now. */
  private Set<At> uncorrected() {
    Map<At, Integer> calls = new HashMap<>();
    intents.forEach(intent -> calls.merge(intent.at(), intent.call(), Math::max));
    Set<At> accepted = new TreeSet<>();
    journal.stream()
        .filter(reply -> reply.reply().equals("accepted"))
        .filter(reply -> calls.getOrDefault(reply.at(), -1) == reply.call())
        .forEach(reply -> accepted.add(reply.at()));
    Set<At> unknown = new TreeSet<>();
    outcomes.stream().filter(o -> o.unknown() && !o.duplicate()).forEach(o -> unknown.add(o.at()));
    outcomes.stream().filter(Outcome::accepted).forEach(o -> unknown.remove(o.at()));
    unknown.retainAll(accepted);
    return unknown;
  }

  /** All of it, as it is now. */
  Evidence evidence(List<Post> posts, List<Balance> balances, @Nullable Map<Long, Long> jobEnds) {
    readOn();
    return new Evidence(
        List.copyOf(deliveries),
        posts,
        List.copyOf(outcomes),
        List.copyOf(letters),
        List.copyOf(finished),
        List.copyOf(intents),
        List.copyOf(journal),
        balances,
        committed(),
        ends(),
        jobEnds);
  }

  /** Up to where committed records end at this moment. */
  private void readOn() {
    Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
    while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.getOrDefault(p, 0L))) {
      consumer.poll(POLL).forEach(this::note);
    }
  }

  private void note(ConsumerRecord<byte[], byte[]> record) {
    Kind kind = kinds.get(record.topic());
    switch (kind) {
      case null -> throw new IllegalStateException(record.topic());
      case REQUESTS -> deliveries.add(delivery(record));
      case ACCEPTED, ERRORS -> {
        Outcome outcome = outcome(json(record), record.timestamp());
        outcomes.add(outcome);
        settled.add(outcome.at());
        Long jobId = outcome.jobId();
        if (jobId != null && !outcome.duplicate()) {
          jobs.add(jobId);
        }
      }
      case FINISHED -> {
        JsonNode json = json(record);
        finished.add(
            new Finished(
                json.path("request_id").asString(""),
                json.path("job_id").asLong(-1),
                json.path("status").asString("")));
        ended.add(json.path("job_id").asLong(-1));
      }
      case DEAD_LETTERS -> letters.add(letter(record));
      case LEDGER -> {
        JsonNode json = json(record);
        if (json.path("state").asString("").equals("INTENT")) {
          intents.add(new Intent(keyed(record), number(json, "calls")));
        }
      }
      case OUTCOMES -> {
        JsonNode json = json(record);
        journal.add(
            new Journalled(
                keyed(record),
                number(json, "call"),
                json.path("reply").asString(""),
                record.timestamp()));
      }
    }
  }

  private static Delivery delivery(ConsumerRecord<byte[], byte[]> record) {
    Decoding decoding = REQUESTS.decode(Messages.delivery(record));
    At at = new At(record.partition(), record.offset());
    String id = EventEncoder.requestId(decoding);
    return switch (decoding) {
      case Decoding.Valid(var request) ->
          new Delivery(
              at,
              id,
              request.parameters().env() + "/" + request.parameters().collectionName(),
              request.parameters().filePath(),
              request.parameters().conflictMode() == ConflictMode.UPSERT,
              request.rerunSafe(),
              original(record));
      case Decoding.Invalid _ -> new Delivery(at, id, "", "", false, false, original(record));
    };
  }

  private static Outcome outcome(JsonNode json, long epochMillis) {
    JsonNode source = json.path("source");
    return new Outcome(
        new At(source.path("partition").asInt(-1), source.path("offset").asLong(-1)),
        json.path("request_id").asString(""),
        json.has("job_id") ? json.path("job_id").asLong(-1) : null,
        json.path("error_class").asString(""),
        json.path("duplicate").asBoolean(false),
        json.path("resolves").asString(""),
        epochMillis);
  }

  private static Letter letter(ConsumerRecord<byte[], byte[]> record) {
    return new Letter(
        new At(
            Integer.parseInt(header(record, "__dlq.errors.partition")),
            Long.parseLong(header(record, "__dlq.errors.offset"))),
        record.partition(),
        header(record, "dlq.class"),
        original(record));
  }

  private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
    Header header = record.headers().lastHeader(name);
    return header == null ? "-1" : new String(header.value(), StandardCharsets.UTF_8);
  }

  /** All that a producer gave it, and nothing that a dead letter adds. */
  private static String original(ConsumerRecord<byte[], byte[]> record) {
    StringBuilder text = new StringBuilder();
    text.append(record.timestamp()).append('|').append(bytes(record.key()));
    text.append('|').append(bytes(record.value()));
    for (Header header : record.headers()) {
      if (!header.key().startsWith("__dlq.") && !header.key().startsWith("dlq.")) {
        text.append('|').append(header.key()).append('=').append(bytes(header.value()));
      }
    }
    return text.toString();
  }

  private static String bytes(byte @Nullable [] bytes) {
    return bytes == null ? "null" : new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static At keyed(ConsumerRecord<byte[], byte[]> record) {
    String key = new String(record.key(), StandardCharsets.UTF_8);
    return new At(record.partition(), Long.parseLong(key.substring(key.indexOf(':') + 1)));
  }

  /** A field that must be there: a judge who reads nothing finds nothing. */
  private static int number(JsonNode json, String field) {
    return json.required(field).intValue();
  }

  private static JsonNode json(ConsumerRecord<byte[], byte[]> record) {
    return JSON.readTree(record.value());
  }

  private Map<Integer, Long> committed() {
    Map<Integer, Long> offsets = new TreeMap<>();
    answer(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata())
        .forEach((at, offset) -> offsets.put(at.partition(), offset.offset()));
    return offsets;
  }

  /** Of the partitions that anything was ever written to. */
  private Map<Integer, Long> ends() {
    Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
    partitions.stream()
        .filter(p -> p.topic().equals(Kind.REQUESTS.topic(prefix)))
        .forEach(p -> asked.put(p, OffsetSpec.latest()));
    Map<Integer, Long> ends = new TreeMap<>();
    answer(admin.listOffsets(asked, new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED)).all())
        .forEach((at, end) -> {
          if (end.offset() > 0) {
            ends.put(at.partition(), end.offset());
          }
        });
    return ends;
  }

  private List<String> transactions() {
    return answer(admin.listTransactions(new ListTransactionsOptions()).all()).stream()
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
    } catch (ExecutionException failure) {
      throw new IllegalStateException(failure);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(stopped);
    }
  }

  @Override
  public void close() {
    consumer.close();
    admin.close(Duration.ZERO);
  }
}
