package io.dbimport.kafka;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;

/**
 * The value of a topic's latest record, by the records' timestamps over all partitions. Reads with
 * a consumer of its own each time: it is asked once in an hour or two. Immutable.
 */
public record LatestValue(KafkaSettings settings, String topic) {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration POLL = Duration.ofMillis(200);

  /** So many offsets are looked at from each end first: markers of transactions have one too. */
  private static final long FIRST_LOOK = 100;

  /**
   * The value as UTF-8, without white space around it. Blocks for up to 10 s a look.
   *
   * @throws IOException when Kafka does not answer, or no record has a value; never quotes one
   * @throws InterruptedException when the calling thread is interrupted
   */
  public String read() throws IOException, InterruptedException {
    try (KafkaConsumer<byte[], byte[]> consumer = new Clients(settings).plainConsumer()) {
      List<TopicPartition> all = partitions(consumer);
      Map<TopicPartition, Long> first = consumer.beginningOffsets(all, PATIENCE);
      Map<TopicPartition, Long> end = consumer.endOffsets(all, PATIENCE);
      consumer.assign(all);
      boolean whole = false;
      for (long back = FIRST_LOOK; !whole; back *= 100) {
        whole = true;
        for (TopicPartition partition : all) {
          long begin = first.getOrDefault(partition, 0L);
          long from = Math.max(begin, end.getOrDefault(partition, 0L) - back);
          whole &= from == begin;
          consumer.seek(partition, from);
        }
        String latest = latest(consumer, end);
        if (latest != null) {
          return latest;
        }
      }
      throw new IOException("no record of topic " + topic + " has a value");
    } catch (InterruptException stopped) {
      // Kafka has set the thread's flag again, which the exception takes the place of.
      Thread.interrupted();
      throw (InterruptedException)
          new InterruptedException("reading topic " + topic).initCause(stopped);
    } catch (KafkaException away) {
      throw new IOException("topic " + topic + " cannot be read: " + away.getMessage(), away);
    }
  }

  private List<TopicPartition> partitions(KafkaConsumer<byte[], byte[]> consumer)
      throws IOException {
    List<PartitionInfo> known = consumer.partitionsFor(topic, PATIENCE);
    if (known == null || known.isEmpty()) {
      throw new IOException("there is no topic " + topic);
    }
    return known.stream().map(p -> new TopicPartition(topic, p.partition())).toList();
  }

  private @Nullable String latest(
      KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> end) throws IOException {
    long giveUpAt = System.nanoTime() + PATIENCE.toNanos();
    long newest = Long.MIN_VALUE;
    String latest = null;
    while (end.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue())) {
      if (System.nanoTime() > giveUpAt) {
        throw new IOException(
            "topic " + topic + " was not read within " + PATIENCE.toSeconds() + " s");
      }
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        byte[] value = record.value();
        String text = value == null ? "" : new String(value, StandardCharsets.UTF_8).strip();
        if (!text.isEmpty() && record.timestamp() >= newest) {
          newest = record.timestamp();
          latest = text;
        }
      }
    }
    return latest;
  }
}
