package io.dbimport.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The least that does the job: a virtual thread for each record, and one transaction for each poll.
 * It keeps no order, and repeats what was not committed. Stateless.
 */
final class PlainLoop {
  private PlainLoop() {}

  /**
   * Runs until it is killed.
   *
   * @param args bootstrap servers, topic prefix, address of the API, calls at once
   */
  public static void main(String[] args) throws Exception {
    Peer peer = Peer.of(args);
    Caller caller = new Caller(peer.api(), peer.results());
    Semaphore slots = new Semaphore(peer.maxInFlight());
    try (KafkaConsumer<byte[], byte[]> consumer =
            new KafkaConsumer<>(
                peer.consumer(Map.of("max.poll.records", 5_000)),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(
                peer.producer(), new ByteArraySerializer(), new ByteArraySerializer());
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      producer.initTransactions();
      consumer.subscribe(List.of(peer.requests()));
      while (true) {
        ConsumerRecords<byte[], byte[]> polled = consumer.poll(Duration.ofMillis(100));
        if (polled.isEmpty()) {
          continue;
        }
        List<Future<ProducerRecord<byte[], byte[]>>> results = new ArrayList<>(polled.count());
        for (ConsumerRecord<byte[], byte[]> record : polled) {
          results.add(
              threads.submit(() -> {
                slots.acquire();
                try {
                  return caller.result(record);
                } finally {
                  slots.release();
                }
              }));
        }
        producer.beginTransaction();
        for (Future<ProducerRecord<byte[], byte[]>> result : results) {
          var _ = producer.send(result.get());
        }
        producer.sendOffsetsToTransaction(polled.nextOffsets(), consumer.groupMetadata());
        producer.commitTransaction();
      }
    }
  }
}
