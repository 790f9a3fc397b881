package io.dbimport.bench;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads a topic of results from its beginning, as they become visible. Confined to one thread. */
final class Watch implements AutoCloseable {
  /** The header that a result is known by: the id of its request comes first in it. */
  static final String ID = "ce_id";

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final List<TopicPartition> partitions;
  private int seen;

  Watch(String kafka, String topic, boolean committedOnly) {
    this.partitions =
        IntStream.range(0, Stand.PARTITIONS).mapToObj(p -> new TopicPartition(topic, p)).toList();
    this.consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                kafka,
                "isolation.level",
                committedOnly ? "read_committed" : "read_uncommitted",
                "max.poll.records",
                100_000),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
    consumer.assign(partitions);
    consumer.seekToBeginning(partitions);
  }

  /** Waits this long at most for more; how many came since the beginning. */
  int poll(Duration atMost, Consumer<String> ids) {
    ConsumerRecords<byte[], byte[]> polled = consumer.poll(atMost);
    for (ConsumerRecord<byte[], byte[]> record : polled) {
      ids.accept(requestId(record));
    }
    seen += polled.count();
    return seen;
  }

  /** The same without a look at what came. */
  int poll(Duration atMost) {
    seen += consumer.poll(atMost).count();
    return seen;
  }

  /** Reads up to what is the end now. */
  void readToEnd(Consumer<String> ids) {
    Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
    while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.getOrDefault(p, 0L))) {
      poll(Duration.ofMillis(100), ids);
    }
  }

  private static String requestId(ConsumerRecord<byte[], byte[]> record) {
    String id = new String(record.headers().lastHeader(ID).value(), StandardCharsets.UTF_8);
    int end = id.indexOf(':');
    return end < 0 ? id : id.substring(0, end);
  }

  @Override
  public void close() {
    consumer.close();
  }
}
