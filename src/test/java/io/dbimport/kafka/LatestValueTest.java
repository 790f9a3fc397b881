package io.dbimport.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dbimport.fixtures.KafkaFixture;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class LatestValueTest {
  private static final AtomicInteger TOPICS = new AtomicInteger();

  private final KafkaSettings settings =
      new KafkaSettings(
          Map.of("bootstrap.servers", KafkaFixture.bootstrapServers()),
          "latest",
          "group",
          "latest-" + TOPICS.incrementAndGet(),
          Duration.ofMillis(20),
          Duration.ofSeconds(10),
          Duration.ofSeconds(10));
  private final String topic = "tickets-" + TOPICS.incrementAndGet();
  private final LatestValue latest = new LatestValue(settings, topic);

  private void create(int partitions) throws Exception {
    KafkaFixture.admin()
        .createTopics(List.of(new NewTopic(topic, partitions, (short) 1)))
        .all()
        .get();
  }

  private static void send(
      KafkaProducer<byte[], byte[]> producer,
      String topic,
      int partition,
      long timestamp,
      @Nullable String value)
      throws Exception {
    var _ =
        producer
            .send(
                new ProducerRecord<>(
                    topic,
                    partition,
                    timestamp,
                    null,
                    value == null ? null : value.getBytes(StandardCharsets.UTF_8)))
            .get();
  }

  @Test
  void theNewestValueOfAllPartitionsIsReadAgainEachTime() throws Exception {
    create(2);
    long now = System.currentTimeMillis();
    try (KafkaProducer<byte[], byte[]> producer = new Clients(settings).plainProducer()) {
      send(producer, topic, 0, now, "older");
      send(producer, topic, 1, now + 1, " newer\n");
      assertThat(latest.read()).isEqualTo("newer");
      send(producer, topic, 0, now + 2, "newest");
      send(producer, topic, 1, now + 3, null);
      assertThat(latest.read()).isEqualTo("newest");
    }
  }

  @Test
  void whatComesBehindAreMarkersOrEmptyIsLookedPast() throws Exception {
    create(1);
    long now = System.currentTimeMillis();
    try (KafkaProducer<byte[], byte[]> producer = new Clients(settings).plainProducer()) {
      send(producer, topic, 0, now, "first");
      for (int i = 0; i < 150; i++) {
        send(producer, topic, 0, now, null);
      }
    }
    try (KafkaProducer<byte[], byte[]> producer = new Clients(settings).transactionalProducer()) {
      producer.initTransactions();
      producer.beginTransaction();
      var _ =
          producer.send(
              new ProducerRecord<>(topic, 0, null, "aborted".getBytes(StandardCharsets.UTF_8)));
      producer.flush();
      producer.abortTransaction();
    }
    assertThat(latest.read()).isEqualTo("first");
  }

  @Test
  void aTopicWithoutAValueOrThatIsNotThereIsTold() throws Exception {
    assertThatThrownBy(latest::read).isInstanceOf(IOException.class).hasMessageContaining(topic);
    create(1);
    assertThatThrownBy(latest::read)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no record of topic " + topic);
  }
}
