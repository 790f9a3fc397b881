package io.dbimport.kafka;

import io.dbimport.event.Delivery;
import io.dbimport.event.Message.Kind;
import io.dbimport.worker.Fetch;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the bytes of parked deliveries again, with a consumer of its own without a group. Only the
 * thread it starts reads; thread-safe.
 */
final class Rereads implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Rereads.class);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  /** Reading on over a gap this long costs less than seeking. */
  private static final long SEEK_OVER = 2_000;

  private final KafkaSettings settings;
  private final Clients clients;
  private final BlockingQueue<Inbound> inbox;
  private final BlockingQueue<Optional<Fetch>> asked = new LinkedBlockingQueue<>();
  private final Background thread;
  private volatile boolean closed;

  Rereads(KafkaSettings settings, Clients clients, BlockingQueue<Inbound> inbox) {
    this.settings = settings;
    this.clients = clients;
    this.inbox = inbox;
    this.thread = Background.start("rereads", inbox, this::run);
  }

  void start(Fetch fetch) {
    asked.add(Optional.of(fetch));
  }

  private void run() {
    KafkaConsumer<byte[], byte[]> consumer = null;
    try {
      for (Fetch fetch = asked.take().orElse(null);
          fetch != null;
          fetch = asked.take().orElse(null)) {
        Map<Long, Delivery> found = null;
        while (found == null && !closed) {
          try {
            if (consumer == null) {
              consumer = clients.plainConsumer();
            }
            found = read(consumer, fetch);
          } catch (KafkaException silence) {
            if (Access.denied(silence)) {
              throw silence;
            }
            LOG.warn("parked requests are read again: {}", silence.toString());
            close(consumer);
            consumer = null;
            Thread.sleep(PAUSE);
          }
        }
        if (found != null) {
          inbox.add(new Inbound.Fetched(fetch, found));
        }
      }
    } catch (InterruptedException nobodyDoes) {
      Thread.currentThread().interrupt();
    } finally {
      close(consumer);
    }
  }

  private static void close(@Nullable KafkaConsumer<byte[], byte[]> consumer) {
    if (consumer != null) {
      consumer.close();
    }
  }

  private Map<Long, Delivery> read(KafkaConsumer<byte[], byte[]> consumer, Fetch fetch) {
    TopicPartition at = new TopicPartition(settings.topic(Kind.REQUESTS), fetch.partition());
    consumer.assign(List.of(at));
    Map<Long, Delivery> found = new HashMap<>();
    long[] offsets = fetch.offsets();
    int next = 0;
    consumer.seek(at, offsets[0]);
    while (next < offsets.length && !closed) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        while (next < offsets.length && offsets[next] < record.offset()) {
          next++;
        }
        if (next < offsets.length && offsets[next] == record.offset()) {
          found.put(record.offset(), Messages.delivery(record));
          next++;
        }
      }
      long position = consumer.position(at);
      while (next < offsets.length && offsets[next] < position) {
        next++;
      }
      if (next < offsets.length && offsets[next] - position > SEEK_OVER) {
        consumer.seek(at, offsets[next]);
      }
    }
    return found;
  }

  @Override
  public void close() {
    closed = true;
    asked.add(Optional.empty());
    thread.awaitEnd();
  }
}
