package io.dbimport.kafka;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.GroupProtocol;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Builds the Kafka clients. What carries a guarantee is set here, over whatever is passed through.
 * Immutable.
 */
public final class Clients {
  private static final int MAX_REQUEST_BYTES = 16 << 20;

  private final KafkaSettings settings;

  public Clients(KafkaSettings settings) {
    this.settings = settings;
  }

  /** The consumer of requests. */
  KafkaConsumer<byte[], byte[]> groupConsumer() {
    Map<String, Object> config = reading();
    config.put(ConsumerConfig.GROUP_ID_CONFIG, settings.groupId());
    config.put(
        ConsumerConfig.GROUP_PROTOCOL_CONFIG,
        GroupProtocol.CONSUMER.name().toLowerCase(Locale.ROOT));
    // A first start must not skip what was sent before it.
    config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 2000);
    config.put(ConsumerConfig.CLIENT_ID_CONFIG, settings.instanceId() + "-consumer");
    return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /** A consumer without a group, told which partitions to read; it sees only what is committed. */
  public KafkaConsumer<byte[], byte[]> plainConsumer() {
    Map<String, Object> config = reading();
    config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 5000);
    // A restore ends by reading past the last transaction's marker, which is no record to wake up
    // for: with the default it would wait half a second there.
    config.putIfAbsent(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 100);
    return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /** The producer of the ticks. */
  KafkaProducer<byte[], byte[]> transactionalProducer() {
    Map<String, Object> config = writing();
    config.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, settings.transactionalId());
    // How long a crashed owner blocks its successor and every reader of results.
    config.putIfAbsent(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, 15_000);
    // A tick is flushed, which ends all lingering: so it goes out in few whole batches, not one for
    // each moment. Two batches of a transaction that race for a partition's first place make the
    // broker log an error before they are sent again.
    config.putIfAbsent(ProducerConfig.LINGER_MS_CONFIG, 1_000);
    config.putIfAbsent(ProducerConfig.BATCH_SIZE_CONFIG, 256 << 10);
    config.put(ProducerConfig.CLIENT_ID_CONFIG, settings.instanceId() + "-producer");
    return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** A producer for single records, each acknowledged by every replica in sync. */
  public KafkaProducer<byte[], byte[]> plainProducer() {
    Map<String, Object> config = writing();
    config.putIfAbsent(ProducerConfig.LINGER_MS_CONFIG, 0);
    return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** The producer of the journal: it tries again for as long as the process lives. */
  KafkaProducer<byte[], byte[]> journalProducer() {
    Map<String, Object> config = writing();
    config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, Integer.MAX_VALUE);
    // Replies that come together travel together, and none waits for others.
    config.put(ProducerConfig.LINGER_MS_CONFIG, 0);
    config.put(ProducerConfig.CLIENT_ID_CONFIG, settings.instanceId() + "-journal");
    return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** An admin client. */
  public Admin admin() {
    return Admin.create(passedThrough());
  }

  private Map<String, Object> reading() {
    Map<String, Object> config = passedThrough();
    config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    config.put(
        ConsumerConfig.ISOLATION_LEVEL_CONFIG,
        IsolationLevel.READ_COMMITTED.toString().toLowerCase(Locale.ROOT));
    return config;
  }

  private Map<String, Object> writing() {
    Map<String, Object> config = passedThrough();
    config.put(ProducerConfig.ACKS_CONFIG, "all");
    config.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    config.putIfAbsent(ProducerConfig.MAX_BLOCK_MS_CONFIG, 20_000);
    config.putIfAbsent(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 10_000);
    config.putIfAbsent(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 20_000);
    // A dead letter is a whole request and its headers: the topic sets the limit, not the client.
    config.putIfAbsent(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, MAX_REQUEST_BYTES);
    return config;
  }

  private Map<String, Object> passedThrough() {
    return new HashMap<>(settings.clientProperties());
  }
}
