package io.dbimport.kafka;

import io.dbimport.event.Message.Kind;
import io.dbimport.worker.WorkerSettings;
import java.time.Duration;
import java.util.Map;

/**
 * How the worker meets Kafka. Immutable.
 *
 * @param clientProperties passed through to every client, {@code bootstrap.servers} among them
 * @param topicPrefix prefix of every topic
 * @param groupId the consumer group
 * @param instanceId stable for an instance: its transactional id is made of it
 * @param tick how often outcomes are committed
 * @param apiTimeout the longest that one call takes: how long a revoked partition's calls are
 *     awaited
 * @param stopTimeout how long a stopping worker waits for its open calls
 */
public record KafkaSettings(
    Map<String, String> clientProperties,
    String topicPrefix,
    String groupId,
    String instanceId,
    Duration tick,
    Duration apiTimeout,
    Duration stopTimeout) {
  public KafkaSettings {
    clientProperties = Map.copyOf(clientProperties);
  }

  /** How long after the last commit that went through a call of this process may be open. */
  Duration callsEndWithin() {
    return apiTimeout.plus(WorkerSettings.lease(apiTimeout));
  }

  /** Full name of a topic. */
  public String topic(Kind kind) {
    return kind.topic(topicPrefix);
  }

  /** Names this instance to the broker, so that its own leftovers are ended when it comes back. */
  public String transactionalId() {
    return topicPrefix + "." + groupId + "." + instanceId;
  }
}
