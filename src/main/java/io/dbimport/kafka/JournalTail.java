package io.dbimport.kafka;

import io.dbimport.event.JournalCodec;
import io.dbimport.event.Message.Kind;
import io.dbimport.worker.Restored;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads on in the journal of partitions with unknown outcomes: an earlier owner that was given up
 * may wake up and write down what its call gave. Only the thread it starts reads; thread-safe.
 */
final class JournalTail implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(JournalTail.class);
  private static final Duration POLL = Duration.ofMillis(500);

  /** What to read; a negative offset ends it. */
  private record Order(int partition, long epoch, long from) {}

  private record Tail(long epoch, long from) {}

  private final KafkaSettings settings;
  private final Clients clients;
  private final String topicId;
  private final BlockingQueue<Inbound> inbox;
  private final BlockingQueue<Order> orders = new LinkedBlockingQueue<>();

  /** Partition to where reading began. */
  private final Map<Integer, Long> begun = new ConcurrentHashMap<>();

  private final JournalCodec codec = new JournalCodec();
  private final Background thread;
  private volatile boolean closed;

  JournalTail(
      KafkaSettings settings, Clients clients, String topicId, BlockingQueue<Inbound> inbox) {
    this.settings = settings;
    this.clients = clients;
    this.topicId = topicId;
    this.inbox = inbox;
    this.thread = Background.start("journal-tail", inbox, this::run);
  }

  /** Reads on from here until told otherwise. */
  void begin(int partition, long epoch, long from) {
    begun.put(partition, from);
    orders.add(new Order(partition, epoch, from));
  }

  void end(int partition) {
    if (begun.remove(partition) != null) {
      orders.add(new Order(partition, 0, -1));
    }
  }

  /** Where late replies may begin in the partition's journal; the limit when none are read. */
  long low(int partition, long limit) {
    return Math.min(limit, begun.getOrDefault(partition, limit));
  }

  private void run() {
    Map<Integer, Tail> tails = new HashMap<>();
    try {
      while (!closed) {
        obey(orders.take(), tails);
        while (!tails.isEmpty() && !closed) {
          try (KafkaConsumer<byte[], byte[]> consumer = clients.plainConsumer()) {
            readUntilChanged(consumer, tails);
          } catch (KafkaException silence) {
            if (Access.denied(silence)) {
              throw silence;
            }
            LOG.warn("the journal is read again: {}", silence.toString());
            Order order = orders.poll(POLL.toMillis(), TimeUnit.MILLISECONDS);
            if (order != null) {
              obey(order, tails);
            }
          }
        }
      }
    } catch (InterruptedException nobodyDoes) {
      Thread.currentThread().interrupt();
    }
  }

  private static void obey(Order order, Map<Integer, Tail> tails) {
    if (order.from() < 0) {
      tails.remove(order.partition());
    } else {
      tails.put(order.partition(), new Tail(order.epoch(), order.from()));
    }
  }

  private void readUntilChanged(KafkaConsumer<byte[], byte[]> consumer, Map<Integer, Tail> tails) {
    String topic = settings.topic(Kind.OUTCOMES);
    Map<TopicPartition, Long> from = new HashMap<>();
    tails.forEach((partition, tail) -> from.put(new TopicPartition(topic, partition), tail.from()));
    consumer.assign(List.copyOf(from.keySet()));
    from.forEach(consumer::seek);
    while (orders.isEmpty()) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        Tail tail = tails.get(record.partition());
        if (tail != null) {
          tails.put(record.partition(), new Tail(tail.epoch(), record.offset() + 1));
          codec
              .decode(record.key(), record.value())
              .filter(known -> known.topicId().equals(topicId))
              .ifPresent(known ->
                  inbox.add(
                      new Inbound.LateReply(
                          record.partition(),
                          tail.epoch(),
                          known.offset(),
                          new Restored.Answer(known.call(), known.reply()))));
        }
      }
    }
    while (!orders.isEmpty()) {
      obey(orders.remove(), tails);
    }
  }

  @Override
  public void close() {
    closed = true;
    orders.add(new Order(-1, 0, -1));
    thread.awaitEnd();
  }
}
