package io.dbimport.kafka;

import io.dbimport.kafka.Topics.Topic;
import java.util.List;
import java.util.Map;

/**
 * The brokers as this client sees them. Immutable.
 *
 * @param brokers how many there are
 * @param transactionVersion level of the brokers' feature; 0 where they do not have it
 * @param brokerConfig what is in force at one of them; empty when we may not see it
 * @param internalTopics those of {@link #INTERNAL_TOPICS} that are there and that we may see
 */
record Cluster(
    int brokers,
    int transactionVersion,
    Map<String, String> brokerConfig,
    Map<String, Topic> internalTopics) {
  static final String TRANSACTION_VERSION = "transaction.version";
  static final String OFFSETS = "__consumer_offsets";
  static final String TRANSACTIONS = "__transaction_state";
  static final List<String> INTERNAL_TOPICS = List.of(OFFSETS, TRANSACTIONS);
}
