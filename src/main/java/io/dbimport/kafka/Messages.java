package io.dbimport.kafka;

import io.dbimport.event.Delivery;
import io.dbimport.event.Header;
import io.dbimport.event.Message;
import io.dbimport.event.Source;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Messages and deliveries to and from Kafka's own records. Stateless. */
public final class Messages {
  private Messages() {}

  /** The record to send for a message. */
  public static ProducerRecord<byte[], byte[]> record(Message message, String topicPrefix) {
    Instant timestamp = message.timestamp();
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(
            message.kind().topic(topicPrefix),
            message.partition(),
            timestamp == null ? null : timestamp.toEpochMilli(),
            message.key(),
            message.value());
    message.headers().forEach(header -> record.headers().add(header.name(), header.value()));
    return record;
  }

  /** The delivery that a polled record is. */
  public static Delivery delivery(ConsumerRecord<byte[], byte[]> record) {
    List<Header> headers = new ArrayList<>();
    record.headers().forEach(header -> headers.add(new Header(header.key(), header.value())));
    return new Delivery(
        new Source(record.topic(), record.partition(), record.offset()),
        Instant.ofEpochMilli(Math.max(0, record.timestamp())),
        record.key(),
        record.value(),
        headers);
  }
}
