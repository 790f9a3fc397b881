package io.dbimport.bench;

import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelConsumerOptions.CommitMode;
import io.confluent.parallelconsumer.ParallelConsumerOptions.ProcessingOrder;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Confluent's Parallel Consumer: order by key, transactions of its own timing. It receives nothing
 * with kafka-clients 4.4, so it runs with the version it was built for. Stateless.
 */
final class ParallelConsumerPeer {
  private ParallelConsumerPeer() {}

  /**
   * Runs until SIGTERM, then commits what it has called.
   *
   * @param args bootstrap servers, topic prefix, address of the API, calls at once
   */
  public static void main(String[] args) throws InterruptedException {
    Peer peer = Peer.of(args);
    Caller caller = new Caller(peer.api(), peer.results());
    // Its lanes are found by the key's equals, which arrays of bytes do not have.
    KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(
            peer.consumer(Map.of()), new StringDeserializer(), new ByteArrayDeserializer());
    KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(peer.producer(), new StringSerializer(), new ByteArraySerializer());
    ParallelStreamProcessor<String, byte[]> processor =
        ParallelStreamProcessor.createEosStreamProcessor(
            ParallelConsumerOptions.<String, byte[]>builder()
                .ordering(ProcessingOrder.KEY)
                .maxConcurrency(peer.maxInFlight())
                .commitMode(CommitMode.PERIODIC_TRANSACTIONAL_PRODUCER)
                .consumer(consumer)
                .producer(producer)
                .build());
    Runtime.getRuntime().addShutdownHook(new Thread(processor::closeDrainFirst, "drain"));
    processor.subscribe(List.of(peer.requests()));
    processor.pollAndProduceMany(
        context -> List.of(caller.result(context.getSingleConsumerRecord())));
    Thread.currentThread().join();
  }
}
