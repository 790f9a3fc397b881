package io.dbimport.kafka;

import static io.dbimport.kafka.Stand.insert;
import static io.dbimport.kafka.Stand.text;
import static io.dbimport.kafka.Stand.upsert;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ImportRequest;
import io.dbimport.event.Message.Kind;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.KafkaFixture;
import io.dbimport.fixtures.OwnKafka;
import io.dbimport.kafka.Stand.Started;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Workers against a real broker: what they publish, and what outlives them. */
@Timeout(120)
final class KafkaWorkerTest {

  @Test
  void everyDeliveryEndsInExactlyOneOutcome() throws Exception {
    try (Stand stand = Stand.withPartitions(2)) {
      Started worker = stand.start("one");
      stand.send(insert("good", "c0"), upsert("better", "c1"), insert("absent", "nowhere"));
      stand.send(raw(stand, "k", "no JSON"));
      stand.send(raw(stand, "k", "{\"request_id\":\"half\",\"env\":\"env\"}"));
      stand.send(new ProducerRecord<>(stand.topic(Kind.REQUESTS), bytes("k"), null));

      stand.await(Kind.ERRORS, 4);
      stand.await(Kind.ACCEPTED, 2);
      assertThat(worker.stop()).isEqualTo(new WorkerEnd.Drained());

      assertThat(stand.ids(Kind.ACCEPTED)).containsExactly("better", "good");
      assertThat(stand.committed(Kind.ERRORS))
          .extracting(event -> text(event, "error_class") + " " + text(event, "errcode"))
          .containsExactlyInAnyOrder(
              "missing -502005", "malformed 47001", "invalid 40101", "malformed 44002");
      assertThat(stand.committed(Kind.DEAD_LETTERS)).hasSize(4);
      assertThat(stand.calls()).isEqualTo(Map.of("good", 1, "better", 1, "absent", 1));
      assertThat(worker.count("dbimport.requests.received")).isEqualTo(6);
      worker.assertBalanced();
    }
  }

  @Test
  void aDeadLetterIsTheWholeOriginalOnItsPartition() throws Exception {
    try (Stand stand = Stand.withPartitions(3)) {
      Started worker = stand.start("one");
      byte[] value = {0, (byte) 0xff, '{', '"', (byte) 0xc3};
      List<Header> theirs =
          List.of(
              new RecordHeader("traceparent", bytes("00-1-2-01")),
              new RecordHeader("twice", bytes("a")),
              new RecordHeader("twice", bytes("b")),
              new RecordHeader("bytes", new byte[] {0, (byte) 0xfe}),
              new RecordHeader("nothing", (byte[]) null));
      stand.send(
          new ProducerRecord<>(
              stand.topic(Kind.REQUESTS), 2, 1_234_567_890_123L, bytes("key"), value, theirs));

      ConsumerRecord<String, byte[]> letter = stand.await(Kind.DEAD_LETTERS, 1).getFirst();
      assertThat(letter.partition()).isEqualTo(2);
      assertThat(letter.timestamp()).isEqualTo(1_234_567_890_123L);
      assertThat(letter.key()).isEqualTo("key");
      assertThat(letter.value()).isEqualTo(value);
      List<Header> headers = List.of(letter.headers().toArray());
      assertThat(headers.subList(0, theirs.size())).isEqualTo(theirs);
      Map<String, String> ours = new HashMap<>();
      headers.subList(theirs.size(), headers.size()).forEach(h -> ours.put(h.key(), utf8(h)));
      assertThat(ours)
          .containsEntry("__dlq.errors.topic", stand.topic(Kind.REQUESTS))
          .containsEntry("__dlq.errors.partition", "2")
          .containsEntry("__dlq.errors.offset", "0")
          .containsEntry("__dlq.errors.group", stand.group())
          .containsEntry("dlq.class", "malformed")
          .containsEntry("dlq.errcode", "47001")
          .containsKeys("__dlq.errors.message", "dlq.request_id", "dlq.failed_at");
      assertThat(worker.stop()).isEqualTo(new WorkerEnd.Drained());
      worker.assertBalanced();
    }
  }

  @Test
  void resultsCarryTheKeyOfTheirRequestOrElseItsCollection() throws Exception {
    try (Stand stand = Stand.withPartitions(1)) {
      Started worker = stand.start("one");
      for (String collection : List.of("c0", "nowhere")) {
        byte[] value =
            bytes(
                """
                {"env":"env","collection_name":"%s","file_path":"file","file_type":1,
                 "stop_on_error":false,"conflict_mode":2}\
                """
                    .formatted(collection));
        stand.send(new ProducerRecord<>(stand.topic(Kind.REQUESTS), bytes("my key"), value));
        stand.send(new ProducerRecord<>(stand.topic(Kind.REQUESTS), null, value));
      }
      stand.send(new ProducerRecord<>(stand.topic(Kind.REQUESTS), null, bytes("no JSON")));

      assertThat(keys(stand.await(Kind.ACCEPTED, 2))).containsExactly("my key", "env/c0");
      assertThat(keys(stand.await(Kind.ERRORS, 3)))
          .containsExactlyInAnyOrder("my key", "env/nowhere", null);
      assertThat(keys(stand.await(Kind.FINISHED, 2))).containsExactlyInAnyOrder("my key", "env/c0");
      assertThat(worker.stop()).isEqualTo(new WorkerEnd.Drained());
      worker.assertBalanced();
    }
  }

  @Test
  void aRestartPublishesNothingTwiceAndFollowsAnOpenJobToItsOneEnd() throws Exception {
    try (Stand stand = Stand.withPartitions(2)) {
      Started first = stand.start("one");
      stand.send(insert("before", "c0"), insert("absent", "nowhere"));
      stand.await(Kind.ACCEPTED, 1);
      stand.await(Kind.ERRORS, 1);
      assertThat(first.stop()).isEqualTo(new WorkerEnd.Drained());
      assertThat(stand.committed(Kind.FINISHED)).isEmpty();

      Started second = stand.start("one");
      stand.send(insert("after", "c0"));
      stand.await(Kind.FINISHED, 2);
      assertThat(second.stop()).isEqualTo(new WorkerEnd.Drained());

      assertThat(stand.ids(Kind.ACCEPTED)).containsExactly("after", "before");
      assertThat(stand.ids(Kind.FINISHED)).containsExactly("after", "before");
      assertThat(stand.ids(Kind.ERRORS)).containsExactly("absent");
      assertThat(stand.committed(Kind.DEAD_LETTERS)).hasSize(1);
      assertThat(stand.calls()).isEqualTo(Map.of("before", 1, "absent", 1, "after", 1));

      Started third = stand.start("one");
      third.awaitPartitions(2);
      assertThat(third.worker().status().orElseThrow().work().jobs()).isZero();
      assertThat(third.stop()).isEqualTo(new WorkerEnd.Drained());
      List.of(first, second, third).forEach(Started::assertBalanced);
    }
  }

  @Test
  void whatTheLedgerKnowsAsDoneIsNeitherCalledNorPublishedAgain() throws Exception {
    try (Stand stand = Stand.withPartitions(1)) {
      Started first = stand.start("one");
      stand.send(insert("a", "c0"), insert("b", "nowhere"), insert("c", "c1"));
      stand.await(Kind.ACCEPTED, 2);
      stand.await(Kind.ERRORS, 1);
      assertThat(first.stop()).isEqualTo(new WorkerEnd.Drained());
      stand.commit(0, 0);

      Started second = stand.start("one");
      stand.send(insert("d", "c0"));
      stand.await(Kind.ACCEPTED, 3);
      assertThat(second.stop()).isEqualTo(new WorkerEnd.Drained());

      assertThat(stand.calls()).isEqualTo(Map.of("a", 1, "b", 1, "c", 1, "d", 1));
      assertThat(stand.ids(Kind.ACCEPTED)).containsExactly("a", "c", "d");
      assertThat(stand.ids(Kind.ERRORS)).containsExactly("b");
      assertThat(second.count("dbimport.requests.received")).isEqualTo(1);
      assertThat(stand.committed(0).offset()).isEqualTo(4);
      first.assertBalanced();
      second.assertBalanced();
    }
  }

  @Test
  void aLedgerRecordThatCannotBeReadEndsTheWorkerAndSaysWhere() throws Exception {
    try (Stand stand = Stand.withPartitions(1)) {
      stand.send(
          new ProducerRecord<>(
              stand.topic(Kind.LEDGER), 0, bytes("id:0"), bytes("{\"v\":2,\"state\":\"NEW\"}")));
      stand.send(insert("a", "c0"));

      WorkerEnd end = stand.start("one").worker().awaitEnd();

      assertThat(end).isInstanceOf(WorkerEnd.Broken.class);
      assertThat(((WorkerEnd.Broken) end).cause())
          .hasStackTraceContaining(
              "the ledger cannot be read at %s-0 offset 0: written by a later version"
                  .formatted(stand.topic(Kind.LEDGER)));
      assertThat(stand.api.calls()).isEmpty();
    }
  }

  @Test
  void aPartitionIsHandedOverOnlyWhenItsOpenCallsAreAnswered() throws Exception {
    try (Stand stand = Stand.withPartitions(2)) {
      var holds = List.of(stand.api.hold("held-0"), stand.api.hold("held-1"));
      Started first = stand.start("first");
      // One open call and one that waits behind it, in each partition.
      for (int partition = 0; partition < 2; partition++) {
        for (String id : List.of("held-", "next-")) {
          stand.sendTo(partition, insert(id + partition, "c0"));
        }
      }
      for (var hold : holds) {
        hold.awaitArrival();
      }

      Started second = stand.start("second");
      Eventually.isTrue("the group gives the second a share", () -> membersWithATarget(stand) == 2);
      holds.forEach(hold -> hold.release());
      second.awaitPartitions(1);
      first.awaitPartitions(1);

      assertThat(stand.await(Kind.ACCEPTED, 4)).hasSize(4);
      assertThat(first.stop()).isEqualTo(new WorkerEnd.Drained());
      second.awaitPartitions(2);
      stand.sendTo(0, insert("last-0", "c0"));
      stand.sendTo(1, insert("last-1", "c0"));
      stand.await(Kind.ACCEPTED, 6);
      assertThat(second.stop()).isEqualTo(new WorkerEnd.Drained());

      assertThat(stand.ids(Kind.ACCEPTED))
          .containsExactly("held-0", "held-1", "last-0", "last-1", "next-0", "next-1");
      assertThat(stand.calls()).hasSize(6).allSatisfy((id, calls) -> assertThat(calls).isOne());
      first.assertBalanced();
      second.assertBalanced();
    }
  }

  @Test
  void twoWorkersShareThePartitionsAndLoseNothing() throws Exception {
    try (Stand stand = Stand.withPartitions(4)) {
      List<ImportRequest> requests =
          IntStream.range(0, 300)
              .mapToObj(n -> insert("r-%03d".formatted(n), "c" + n % 10))
              .toList();
      Started first = stand.start("first");
      first.awaitPartitions(4);
      requests.subList(0, 100).forEach(stand::send);
      Started second = stand.start("second");
      requests.subList(100, 200).forEach(stand::send);
      first.awaitPartitions(2);
      second.awaitPartitions(2);
      requests.subList(200, 250).forEach(stand::send);
      assertThat(first.stop()).isEqualTo(new WorkerEnd.Drained());
      requests.subList(250, 300).forEach(stand::send);
      stand.await(Kind.ACCEPTED, 300);
      assertThat(second.stop()).isEqualTo(new WorkerEnd.Drained());

      assertThat(stand.ids(Kind.ACCEPTED))
          .isEqualTo(requests.stream().map(ImportRequest::requestId).toList());
      assertThat(stand.committed(Kind.ERRORS)).isEmpty();
      assertThat(stand.calls()).hasSize(300).allSatisfy((id, calls) -> assertThat(calls).isOne());
      first.assertBalanced();
      second.assertBalanced();
    }
  }

  @Test
  void whatIsTooLargeForItsTopicIsPublishedShortened() throws Exception {
    String prefix = "small";
    KafkaFixture.admin()
        .createTopics(
            List.of(
                small(prefix, Kind.ACCEPTED),
                small(prefix, Kind.ERRORS),
                small(prefix, Kind.DEAD_LETTERS)))
        .all()
        .get();
    var _ = new Topics(KafkaFixture.admin(), prefix, Duration.ofDays(7)).create(1, (short) 1);
    try (Stand stand = Stand.over(KafkaFixture.bootstrapServers(), prefix)) {
      String huge = "h".repeat(9_000);
      byte[] good =
          bytes(
              """
              {"request_id":"huge key","env":"env","collection_name":"c0","file_path":"file",
               "file_type":1,"stop_on_error":false,"conflict_mode":1}\
              """);
      stand.send(new ProducerRecord<>(stand.topic(Kind.REQUESTS), bytes(huge), good));
      stand.send(new ProducerRecord<>(stand.topic(Kind.REQUESTS), bytes("key"), bytes(huge)));
      // Together they are larger than the topic takes at once, each by itself is not.
      IntStream.range(10, 40).forEach(n -> stand.send(insert("r-" + n, "c1")));
      Started worker = stand.start("one");

      stand.await(Kind.ACCEPTED, 31);
      stand.await(Kind.ERRORS, 1);
      ConsumerRecord<String, byte[]> letter = stand.await(Kind.DEAD_LETTERS, 1).getFirst();
      assertThat(letter.value()).isNull();
      assertThat(header(letter, "__dlq.errors.offset")).isEqualTo("1");
      assertThat(header(letter, "dlq.shortened")).contains("too large");
      Map<String, String> keys = new HashMap<>();
      for (var event : stand.committed(Kind.ACCEPTED)) {
        keys.put(text(event, "request_id"), String.valueOf(event.key()));
      }
      assertThat(keys)
          .hasSize(31)
          .containsEntry("huge key", "null")
          .containsEntry("r-10", "env/c1");
      assertThat(stand.calls()).hasSize(31).allSatisfy((id, calls) -> assertThat(calls).isOne());
      assertThat(worker.stop()).isEqualTo(new WorkerEnd.Drained());
      worker.assertBalanced();
    }
  }

  @Test
  void aWorkerOutlivesARestartOfTheBroker() throws Exception {
    try (OwnKafka kafka = OwnKafka.started()) {
      try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
        var _ = new Topics(admin, "own", Duration.ofDays(7)).create(2, (short) 1);
      }
      try (Stand stand = Stand.over(kafka.bootstrapServers(), "own")) {
        var hold = stand.api.hold("held");
        Started worker = stand.start("one");
        stand.send(insert("before", "c0"), insert("held", "c1"), insert("behind", "c1"));
        stand.await(Kind.ACCEPTED, 1);
        hold.awaitArrival();

        kafka.stop();
        hold.release();
        kafka.start();
        stand.send(insert("after", "c0"));

        stand.await(Kind.ACCEPTED, 4);
        assertThat(worker.stop()).isEqualTo(new WorkerEnd.Drained());
        assertThat(stand.ids(Kind.ACCEPTED)).containsExactly("after", "before", "behind", "held");
        assertThat(stand.calls()).allSatisfy((id, calls) -> assertThat(calls).isOne());
        worker.assertBalanced();
      }
    }
  }

  @Test
  void anInstanceIdInUseTwiceEndsOneOfTheTwo() throws Exception {
    try (Stand stand = Stand.withPartitions(2)) {
      Started one = stand.start("same");
      one.awaitPartitions(2);
      Started other = stand.start("same");
      List<ImportRequest> sent = new ArrayList<>();
      Eventually.isTrue(
          "one of them ends",
          () -> {
            ImportRequest next = insert("r-%05d".formatted(sent.size()), "c" + sent.size() % 10);
            sent.add(next);
            stand.send(next);
            return ended(one) || ended(other);
          });
      Started loser = ended(one) ? one : other;
      Started winner = ended(one) ? other : one;
      assertThat(loser.worker().awaitEnd())
          .isEqualTo(
              new WorkerEnd.InstanceIdInUse(
                  "another process uses the transactional id %s.%s.same"
                      .formatted(stand.prefix, stand.group())));

      stand.await(Kind.ACCEPTED, sent.size());
      assertThat(winner.stop()).isEqualTo(new WorkerEnd.Drained());
      assertThat(stand.ids(Kind.ACCEPTED))
          .isEqualTo(sent.stream().map(ImportRequest::requestId).toList());
      winner.assertBalanced();
      loser.assertBalanced();
      assertThat(winner.registry().getMeters())
          .as("those of the fenced producer are gone, and of its successor")
          .noneMatch(meter -> meter.getId().getName().startsWith("kafka.producer"));
    }
  }

  @Test
  void aWorkerIsReadyOnlyBetweenRestoringAndDraining() throws Exception {
    try (Stand stand = Stand.withPartitions(1);
        KafkaConsumer<byte[], byte[]> nobody = consumer(stand.group());
        KafkaProducer<byte[], byte[]> earlierOwner = transactional(stand.prefix)) {
      earlierOwner.initTransactions();
      earlierOwner.beginTransaction();
      earlierOwner.sendOffsetsToTransaction(
          Map.of(stand.partition(Kind.REQUESTS, 0), new OffsetAndMetadata(0)),
          nobody.groupMetadata());
      var hold = stand.api.hold("held");
      Started started = stand.start("one");
      KafkaWorker worker = started.worker();
      stand.send(insert("held", "c0"));

      Eventually.isTrue(
          "it restores",
          () -> worker.notReady().filter("restoring 1 partitions"::equals).isPresent());
      assertThat(stand.api.calls()).isEmpty();
      earlierOwner.commitTransaction();
      hold.awaitArrival();
      Eventually.isTrue("it is ready", () -> worker.notReady().isEmpty());

      worker.stop();
      Eventually.isTrue(
          "it drains", () -> worker.notReady().filter("draining"::equals).isPresent());
      assertThat(worker.notLive()).isEmpty();
      hold.release();
      assertThat(worker.awaitEnd()).isEqualTo(new WorkerEnd.Drained());
      assertThat(worker.notReady()).contains("ended");
      assertThat(stand.ids(Kind.ACCEPTED)).containsExactly("held");
      started.assertBalanced();
    }
  }

  @Test
  void aStopThatTakesTooLongHandsOverWhatIsOpen() throws Exception {
    try (Stand stand = Stand.withPartitions(1)) {
      var hold = stand.api.hold("held");
      Started first = stand.start("one", Duration.ofMillis(200));
      stand.send(upsert("held", "c0"), upsert("behind", "c0"), upsert("done", "c1"));
      hold.awaitArrival();
      stand.await(Kind.ACCEPTED, 1);

      assertThat(first.stop())
          .isEqualTo(new WorkerEnd.StoppedBeforeDrained("1 calls open, 0 uncommitted"));
      assertThat(first.count("dbimport.requests.handed.over")).isEqualTo(2);
      first.assertBalanced();

      Started second = stand.start("one");
      stand.await(Kind.ACCEPTED, 3);
      assertThat(second.stop()).isEqualTo(new WorkerEnd.Drained());
      assertThat(stand.ids(Kind.ACCEPTED)).containsExactly("behind", "done", "held");
      assertThat(stand.calls()).isEqualTo(Map.of("held", 2, "behind", 1, "done", 1));
      second.assertBalanced();
    }
  }

  private static boolean ended(Started started) {
    try {
      return started.worker().awaitEnd(Duration.ZERO).isPresent();
    } catch (InterruptedException stopped) {
      throw new IllegalStateException(stopped);
    }
  }

  private static ProducerRecord<byte[], byte[]> raw(Stand stand, String key, String value) {
    return new ProducerRecord<>(stand.topic(Kind.REQUESTS), bytes(key), bytes(value));
  }

  private static long membersWithATarget(Stand stand) {
    try {
      return stand
          .admin()
          .describeConsumerGroups(List.of(stand.group()))
          .describedGroups()
          .values()
          .iterator()
          .next()
          .get()
          .members()
          .stream()
          .filter(member ->
              member.targetAssignment().filter(t -> !t.topicPartitions().isEmpty()).isPresent())
          .count();
    } catch (Exception failure) {
      throw new IllegalStateException(failure);
    }
  }

  private static NewTopic small(String prefix, Kind kind) {
    return new NewTopic(kind.topic(prefix), 1, (short) 1)
        .configs(Map.of("max.message.bytes", "3000"));
  }

  private static KafkaProducer<byte[], byte[]> transactional(String id) {
    return new KafkaProducer<>(
        Map.of("bootstrap.servers", KafkaFixture.bootstrapServers(), "transactional.id", id),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }

  private static KafkaConsumer<byte[], byte[]> consumer(String group) {
    return new KafkaConsumer<>(
        Map.of("bootstrap.servers", KafkaFixture.bootstrapServers(), "group.id", group),
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer());
  }

  private static List<String> keys(List<ConsumerRecord<String, byte[]>> events) {
    return events.stream().map(ConsumerRecord::key).toList();
  }

  private static String header(ConsumerRecord<String, byte[]> record, String name) {
    return utf8(record.headers().lastHeader(name));
  }

  private static String utf8(Header header) {
    return new String(header.value(), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
