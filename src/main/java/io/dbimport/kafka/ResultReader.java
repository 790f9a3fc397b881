package io.dbimport.kafka;

import io.dbimport.event.Message.Kind;
import io.dbimport.event.ResultEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Reads the results that are committed from the moment it was opened, of all requests, without
 * joining a group. Confined to one thread.
 */
public final class ResultReader implements AutoCloseable {
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Map<String, Kind> kinds = new HashMap<>();
  private final ResultEvent.Decoder decoder = new ResultEvent.Decoder();

  /**
   * Stands at the end of every topic of results.
   *
   * @throws org.apache.kafka.common.KafkaException when Kafka does not answer or a topic is missing
   */
  public ResultReader(KafkaSettings settings) {
    this.consumer = new Clients(settings).plainConsumer();
    try {
      List<TopicPartition> all = new ArrayList<>();
      for (Kind kind : List.of(Kind.ACCEPTED, Kind.ERRORS, Kind.FINISHED)) {
        String topic = settings.topic(kind);
        kinds.put(topic, kind);
        var partitions = consumer.partitionsFor(topic);
        if (partitions == null || partitions.isEmpty()) {
          throw new UnknownTopicOrPartitionException("there is no topic " + topic);
        }
        partitions.forEach(p -> all.add(new TopicPartition(topic, p.partition())));
      }
      consumer.assign(all);
      // Each position is looked up now: a result that comes a moment later must not be missed.
      consumer.endOffsets(all).forEach(consumer::seek);
    } catch (RuntimeException failure) {
      consumer.close();
      throw failure;
    }
  }

  /** What came; waits this long at most for something to come. */
  public List<ResultEvent> poll(Duration atMost) {
    List<ResultEvent> events = new ArrayList<>();
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(atMost)) {
      Kind kind = kinds.get(record.topic());
      byte[] value = record.value();
      if (kind != null && value != null) {
        decoder.decode(kind, value).ifPresent(events::add);
      }
    }
    return events;
  }

  /** Whether there is a connection to any broker now. */
  public boolean connected() {
    return consumer.metrics().entrySet().stream()
        .filter(metric -> metric.getKey().name().equals("connection-count"))
        .anyMatch(metric -> !Double.valueOf(0).equals(metric.getValue().metricValue()));
  }

  @Override
  public void close() {
    consumer.close();
  }
}
