package io.dbimport.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dbimport.event.Message.Kind;
import io.dbimport.fixtures.CommittedRecords;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.KafkaFixture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.GroupProtocol;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What the broker refuses, and what it does not, of a commit by a member that does not own a
 * partition any more. That no request is called twice stands on these: when one of them fails, the
 * broker has changed, and {@link Transactions} must be thought through again.
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class FencingFactsTest {
  private static final Duration PATIENT = Duration.ofMinutes(5);
  private static final Duration SHORT_OF_POLLING = Duration.ofSeconds(1);
  private static final Duration LONG_TRANSACTION = Duration.ofSeconds(30);
  private static final Duration SHORT_TRANSACTION = Duration.ofSeconds(2);
  private static final Duration BLOCKED = Duration.ofSeconds(1);

  private final List<Member> members = new ArrayList<>();
  private String prefix = "";

  @BeforeEach
  void makeTopics() throws Exception {
    prefix = KafkaFixture.freshTopics(2);
  }

  @AfterEach
  void endMembers() {
    members.forEach(Member::close);
  }

  /** T1. */
  @ParameterizedTest
  @EnumSource
  void theCommitOfAnEvictedOwnerIsRefusedAndItsRecordsAreAborted(GroupProtocol protocol)
      throws Exception {
    Member evicted = join(protocol, "evicted", SHORT_OF_POLLING, LONG_TRANSACTION);
    polledUntil(Map.of(evicted, Set.of(0, 1)));
    ConsumerGroupMetadata before = evicted.consumer.groupMetadata();
    evicted.commit(0, 1, before, "before");

    Member successor = join(protocol, "successor", PATIENT, LONG_TRANSACTION);
    polledUntil(Map.of(successor, Set.of(0, 1)));
    successor.commit(0, 5, successor.consumer.groupMetadata(), "successor");

    assertThatThrownBy(() -> evicted.commit(0, 2, before, "zombie"))
        .isInstanceOf(CommitFailedException.class);
    evicted.producer.abortTransaction();
    assertThat(offset(0)).isEqualTo(5);
    assertThat(ledger()).containsExactly("before", "successor");
  }

  /** T2, by both calls there are: the admin client's is what a restore makes. */
  @ParameterizedTest
  @EnumSource
  void theOffsetIsWithheldWhileTheOldOwnersTransactionIsOpenUntilItIsCommitted(
      GroupProtocol protocol) throws Exception {
    Member old = join(protocol, "old", SHORT_OF_POLLING, LONG_TRANSACTION);
    polledUntil(Map.of(old, Set.of(0, 1)));
    old.commit(0, 1, old.consumer.groupMetadata(), "first");
    old.open(0, 7, old.consumer.groupMetadata(), "second");

    Member successor = join(protocol, "successor", PATIENT, LONG_TRANSACTION);
    polledUntil(Map.of(successor, Set.of(0, 1)));
    assertThatThrownBy(() -> successor.committed(0, BLOCKED)).isInstanceOf(TimeoutException.class);
    assertThat(stableOffset(0)).as("no offset is told, not even the last").isEmpty();

    FutureTask<Long> waiting = begun(() -> successor.committed(0, PATIENT));
    old.producer.commitTransaction();

    assertThat(waiting.get()).isEqualTo(7);
    assertThat(offset(0)).isEqualTo(7);
    assertThat(ledger()).containsExactly("first", "second");
  }

  /** T2. */
  @ParameterizedTest
  @EnumSource
  void itIsWithheldNoLongerThanTheTransactionsTimeout(GroupProtocol protocol) throws Exception {
    Member old = join(protocol, "old", PATIENT, SHORT_TRANSACTION);
    polledUntil(Map.of(old, Set.of(0, 1)));
    old.commit(0, 1, old.consumer.groupMetadata(), "first");
    long began = System.nanoTime();
    old.open(0, 7, old.consumer.groupMetadata(), "second");

    assertThat(stableOffset(0)).isEmpty();
    assertThat(offset(0)).isEqualTo(1);
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThan(SHORT_TRANSACTION);
    assertThatThrownBy(old.producer::commitTransaction).as("it comes too late").isNotNull();
    assertThat(offset(0)).isEqualTo(1);
    assertThat(ledger()).containsExactly("first");
  }

  /** T3: no rule of ours, but a hole: who closes it on the broker's side makes this test fail. */
  @ParameterizedTest
  @EnumSource
  void aMemberMayCommitForAPartitionOfAnotherWithMetadataReadJustNow(GroupProtocol protocol)
      throws Exception {
    Pair pair = pair(protocol);

    assertThatCode(
            () -> pair.keeping.commit(1, 9, pair.keeping.consumer.groupMetadata(), "not mine"))
        .as(
            "the broker now asks who owns a partition when an offset is committed. Good: then"
                + " groupMetadata() read at the commit would be safe, the snapshot taken with the"
                + " polled records is a second fence and no longer the only one, and the notes on"
                + " fencing should say so")
        .doesNotThrowAnyException();
    assertThat(offset(1)).isEqualTo(9);
    assertThat(ledger()).containsExactly("not mine");
  }

  /** T4. */
  @ParameterizedTest
  @EnumSource
  void metadataFromBeforeAPartitionMovedAwayIsRefused(GroupProtocol protocol) throws Exception {
    Pair pair = pair(protocol);

    assertThatThrownBy(() -> pair.keeping.commit(1, 9, pair.before, "not mine"))
        .isInstanceOf(CommitFailedException.class);
    pair.keeping.producer.abortTransaction();

    assertThat(offset(1)).isEqualTo(-1);
    assertThat(ledger()).isEmpty();
  }

  /** T4b: why the worker asks for the consumer protocol; see KIP-1251. */
  @ParameterizedTest
  @EnumSource(names = "CONSUMER")
  void metadataFromBeforeARebalanceIsTakenForAPartitionThatStayed(GroupProtocol protocol)
      throws Exception {
    Pair pair = pair(protocol);

    pair.keeping.commit(0, 9, pair.before, "still mine");

    assertThat(offset(0)).isEqualTo(9);
    assertThat(ledger()).containsExactly("still mine");
  }

  /** T4b: the classic protocol throws away work of partitions that stay where they are. */
  @ParameterizedTest
  @EnumSource(names = "CLASSIC")
  void theClassicProtocolRefusesItEvenForAPartitionThatStayed(GroupProtocol protocol)
      throws Exception {
    Pair pair = pair(protocol);

    assertThatThrownBy(() -> pair.keeping.commit(0, 9, pair.before, "still mine"))
        .isInstanceOf(CommitFailedException.class);
    pair.keeping.producer.abortTransaction();

    assertThat(offset(0)).isEqualTo(-1);
    assertThat(ledger()).isEmpty();
  }

  /**
   * A member that had both partitions and keeps 0, and one that got 1.
   *
   * @param before the first one's metadata from when it had both
   */
  private record Pair(Member keeping, Member taking, ConsumerGroupMetadata before) {}

  private Pair pair(GroupProtocol protocol) {
    Member keeping = join(protocol, "keeping", PATIENT, LONG_TRANSACTION);
    polledUntil(Map.of(keeping, Set.of(0, 1)));
    ConsumerGroupMetadata before = keeping.consumer.groupMetadata();
    Member taking = join(protocol, "taking", PATIENT, LONG_TRANSACTION);
    polledUntil(Map.of(keeping, Set.of(0), taking, Set.of(1)));
    return new Pair(keeping, taking, before);
  }

  private Member join(GroupProtocol protocol, String name, Duration maxPoll, Duration transaction) {
    Member member = new Member(protocol, name, maxPoll, transaction);
    members.add(member);
    return member;
  }

  /** Polls these members, and nobody else, until each has the partitions named. */
  private static void polledUntil(Map<Member, Set<Integer>> assignments) {
    long giveUp = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!assignments.entrySet().stream().allMatch(e -> e.getKey().has(e.getValue()))) {
      assertThat(System.nanoTime()).as("the assignment is not as it must be").isLessThan(giveUp);
      assignments.keySet().forEach(Member::poll);
    }
  }

  /** What a restore starts from, -1 for nothing. Commits and aborts take effect a moment later. */
  private long offset(int partition) throws Exception {
    return Eventually.see(
            "an offset is told", () -> stableOffset(partition), OptionalLong::isPresent)
        .orElseThrow();
  }

  /** The same as it is told now; empty while a transaction over it is open. */
  private OptionalLong stableOffset(int partition) {
    Map<TopicPartition, OffsetAndMetadata> offsets =
        answer(
            KafkaFixture.admin()
                .listConsumerGroupOffsets(
                    Map.of(
                        group(),
                        new ListConsumerGroupOffsetsSpec().topicPartitions(List.of(at(partition)))),
                    new ListConsumerGroupOffsetsOptions().requireStable(true))
                .partitionsToOffsetAndMetadata(group()));
    if (!offsets.containsKey(at(partition))) {
      return OptionalLong.empty();
    }
    OffsetAndMetadata offset = offsets.get(at(partition));
    return OptionalLong.of(offset == null ? -1 : offset.offset());
  }

  private static <T> T answer(KafkaFuture<T> future) {
    try {
      return Answers.get(future);
    } catch (InterruptedException stopped) {
      throw new IllegalStateException(stopped);
    }
  }

  /** The ledger as a reader of what is committed sees it, once no transaction in it is open. */
  private List<String> ledger() throws Exception {
    Eventually.isTrue(
        "no transaction is open",
        () -> ends(IsolationLevel.READ_COMMITTED).equals(ends(IsolationLevel.READ_UNCOMMITTED)));
    try (var records =
        new CommittedRecords(KafkaFixture.bootstrapServers(), Kind.LEDGER.topic(prefix))) {
      return records.texts();
    }
  }

  private List<Long> ends(IsolationLevel isolation) {
    Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
    for (int partition = 0; partition < 2; partition++) {
      asked.put(new TopicPartition(Kind.LEDGER.topic(prefix), partition), OffsetSpec.latest());
    }
    var answered = KafkaFixture.admin().listOffsets(asked, new ListOffsetsOptions(isolation));
    return asked.keySet().stream()
        .map(at -> answer(answered.partitionResult(at)).offset())
        .toList();
  }

  private TopicPartition at(int partition) {
    return new TopicPartition(Kind.REQUESTS.topic(prefix), partition);
  }

  private String group() {
    return prefix + "-group";
  }

  private static <T> FutureTask<T> begun(Callable<T> call) {
    FutureTask<T> task = new FutureTask<>(call);
    Thread.startVirtualThread(task);
    return task;
  }

  /** A member of the group with a transactional producer, as a worker has them. */
  private final class Member implements AutoCloseable {
    final KafkaConsumer<byte[], byte[]> consumer;
    final KafkaProducer<String, String> producer;

    Member(GroupProtocol protocol, String name, Duration maxPoll, Duration transaction) {
      Map<String, Object> config = new HashMap<>();
      config.put("bootstrap.servers", KafkaFixture.bootstrapServers());
      config.put("group.id", group());
      config.put("group.protocol", protocol.name().toLowerCase(Locale.ROOT));
      config.put("isolation.level", "read_committed");
      config.put("enable.auto.commit", false);
      config.put("auto.offset.reset", "earliest");
      config.put("max.poll.interval.ms", (int) maxPoll.toMillis());
      if (protocol == GroupProtocol.CLASSIC) {
        config.put("heartbeat.interval.ms", 200);
        config.put(
            "partition.assignment.strategy",
            "org.apache.kafka.clients.consumer.CooperativeStickyAssignor");
      }
      consumer =
          new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
      consumer.subscribe(List.of(Kind.REQUESTS.topic(prefix)));
      producer =
          new KafkaProducer<>(
              Map.of(
                  "bootstrap.servers",
                  KafkaFixture.bootstrapServers(),
                  "transactional.id",
                  prefix + "." + name,
                  "transaction.timeout.ms",
                  (int) transaction.toMillis()),
              new StringSerializer(),
              new StringSerializer());
      producer.initTransactions();
    }

    void poll() {
      var _ = consumer.poll(Duration.ofMillis(50));
    }

    boolean has(Set<Integer> partitions) {
      return consumer.assignment().stream()
          .map(TopicPartition::partition)
          .collect(Collectors.toSet())
          .equals(partitions);
    }

    /** A tick that is not committed yet: a record of the ledger, in the log, and an offset. */
    void open(int partition, long offset, ConsumerGroupMetadata metadata, String note) {
      producer.beginTransaction();
      var _ = producer.send(new ProducerRecord<>(Kind.LEDGER.topic(prefix), partition, note, note));
      producer.flush();
      producer.sendOffsetsToTransaction(
          Map.of(at(partition), new OffsetAndMetadata(offset)), metadata);
    }

    void commit(int partition, long offset, ConsumerGroupMetadata metadata, String note) {
      open(partition, offset, metadata, note);
      producer.commitTransaction();
    }

    long committed(int partition, Duration atMost) {
      OffsetAndMetadata offset =
          consumer.committed(Set.of(at(partition)), atMost).get(at(partition));
      return offset == null ? -1 : offset.offset();
    }

    @Override
    public void close() {
      producer.close(Duration.ZERO);
      consumer.close();
    }
  }
}
