package io.dbimport.kafka;

import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;

/** Waiting for what the admin client answers. Stateless. */
final class Answers {
  private Answers() {}

  /**
   * The answer, or what went wrong as the exception that Kafka itself throws elsewhere.
   *
   * @throws KafkaException when the broker refuses or does not answer
   */
  static <T> T get(KafkaFuture<T> future) throws InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException failed) {
      throw failed.getCause() instanceof KafkaException cause
          ? cause
          : new KafkaException(failed.getCause());
    }
  }
}
