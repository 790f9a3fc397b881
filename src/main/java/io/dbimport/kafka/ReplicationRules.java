package io.dbimport.kafka;

import io.dbimport.kafka.Topics.Problem;
import io.dbimport.kafka.Topics.Severity;
import io.dbimport.kafka.Topics.Topic;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.TopicConfig;

/**
 * What must hold so that the loss of a broker loses no record: three copies, two of them before a
 * record counts as written, and no leader that lacks some. Errors where there are three brokers, so
 * that it could be so; warnings where there are fewer. Pure. Stateless.
 */
final class ReplicationRules {
  /** Copies of each record. */
  static final int COPIES = 3;

  /** Copies before a record counts as written. */
  static final String IN_SYNC = "2";

  private ReplicationRules() {}

  static List<Problem> problems(Cluster cluster, Collection<Topic> ours) {
    Severity severity = cluster.brokers() >= COPIES ? Severity.ERROR : Severity.WARNING;
    List<Problem> problems = new ArrayList<>();
    for (Topic topic : ours) {
      checkCopies(severity, topic, problems);
      if (topic.replicas() >= COPIES) {
        checkInSync(severity, topic, problems);
      }
      if (Boolean.parseBoolean(
          topic.config().get(TopicConfig.UNCLEAN_LEADER_ELECTION_ENABLE_CONFIG))) {
        problems.add(
            new Problem(
                severity,
                topic.name(),
                "may be led by a broker that lacks acknowledged records",
                "set %s to false".formatted(TopicConfig.UNCLEAN_LEADER_ELECTION_ENABLE_CONFIG)));
      }
    }
    checkInternal(severity, cluster, problems);
    return problems;
  }

  private static void checkCopies(Severity severity, Topic topic, List<Problem> problems) {
    if (topic.replicas() < COPIES) {
      problems.add(
          new Problem(
              severity,
              topic.name(),
              "has %s of each record".formatted(copies(topic.replicas())),
              "have %d, on as many brokers, and then set %s to %s"
                  .formatted(COPIES, TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG, IN_SYNC)));
    }
  }

  private static void checkInSync(Severity severity, Topic topic, List<Problem> problems) {
    if (number(topic.config(), TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG) < 2) {
      problems.add(
          new Problem(
              severity,
              topic.name(),
              "takes a record as written that one broker alone has",
              "set %s to %s".formatted(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG, IN_SYNC)));
    }
  }

  /** As they are; before their first use, as the brokers will make them. */
  private static void checkInternal(Severity severity, Cluster cluster, List<Problem> problems) {
    Topic offsets = cluster.internalTopics().get(Cluster.OFFSETS);
    if (offsets == null) {
      checkSetting(severity, cluster, "offsets.topic.replication.factor", COPIES, problems);
    } else {
      checkCopies(severity, offsets, problems);
    }
    Topic transactions = cluster.internalTopics().get(Cluster.TRANSACTIONS);
    if (transactions == null) {
      checkSetting(severity, cluster, "transaction.state.log.replication.factor", COPIES, problems);
      checkSetting(severity, cluster, "transaction.state.log.min.isr", 2, problems);
    } else {
      checkCopies(severity, transactions, problems);
      if (transactions.replicas() >= COPIES) {
        checkInSync(severity, transactions, problems);
      }
    }
  }

  private static void checkSetting(
      Severity severity, Cluster cluster, String name, int least, List<Problem> problems) {
    if (number(cluster.brokerConfig(), name) < least) {
      problems.add(
          new Problem(
              severity,
              "the cluster",
              "has %s %s".formatted(name, cluster.brokerConfig().get(name)),
              "set it to %d on every broker".formatted(least)));
    }
  }

  /** What we may not see counts as enough. */
  private static int number(Map<String, String> config, String key) {
    String value = config.get(key);
    return value == null ? Integer.MAX_VALUE : Integer.parseInt(value);
  }

  private static String copies(int count) {
    return count == 1 ? "one copy" : count + " copies";
  }
}
