package io.dbimport.kafka;

import io.dbimport.ImportRequest;
import io.dbimport.event.EventEncoder;
import io.dbimport.event.Message;
import io.dbimport.event.Message.Kind;
import io.dbimport.event.Source;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;

/** Puts requests on their topic. Thread-safe. */
public final class RequestSender implements AutoCloseable {
  private final KafkaSettings settings;
  private final EventEncoder events;
  private final KafkaProducer<byte[], byte[]> producer;

  public RequestSender(KafkaSettings settings) {
    this.settings = settings;
    this.events = new EventEncoder(settings.topicPrefix(), settings.groupId());
    this.producer = new Clients(settings).plainProducer();
  }

  /**
   * Sends a request and waits until every replica in sync has it; says where it lies.
   *
   * @throws KafkaException when it was not taken
   */
  public Source send(ImportRequest request) throws InterruptedException {
    return send(events.request(request, Instant.now()));
  }

  /** Sends any bytes as a request, as a producer of somebody else's might. */
  public Source send(byte[] key, byte[] value) throws InterruptedException {
    return send(new Message(Kind.REQUESTS, null, Instant.now(), key, value, List.of()));
  }

  private Source send(Message message) throws InterruptedException {
    try {
      RecordMetadata at = producer.send(Messages.record(message, settings.topicPrefix())).get();
      return new Source(at.topic(), at.partition(), at.offset());
    } catch (ExecutionException refused) {
      throw refused.getCause() instanceof KafkaException failure
          ? failure
          : new KafkaException("the request was not taken", refused.getCause());
    }
  }

  @Override
  public void close() {
    producer.close();
  }
}
