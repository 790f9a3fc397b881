package io.dbimport.kafka;

import io.dbimport.Reply;
import io.dbimport.event.JournalCodec;
import io.dbimport.event.JournalRecord;
import io.dbimport.worker.Call;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RetriableException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes down what attempts with an intent gave, at once and beside the ticks: it narrows what is
 * unknown after a crash to the calls themselves. It gives no record up while the process lives.
 * Thread-safe.
 */
final class Journal implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Journal.class);

  /** Of one partition: up to where it is acknowledged, and what is still needed of it. */
  private static final class Part {
    private final Map<Long, Long> needed = new ConcurrentHashMap<>();
    private volatile long end;

    Part(long end, Map<Long, Long> needed) {
      this.end = end;
      this.needed.putAll(needed);
    }

    /** The lowest place at which a reply may lie that no tick has. */
    long low() {
      long atMost = end;
      return Math.min(
          atMost, needed.values().stream().mapToLong(Long::longValue).min().orElse(atMost));
    }

    synchronized void acknowledged(long delivery, long offset) {
      needed.computeIfPresent(delivery, (_, _) -> offset);
      end = Math.max(end, offset + 1);
    }
  }

  private final JournalCodec codec = new JournalCodec();
  private final Map<Integer, Part> parts = new ConcurrentHashMap<>();
  private final KafkaProducer<byte[], byte[]> producer;
  private final BlockingQueue<Inbound> inbox;
  private final Milestone.Listener milestones;
  private final String topicPrefix;
  private final String topicId;
  private volatile boolean closed;

  /**
   * Writes to the journal of one topic of requests.
   *
   * @param topicId its id
   * @param inbox hears of it when Kafka does not let us write any more
   */
  Journal(
      KafkaSettings settings,
      Clients clients,
      String topicId,
      BlockingQueue<Inbound> inbox,
      Milestone.Listener milestones) {
    this.milestones = milestones;
    this.producer = clients.journalProducer();
    this.topicPrefix = settings.topicPrefix();
    this.topicId = topicId;
    this.inbox = inbox;
  }

  /**
   * The partition is ours.
   *
   * @param end of its journal, exclusive
   * @param needed where the replies below that lie that no tick has, by delivery
   */
  void assigned(int partition, long end, Map<Long, Long> needed) {
    parts.put(partition, new Part(end, needed));
  }

  /** The partition is given up. */
  void released(int partition) {
    parts.remove(partition);
  }

  /** The loop hears of a reply that is about to be appended: its place is kept until a tick. */
  void announce(Call call) {
    Part part = parts.get(call.source().partition());
    if (part != null) {
      part.needed.put(call.source().offset(), part.end);
    }
  }

  /**
   * Appends what a call gave; announced before. Blocks while the broker says nothing, for seconds.
   *
   * @param reply null when the call was not made after all
   */
  void append(Call call, @Nullable Reply reply) {
    int partition = call.source().partition();
    long delivery = call.source().offset();
    Part part = parts.get(partition);
    JournalRecord record = new JournalRecord(topicId, delivery, call.number(), reply);
    ProducerRecord<byte[], byte[]> encoded;
    try {
      encoded = Messages.record(codec.encode(record, partition), topicPrefix);
    } catch (RuntimeException bug) {
      // The loop has heard of the reply already: it must not hear of this call again.
      LOG.error("a fault of ours: a reply cannot be journalled", bug);
      return;
    }
    send(encoded, part, delivery);
  }

  private void send(ProducerRecord<byte[], byte[]> record, @Nullable Part part, long delivery) {
    try {
      var _ =
          producer.send(
              record,
              (metadata, failure) -> {
                if (failure != null) {
                  failed(record, part, delivery, failure);
                  return;
                }
                milestones.reached(Milestone.CALL_JOURNALLED);
                if (part != null) {
                  part.acknowledged(delivery, metadata.offset());
                }
              });
    } catch (RuntimeException refused) {
      failed(record, part, delivery, refused);
    }
  }

  private void failed(
      ProducerRecord<byte[], byte[]> record, @Nullable Part part, long delivery, Exception why) {
    if (closed) {
      LOG.warn("a reply is not in the journal: {}", why.toString());
    } else if (why instanceof RetriableException) {
      LOG.warn("a reply is journalled again: {}", why.toString());
      Thread.ofVirtual().name("journal-again").start(() -> send(record, part, delivery));
    } else if (Access.denied(why)) {
      inbox.add(new Inbound.Died(why));
    } else {
      // The tick has the reply too: only a crash before it would leave the attempt unknown.
      LOG.error("a reply cannot be journalled", why);
    }
  }

  /** The delivery's ledger record says all that its replies said. */
  void settled(int partition, long delivery) {
    Part part = parts.get(partition);
    if (part != null) {
      part.needed.remove(delivery);
    }
  }

  /** No reply of this process below this is still needed; 0 where nothing is known. */
  long low(int partition) {
    Part part = parts.get(partition);
    return part == null ? 0 : part.low();
  }

  @Override
  public void close() {
    closed = true;
    producer.close(Duration.ofSeconds(5));
  }
}
