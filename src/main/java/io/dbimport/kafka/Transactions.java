package io.dbimport.kafka;

import io.dbimport.event.Message.Kind;
import io.dbimport.worker.Entry;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The transactional producer of one instance, made anew whenever it is of no more use. Confined to
 * one thread.
 */
final class Transactions implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Transactions.class);
  private static final long FENCED_TWICE_WITHIN_NANOS = Duration.ofMinutes(1).toNanos();

  /** With the producer's own 20 seconds each, the loop still turns within its two minutes. */
  private static final int COMMIT_TRIES = 3;

  /** Another process runs under the same instance id. */
  static final class InstanceIdInUse extends RuntimeException {
    private static final long serialVersionUID = 1L;

    InstanceIdInUse(String transactionalId, Throwable cause) {
      super("another process uses the transactional id " + transactionalId, cause);
    }
  }

  /** The records that one entry is written down as, in the order in which they are sent. */
  record Outgoing(Entry entry, List<ProducerRecord<byte[], byte[]>> records) {}

  private final KafkaSettings settings;
  private final Clients clients;
  private final MeterRegistry registry;
  private final Milestone.Listener milestones;
  private @Nullable KafkaProducer<byte[], byte[]> producer;
  private @Nullable KafkaClientMetrics metrics;
  private @Nullable Long fencedAtNanos;

  /**
   * Makes no producer yet.
   *
   * @param registry has the metrics of the producer that is in use
   */
  Transactions(
      KafkaSettings settings,
      Clients clients,
      MeterRegistry registry,
      Milestone.Listener milestones) {
    this.milestones = milestones;
    this.settings = settings;
    this.clients = clients;
    this.registry = registry;
  }

  /**
   * Sends the records and the offsets in one transaction. Blocks until it is known what became of
   * it, or until the broker was silent for the producer's own timeouts.
   *
   * @param offsets partition of requests to offset
   * @param notes what is noted beside each offset, but for the end of what this writes to the
   *     partition's ledger
   * @param group the metadata of the assignment that the entries come from
   * @throws InstanceIdInUse when the producer was fenced twice within a minute
   * @throws KafkaException when the broker forbids it
   */
  CommitReply commit(
      List<Outgoing> outgoing,
      Map<Integer, Long> offsets,
      Map<Integer, CommitNote> notes,
      ConsumerGroupMetadata group) {
    Set<Entry> tooLarge = Collections.newSetFromMap(new IdentityHashMap<>());
    ConcurrentLinkedQueue<Entry> refused = new ConcurrentLinkedQueue<>();
    Map<Integer, Long> ledgerEnds = new ConcurrentHashMap<>();
    KafkaProducer<byte[], byte[]> open;
    try {
      open = producer();
      milestones.reached(Milestone.TICK_BEGINS);
      open.beginTransaction();
      outgoing.forEach(
          o -> o.records().forEach(r -> send(open, r, o.entry(), refused, ledgerEnds)));
      open.flush();
      milestones.reached(Milestone.TICK_FLUSHED);
      if (refused.isEmpty()) {
        open.sendOffsetsToTransaction(kafkaOffsets(offsets, notes, ledgerEnds), group);
        milestones.reached(Milestone.OFFSETS_SENT);
      }
    } catch (KafkaException failure) {
      abort(failure);
      return new CommitReply.Aborted(failure);
    }
    if (!refused.isEmpty()) {
      tooLarge.addAll(refused);
      abort(new RecordTooLargeException("records of " + tooLarge.size() + " entries"));
      return new CommitReply.TooLarge(tooLarge);
    }
    return commit(open, ledgerEnds);
  }

  private void send(
      Producer<byte[], byte[]> open,
      ProducerRecord<byte[], byte[]> record,
      Entry entry,
      Collection<Entry> refused,
      Map<Integer, Long> ledgerEnds) {
    boolean toLedger = record.topic().equals(settings.topic(Kind.LEDGER));
    // Any failure but this one also fails the commit, which is where it is heard of.
    var _ =
        open.send(
            record,
            (metadata, failure) -> {
              if (failure instanceof RecordTooLargeException) {
                refused.add(entry);
              } else if (failure == null && toLedger) {
                ledgerEnds.merge(metadata.partition(), metadata.offset() + 1, Math::max);
              }
            });
  }

  private CommitReply commit(KafkaProducer<byte[], byte[]> open, Map<Integer, Long> ledgerEnds) {
    KafkaException last = null;
    for (int tries = 0; tries < COMMIT_TRIES; tries++) {
      try {
        open.commitTransaction();
        milestones.reached(Milestone.TICK_COMMITTED);
        return new CommitReply.Committed(ledgerEnds);
      } catch (TimeoutException silence) {
        // The same call again is the documented way to learn what became of it.
        LOG.warn("the commit of a tick is not answered yet: {}", silence.getMessage());
        last = silence;
      } catch (KafkaException failure) {
        last = failure;
        break;
      }
    }
    KafkaException why = last == null ? new KafkaException("no commit was tried") : last;
    drop(why);
    return new CommitReply.Unsure(why);
  }

  /** Ends whatever transaction this instance left open, so that its end is known. */
  void settleLeftovers() {
    producer();
  }

  private KafkaProducer<byte[], byte[]> producer() {
    KafkaProducer<byte[], byte[]> existing = producer;
    if (existing != null) {
      return existing;
    }
    KafkaProducer<byte[], byte[]> fresh = clients.transactionalProducer();
    try {
      fresh.initTransactions();
    } catch (KafkaException failure) {
      fresh.close(Duration.ZERO);
      throw failure;
    }
    KafkaClientMetrics ofFresh = new KafkaClientMetrics(fresh);
    ofFresh.bindTo(registry);
    metrics = ofFresh;
    producer = fresh;
    return fresh;
  }

  private void abort(KafkaException failure) {
    if (Access.denied(failure) || isFenced(failure)) {
      drop(failure);
      return;
    }
    KafkaProducer<byte[], byte[]> open = producer;
    if (open == null) {
      return;
    }
    try {
      open.abortTransaction();
    } catch (KafkaException beyondAbort) {
      failure.addSuppressed(beyondAbort);
      drop(failure);
    }
  }

  /** Lets the producer go; the next use makes a new one. */
  private void drop(KafkaException failure) {
    close(Duration.ZERO);
    if (Access.denied(failure)) {
      throw failure;
    }
    if (isFenced(failure)) {
      long now = System.nanoTime();
      Long before = fencedAtNanos;
      fencedAtNanos = now;
      LOG.warn("fenced: {}", failure.getMessage());
      if (before != null && now - before < FENCED_TWICE_WITHIN_NANOS) {
        throw new InstanceIdInUse(settings.transactionalId(), failure);
      }
    }
  }

  private static boolean isFenced(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof ProducerFencedException
          || cause instanceof InvalidProducerEpochException) {
        return true;
      }
    }
    return false;
  }

  private Map<TopicPartition, OffsetAndMetadata> kafkaOffsets(
      Map<Integer, Long> offsets, Map<Integer, CommitNote> notes, Map<Integer, Long> ledgerEnds) {
    String requests = settings.topic(Kind.REQUESTS);
    Map<TopicPartition, OffsetAndMetadata> kafka = new HashMap<>();
    offsets.forEach((partition, offset) ->
        kafka.put(
            new TopicPartition(requests, partition),
            new OffsetAndMetadata(
                offset,
                Objects.requireNonNull(notes.get(partition))
                    .atLeast(ledgerEnds.getOrDefault(partition, 0L))
                    .text())));
    return kafka;
  }

  @Override
  public void close() {
    close(Duration.ofSeconds(5));
  }

  private void close(Duration atMost) {
    KafkaProducer<byte[], byte[]> open = producer;
    producer = null;
    KafkaClientMetrics ofOpen = metrics;
    metrics = null;
    // The next producer has the same name, and its metrics would not be registered beside these.
    if (ofOpen != null) {
      ofOpen.close();
    }
    if (open != null) {
      open.close(atMost);
    }
  }
}
