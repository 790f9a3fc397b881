package io.dbimport.kafka;

import io.dbimport.event.Message.Kind;
import io.dbimport.kafka.Topics.Problem;
import io.dbimport.kafka.Topics.Severity;
import io.dbimport.kafka.Topics.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.TopicConfig;

/**
 * What must hold for the promises to hold: every topic is there; the ledger and the journal have a
 * partition for each partition of requests; nothing is deleted that will be read again; results and
 * dead letters hold a request and 64 KB more, and dead letters its time; transactions are of the
 * second version. Pure. Immutable.
 */
final class TopicRules {
  /** What a result or a dead letter holds besides its request. */
  static final long RESULT_EXTRA_BYTES = 64 << 10;

  /** Longer than any restore reads: until then nothing may be gone from under it. */
  static final Duration COMPACTED_AFTER = Duration.ofHours(1);

  private static final Duration KEPT_AT_LEAST = Duration.ofDays(3);
  private static final Duration SEGMENT_AT_MOST = Duration.ofDays(1);

  private final String prefix;
  private final Duration remembered;

  TopicRules(String prefix, Duration remembered) {
    this.prefix = prefix;
    this.remembered = remembered;
  }

  /** How long the ledger is kept: what must be remembered, and three days at the least. */
  static Duration ledgerKept(Duration remembered) {
    return remembered.compareTo(KEPT_AT_LEAST) >= 0 ? remembered : KEPT_AT_LEAST;
  }

  List<Problem> problems(Cluster cluster, Map<String, Topic> topics) {
    List<Problem> problems = new ArrayList<>();
    checkTransactions(cluster, problems);
    for (Kind kind : Kind.values()) {
      Topic topic = topics.get(kind.topic(prefix));
      if (topic == null) {
        problems.add(
            error(
                kind.topic(prefix),
                "is missing",
                "run: dbimport topics create --topic-prefix " + prefix));
        continue;
      }
      Topic requests = topics.get(Kind.REQUESTS.topic(prefix));
      if (requests != null) {
        checkPartitions(kind, topic, requests, problems);
        checkSize(kind, topic, requests, problems);
        if (kind == Kind.LEDGER) {
          checkMarks(topic, requests, problems);
        }
        if (kind == Kind.DEAD_LETTERS) {
          checkTimestamps(topic, requests, problems);
        }
      }
      checkRetention(kind, topic, problems);
      checkCompaction(kind, topic, problems);
    }
    return problems;
  }

  /** Before KIP-890 the late end of one transaction could end the next: commit it, or abort it. */
  private static void checkTransactions(Cluster cluster, List<Problem> problems) {
    if (cluster.transactionVersion() < 2) {
      problems.add(
          error(
              "the cluster",
              "has %s %d, with which the late end of a transaction can end the next one"
                  .formatted(Cluster.TRANSACTION_VERSION, cluster.transactionVersion()),
              "on brokers of Kafka 4.0 or later run: kafka-features.sh upgrade --feature %s=2"
                  .formatted(Cluster.TRANSACTION_VERSION)));
    }
  }

  private static void checkPartitions(
      Kind kind, Topic topic, Topic requests, List<Problem> problems) {
    boolean byPartition =
        switch (kind) {
          case LEDGER, OUTCOMES, DEAD_LETTERS -> true;
          case REQUESTS, ACCEPTED, ERRORS, FINISHED -> false;
        };
    String found =
        "has %d partitions for %d of %s"
            .formatted(topic.partitions(), requests.partitions(), requests.name());
    if (byPartition && topic.partitions() < requests.partitions()) {
      problems.add(
          error(
              topic.name(),
              found,
              "add partitions until there are %d, and next time do so before %s gets more"
                  .formatted(requests.partitions(), requests.name())));
    }
    if (byPartition && kind != Kind.DEAD_LETTERS && topic.partitions() > requests.partitions()) {
      problems.add(
          warning(
              topic.name(),
              found,
              "add partitions to %s until there are %d"
                  .formatted(requests.name(), topic.partitions())));
    }
  }

  private static void checkSize(Kind kind, Topic topic, Topic requests, List<Problem> problems) {
    boolean carriesRequest =
        switch (kind) {
          case ACCEPTED, ERRORS, FINISHED, DEAD_LETTERS -> true;
          case REQUESTS, LEDGER, OUTCOMES -> false;
        };
    long least = number(requests, TopicConfig.MAX_MESSAGE_BYTES_CONFIG) + RESULT_EXTRA_BYTES;
    long size = number(topic, TopicConfig.MAX_MESSAGE_BYTES_CONFIG);
    if (carriesRequest && size < least) {
      problems.add(
          error(
              topic.name(),
              "takes records of %d bytes, which is less than a request and 64 KB".formatted(size),
              "set %s to %d or more".formatted(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, least)));
    }
  }

  /** A parked request, behind the committed offset, is known by its mark alone. */
  private static void checkMarks(Topic ledger, Topic requests, List<Problem> problems) {
    long marks = kept(ledger);
    long needed = kept(requests);
    if (marks < needed) {
      problems.add(
          warning(
              ledger.name(),
              "keeps records for a shorter time than %s: a request that is parked for longer than %d ms is forgotten at the next restart"
                  .formatted(requests.name(), marks),
              "set %s to %d, or that of the requests to %d"
                  .formatted(
                      TopicConfig.RETENTION_MS_CONFIG,
                      needed == Long.MAX_VALUE ? -1 : needed,
                      marks)));
    }
  }

  /** How long it keeps a record at the least, in milliseconds. */
  private static long kept(Topic topic) {
    long retention = number(topic, TopicConfig.RETENTION_MS_CONFIG);
    return retention < 0 || !cleanup(topic).contains(TopicConfig.CLEANUP_POLICY_DELETE)
        ? Long.MAX_VALUE
        : retention;
  }

  /** A dead letter has the time of its request: one that is refused for it could not be written. */
  private static void checkTimestamps(Topic letters, Topic requests, List<Problem> problems) {
    if (hasTimeOfWriting(letters)) {
      return;
    }
    checkTimestamps(
        letters, TopicConfig.MESSAGE_TIMESTAMP_BEFORE_MAX_MS_CONFIG, kept(requests), problems);
    checkTimestamps(
        letters,
        TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG,
        hasTimeOfWriting(requests)
            ? 0
            : number(requests, TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG),
        problems);
  }

  private static void checkTimestamps(
      Topic letters, String key, long least, List<Problem> problems) {
    // A broker that does not say so refuses none.
    long limit = letters.config().containsKey(key) ? number(letters, key) : Long.MAX_VALUE;
    if (limit < least) {
      problems.add(
          error(
              letters.name(),
              "refuses records for their time (%s is %d), and a dead letter has its request's"
                  .formatted(key, limit),
              "set %s to %d or more, or %s to LogAppendTime"
                  .formatted(key, least, TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG)));
    }
  }

  private static boolean hasTimeOfWriting(Topic topic) {
    return "LogAppendTime".equals(topic.config().get(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG));
  }

  private void checkRetention(Kind kind, Topic topic, List<Problem> problems) {
    Duration least =
        switch (kind) {
          case LEDGER -> ledgerKept(remembered);
          case REQUESTS, OUTCOMES -> KEPT_AT_LEAST;
          // No worker reads these again: how long they are kept is their owner's affair.
          case ACCEPTED, ERRORS, FINISHED, DEAD_LETTERS -> Duration.ZERO;
        };
    if (least.isZero() || !cleanup(topic).contains(TopicConfig.CLEANUP_POLICY_DELETE)) {
      return;
    }
    long retention = number(topic, TopicConfig.RETENTION_MS_CONFIG);
    if (retention >= 0 && retention < least.toMillis()) {
      problems.add(
          error(
              topic.name(),
              "keeps records for %d ms, which is less than %d days"
                  .formatted(retention, least.toDays()),
              "set %s to %d or more".formatted(TopicConfig.RETENTION_MS_CONFIG, least.toMillis())));
    }
    if (number(topic, TopicConfig.RETENTION_BYTES_CONFIG) >= 0) {
      problems.add(
          error(
              topic.name(),
              "deletes records by size, whatever their age",
              "set %s to -1".formatted(TopicConfig.RETENTION_BYTES_CONFIG)));
    }
  }

  private static void checkCompaction(Kind kind, Topic topic, List<Problem> problems) {
    if (!cleanup(topic).contains(TopicConfig.CLEANUP_POLICY_COMPACT)) {
      return;
    }
    if (kind != Kind.LEDGER) {
      problems.add(
          error(
              topic.name(),
              "is compacted, which deletes records that others wait for",
              "set %s to delete".formatted(TopicConfig.CLEANUP_POLICY_CONFIG)));
      return;
    }
    if (number(topic, TopicConfig.MIN_COMPACTION_LAG_MS_CONFIG) < COMPACTED_AFTER.toMillis()) {
      problems.add(
          error(
              topic.name(),
              "may lose a record to compaction while a restore is on the way to it",
              "set %s to %d or more"
                  .formatted(
                      TopicConfig.MIN_COMPACTION_LAG_MS_CONFIG, COMPACTED_AFTER.toMillis())));
    }
    long segment = number(topic, TopicConfig.SEGMENT_MS_CONFIG);
    if (segment > SEGMENT_AT_MOST.toMillis()) {
      problems.add(
          warning(
              topic.name(),
              "closes a segment after %d ms, and only closed ones are compacted: restores are slow"
                  .formatted(segment),
              "set %s to %d".formatted(TopicConfig.SEGMENT_MS_CONFIG, COMPACTED_AFTER.toMillis())));
    }
  }

  private static String cleanup(Topic topic) {
    return topic
        .config()
        .getOrDefault(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_DELETE);
  }

  private static long number(Topic topic, String key) {
    return Long.parseLong(topic.config().getOrDefault(key, "-1"));
  }

  private static Problem error(String where, String problem, String change) {
    return new Problem(Severity.ERROR, where, problem, change);
  }

  private static Problem warning(String where, String problem, String change) {
    return new Problem(Severity.WARNING, where, problem, change);
  }
}
