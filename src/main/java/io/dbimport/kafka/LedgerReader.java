package io.dbimport.kafka;

import static io.dbimport.kafka.Answers.get;

import io.dbimport.event.AcceptedJob;
import io.dbimport.event.LedgerCodec;
import io.dbimport.event.LedgerCodec.Reading;
import io.dbimport.event.LedgerRecord;
import io.dbimport.event.Message.Kind;
import io.dbimport.worker.Restored;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnstableOffsetCommitException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what the ledger says about a partition. Thread-safe.
 *
 * <p>The committed offset first, and only once no transaction of an earlier owner is open; then the
 * whole ledger partition up to the end taken after that. That end is the log's own, not the last
 * stable one: the markers of a transaction reach the offsets and the ledger at different moments,
 * and a reader of committed records gets past the log's end only when they have reached the ledger
 * too.
 */
final class LedgerReader {
  private static final Logger LOG = LoggerFactory.getLogger(LedgerReader.class);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration STABLE_LOOK = Duration.ofMillis(100);
  private static final Duration STABLE_WITHIN = Duration.ofSeconds(5);

  private final KafkaSettings settings;
  private final Clients clients;
  private final Admin admin;
  private final LedgerCodec codec = new LedgerCodec();

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
   * Reads the ledger of one partition of requests. Blocks while an earlier owner's transaction is
   * open.
   *
   * @throws UnstableOffsetCommitException when it stays open over the offset for more than 5
   *     seconds
   * @throws KafkaException when the broker does not answer
   */
  Restored restore(int partition) throws InterruptedException {
    String topicId = topicId();
    long start = committed(new TopicPartition(settings.topic(Kind.REQUESTS), partition));
    TopicPartition ledger = new TopicPartition(settings.topic(Kind.LEDGER), partition);
    long end = latest(ledger, IsolationLevel.READ_UNCOMMITTED);
    Set<Long> done = new HashSet<>();
    Map<Long, AcceptedJob> openJobs = new HashMap<>();
    try (KafkaConsumer<byte[], byte[]> consumer = clients.plainConsumer()) {
      consumer.assign(List.of(ledger));
      consumer.seekToBeginning(List.of(ledger));
      while (consumer.position(ledger) < end) {
        if (Thread.interrupted()) {
          throw new InterruptedException("restore of " + ledger);
        }
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          switch (codec.decode(partition, record.key(), record.value())) {
            case Reading.Known(LedgerRecord known) when known.topicId().equals(topicId) -> {
              if (known.offset() >= start) {
                done.add(known.offset());
              }
              switch (known) {
                case LedgerRecord.Accepted accepted ->
                    openJobs.put(accepted.offset(), accepted.job());
                case LedgerRecord.Failed failed -> openJobs.remove(failed.offset());
                case LedgerRecord.Ended ended -> openJobs.remove(ended.offset());
              }
            }
            case Reading.Known _ -> {} // about a topic of the same name that was deleted
            case Reading.Unreadable(String why) ->
                throw new KafkaException(
                    "the ledger cannot be read at %s offset %d: %s"
                        .formatted(ledger, record.offset(), why));
          }
        }
      }
    }
    LOG.info(
        "restored {} from offset {}: {} done ahead of it, {} open jobs",
        ledger,
        start,
        done.size(),
        openJobs.size());
    return new Restored(start, done, new ArrayList<>(openJobs.values()));
  }

  private long committed(TopicPartition requests) throws InterruptedException {
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
        return committed == null ? earliest(requests) : committed.offset();
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

  private long latest(TopicPartition partition, IsolationLevel isolation)
      throws InterruptedException {
    return get(admin
            .listOffsets(Map.of(partition, OffsetSpec.latest()), new ListOffsetsOptions(isolation))
            .partitionResult(partition))
        .offset();
  }
}
