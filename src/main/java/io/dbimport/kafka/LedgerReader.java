package io.dbimport.kafka;

import static io.dbimport.kafka.Answers.get;

import io.dbimport.event.JournalCodec;
import io.dbimport.event.LedgerCodec;
import io.dbimport.event.LedgerCodec.Reading;
import io.dbimport.event.LedgerRecord;
import io.dbimport.event.Message.Kind;
import io.dbimport.worker.LedgerFold;
import io.dbimport.worker.Restored;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnstableOffsetCommitException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what the ledger and the journal say about a partition. Thread-safe.
 *
 * <p>The committed offset first, and only once no transaction of an earlier owner is open; then the
 * whole ledger partition up to the end taken after that, then the journal. That end is the log's
 * own, not the last stable one: the markers of a transaction reach the offsets and the ledger at
 * different moments, and a reader of committed records gets past the log's end only when they have
 * reached the ledger too.
 */
final class LedgerReader {
  private static final Logger LOG = LoggerFactory.getLogger(LedgerReader.class);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration STABLE_LOOK = Duration.ofMillis(100);
  private static final Duration STABLE_WITHIN = Duration.ofSeconds(5);

  /** On top of the earlier owner's own time: its clock and ours began at different moments. */
  private static final Duration MARGIN = Duration.ofSeconds(2);

  /**
   * A partition as it was left.
   *
   * @param ledgerEnd end of the ledger that was read
   * @param journalEnd end of the journal that was read
   * @param replies where in it the replies lie that no outcome says yet, by delivery
   */
  record Read(Restored restored, long ledgerEnd, long journalEnd, Map<Long, Long> replies) {}

  /** What the partition needs is not there any more; a person must decide. */
  static final class Lost extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Lost(String what) {
      super(what);
    }
  }

  private record Committed(long offset, Optional<CommitNote> note, boolean any) {}

  private final KafkaSettings settings;
  private final Clients clients;
  private final Admin admin;
  private final LedgerCodec ledgerCodec = new LedgerCodec();
  private final JournalCodec journalCodec = new JournalCodec();

  LedgerReader(KafkaSettings settings, Clients clients, Admin admin) {
    this.settings = settings;
    this.clients = clients;
    this.admin = admin;
  }

  /** Id of the topic of requests: a topic made anew is another one, whatever its name. */
  String topicId() throws InterruptedException {
    String requests = settings.topic(Kind.REQUESTS);
    TopicDescription described =
        get(admin.describeTopics(Set.of(requests)).allTopicNames()).get(requests);
    if (described == null) {
      throw new KafkaException("the broker does not describe " + requests);
    }
    return described.topicId().toString();
  }

  /**
   * Reads the ledger and the journal of one partition of requests. Blocks while an earlier owner's
   * transaction is open, and, where that owner did not hand over, until none of its calls can start
   * or be answered any more: what it writes down meanwhile is read too.
   *
   * @param ledgerRead hears of it when the ledger was read and the waiting begins
   * @throws Lost when records are gone that the partition needs
   * @throws UnstableOffsetCommitException when it stays open over the offset for more than 5
   *     seconds
   * @throws KafkaException when the broker does not answer
   */
  Read restore(int partition, Runnable ledgerRead) throws InterruptedException {
    long began = System.nanoTime();
    String topicId = topicId();
    TopicPartition requests = new TopicPartition(settings.topic(Kind.REQUESTS), partition);
    TopicPartition ledger = new TopicPartition(settings.topic(Kind.LEDGER), partition);
    TopicPartition journal = new TopicPartition(settings.topic(Kind.OUTCOMES), partition);
    Committed committed = committed(requests);
    requireNothingLost(requests, committed);
    long ledgerEnd = latest(ledger);
    LedgerFold fold = new LedgerFold(committed.offset());
    try (KafkaConsumer<byte[], byte[]> consumer = clients.plainConsumer()) {
      consumer.assign(List.of(ledger));
      consumer.seekToBeginning(List.of(ledger));
      readTo(
          consumer,
          ledger,
          ledgerEnd,
          records ->
              known(ledger, records)
                  .filter(known -> known.topicId().equals(topicId))
                  .forEach(fold::add));
      committed
          .note()
          .filter(note -> note.ledgerEnd() > ledgerEnd)
          .ifPresent(note -> {
            throw new Lost(
                "%s ends at %d and had records up to %d: what was accepted is not known any more; to"
                        .formatted(ledger, ledgerEnd, note.ledgerEnd())
                    + " go on all the same set the group's offset anew");
          });
      ledgerRead.run();
      long from = committed.note().map(CommitNote::journalOffset).orElse(0L);
      boolean clean = !committed.any() || committed.note().filter(CommitNote::clean).isPresent();
      Duration wait =
          clean
              ? Duration.ZERO
              : committed
                  .note()
                  .map(CommitNote::timeout)
                  .orElse(settings.callsEndWithin())
                  .plus(MARGIN);
      consumer.assign(List.of(journal));
      consumer.seek(journal, Math.max(from, earliest(journal)));
      long until = began + wait.toNanos();
      Map<Long, Long> replies = new HashMap<>();
      Consumer<ConsumerRecords<byte[], byte[]>> reader =
          records -> records.forEach(record -> fold(record, topicId, fold, replies));
      read(consumer, () -> System.nanoTime() >= until, journal, reader);
      // Whatever was written down while the last wait ended is in the log by now.
      long journalEnd = latest(journal);
      readTo(consumer, journal, journalEnd, reader);
      Restored restored = fold.restored();
      replies.keySet().retainAll(restored.replies().keySet());
      LOG.info(
          "restored {} from offset {}{}: {} done ahead of it, {} open, {} open jobs, {} unknown",
          requests,
          committed.offset(),
          clean ? "" : ", which was not handed over",
          restored.done().size(),
          restored.open().size(),
          restored.openJobs().size(),
          restored.unknown().size());
      return new Read(restored, ledgerEnd, journalEnd, replies);
    }
  }

  private void fold(
      ConsumerRecord<byte[], byte[]> record,
      String topicId,
      LedgerFold fold,
      Map<Long, Long> replies) {
    journalCodec
        .decode(record.key(), record.value())
        .filter(known -> known.topicId().equals(topicId))
        .ifPresent(known -> {
          fold.add(known);
          replies.putIfAbsent(known.offset(), record.offset());
        });
  }

  /** Whether the ledger has a record like this among the committed ones from this offset on. */
  boolean has(int partition, long from, Predicate<LedgerRecord> wanted)
      throws InterruptedException {
    TopicPartition ledger = new TopicPartition(settings.topic(Kind.LEDGER), partition);
    boolean[] found = {false};
    try (KafkaConsumer<byte[], byte[]> consumer = clients.plainConsumer()) {
      consumer.assign(List.of(ledger));
      consumer.seek(ledger, from);
      readTo(
          consumer,
          ledger,
          latest(ledger),
          records -> found[0] |= known(ledger, records).anyMatch(wanted));
    }
    return found[0];
  }

  /** In their order. Decoding is most of a restore's work, so it is for every processor. */
  private Stream<LedgerRecord> known(
      TopicPartition ledger, ConsumerRecords<byte[], byte[]> records) {
    List<ConsumerRecord<byte[], byte[]>> raw = records.records(ledger);
    List<Reading> readings =
        raw.parallelStream()
            .map(record -> ledgerCodec.decode(ledger.partition(), record.key(), record.value()))
            .toList();
    return IntStream.range(0, raw.size())
        .mapToObj(i -> known(readings.get(i), ledger, raw.get(i).offset()));
  }

  private static LedgerRecord known(Reading reading, TopicPartition ledger, long offset) {
    return switch (reading) {
      case Reading.Known(LedgerRecord known) -> known;
      case Reading.Unreadable(String why) ->
          throw new KafkaException(
              "the ledger cannot be read at %s offset %d: %s".formatted(ledger, offset, why));
    };
  }

  private static void readTo(
      KafkaConsumer<byte[], byte[]> consumer,
      TopicPartition at,
      long end,
      Consumer<ConsumerRecords<byte[], byte[]>> reader)
      throws InterruptedException {
    read(consumer, () -> consumer.position(at) >= end, at, reader);
  }

  private static void read(
      KafkaConsumer<byte[], byte[]> consumer,
      BooleanSupplier enough,
      TopicPartition at,
      Consumer<ConsumerRecords<byte[], byte[]>> reader)
      throws InterruptedException {
    while (!enough.getAsBoolean()) {
      if (Thread.interrupted()) {
        throw new InterruptedException("reading " + at);
      }
      reader.accept(consumer.poll(POLL));
    }
  }

  private void requireNothingLost(TopicPartition requests, Committed committed)
      throws InterruptedException {
    if (!committed.any()) {
      return;
    }
    long first = earliest(requests);
    long end = latest(requests);
    if (committed.offset() < first) {
      throw new Lost(
          "%s begins at %d and was worked on up to %d: the requests between are gone; to go on"
                  .formatted(requests, first, committed.offset())
              + " without them set the group's offset to the earliest");
    }
    if (committed.offset() > end) {
      throw new Lost(
          "%s ends at %d and was worked on up to %d: records are gone; to go on set the group's"
                  .formatted(requests, end, committed.offset())
              + " offset to what should be worked on");
    }
  }

  private Committed committed(TopicPartition requests) throws InterruptedException {
    ListConsumerGroupOffsetsSpec spec =
        new ListConsumerGroupOffsetsSpec().topicPartitions(List.of(requests));
    long giveUpAt = System.nanoTime() + STABLE_WITHIN.toNanos();
    while (true) {
      Map<TopicPartition, OffsetAndMetadata> offsets =
          get(
              admin
                  .listConsumerGroupOffsets(
                      Map.of(settings.groupId(), spec),
                      new ListConsumerGroupOffsetsOptions().requireStable(true))
                  .partitionsToOffsetAndMetadata(settings.groupId()));
      // The admin client leaves a partition out while a transaction over its offset is open, and
      // answers null where nothing was ever committed.
      if (offsets.containsKey(requests)) {
        OffsetAndMetadata committed = offsets.get(requests);
        return committed == null
            ? new Committed(earliest(requests), Optional.empty(), false)
            : new Committed(committed.offset(), CommitNote.read(committed.metadata()), true);
      }
      if (System.nanoTime() > giveUpAt) {
        throw new UnstableOffsetCommitException(
            "a transaction over the offset of " + requests + " is open");
      }
      Thread.sleep(STABLE_LOOK);
    }
  }

  private long earliest(TopicPartition partition) throws InterruptedException {
    return get(admin
            .listOffsets(Map.of(partition, OffsetSpec.earliest()))
            .partitionResult(partition))
        .offset();
  }

  private long latest(TopicPartition partition) throws InterruptedException {
    return get(admin
            .listOffsets(
                Map.of(partition, OffsetSpec.latest()),
                new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED))
            .partitionResult(partition))
        .offset();
  }
}
