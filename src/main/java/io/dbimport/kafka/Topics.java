package io.dbimport.kafka;

import static io.dbimport.kafka.Answers.get;

import io.dbimport.event.Message.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the topics, and checks that they keep what the worker relies on. Thread-safe.
 *
 * <p>Requests and the ledger are kept three days at the least; the ledger and the journal have a
 * partition for each partition of requests; results and dead letters hold a request and 64 KB more.
 */
public final class Topics {
  /** The shortest time that requests and the ledger must be kept. */
  public static final Duration KEPT_AT_LEAST = Duration.ofDays(3);

  private static final Duration SEEN_WITHIN = Duration.ofSeconds(30);
  private static final Duration SEEN_LOOK = Duration.ofMillis(50);
  private static final long RESULT_EXTRA_BYTES = 64 << 10;
  private static final long REQUEST_BYTES = 1 << 20;

  /** What is wrong with a topic, and what to change. Immutable. */
  public record Problem(String topic, String problem, String change) {}

  /** A topic as it is. Immutable. */
  public record Topic(String name, int partitions, Map<String, String> config) {}

  private static final Logger LOG = LoggerFactory.getLogger(Topics.class);

  private final Admin admin;
  private final String prefix;
  private final Duration remembered;

  /**
   * Looks after the topics of one prefix.
   *
   * @param remembered how long the ledger must remember a delivery
   */
  public Topics(Admin admin, String prefix, Duration remembered) {
    this.admin = admin;
    this.prefix = prefix;
    this.remembered = remembered;
  }

  /**
   * Makes those topics that are not there and returns their names; the others are left as they are.
   *
   * @param partitions of requests, and so of every other topic
   * @param replicationFactor -1 for the broker's default
   * @throws KafkaException when the broker refuses or does not answer
   */
  public List<String> create(int partitions, short replicationFactor) throws InterruptedException {
    List<String> made = new ArrayList<>();
    Set<String> existing = get(admin.listTopics().names());
    for (Kind kind : Kind.values()) {
      String name = kind.topic(prefix);
      if (existing.contains(name)) {
        continue;
      }
      NewTopic topic = new NewTopic(name, partitions, replicationFactor).configs(configOf(kind));
      try {
        get(admin.createTopics(List.of(topic)).all());
        made.add(name);
      } catch (TopicExistsException raced) {
        LOG.info("{} was made by another process in this moment", raced.getMessage());
      }
    }
    awaitSeen(made);
    return made;
  }

  /** The controller makes a topic a moment before the brokers know of it. */
  private void awaitSeen(List<String> made) throws InterruptedException {
    long giveUpAt = System.nanoTime() + SEEN_WITHIN.toNanos();
    while (!get(admin.listTopics().names()).containsAll(made)) {
      if (System.nanoTime() > giveUpAt) {
        throw new KafkaException(
            "the topics were made, but the broker does not list them: " + made);
      }
      Thread.sleep(SEEN_LOOK);
    }
  }

  /** The topics of this prefix that are there, by name. */
  public Map<String, Topic> describe() throws InterruptedException {
    Set<String> existing = get(admin.listTopics().names());
    List<String> ours =
        Arrays.stream(Kind.values())
            .map(kind -> kind.topic(prefix))
            .filter(existing::contains)
            .toList();
    Map<String, TopicDescription> descriptions = get(admin.describeTopics(ours).allTopicNames());
    Collection<ConfigResource> resources =
        ours.stream().map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name)).toList();
    Map<String, Topic> topics = new TreeMap<>();
    get(admin.describeConfigs(resources).all())
        .forEach((resource, config) -> {
          TopicDescription description = descriptions.get(resource.name());
          if (description != null) {
            topics.put(
                resource.name(),
                new Topic(resource.name(), description.partitions().size(), valuesOf(config)));
          }
        });
    return topics;
  }

  /** Everything that is not as the worker needs it; empty when all is well. */
  public List<Problem> check() throws InterruptedException {
    Map<String, Topic> topics = describe();
    List<Problem> problems = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      if (!topics.containsKey(kind.topic(prefix))) {
        problems.add(
            new Problem(
                kind.topic(prefix),
                "is missing",
                "run: dbimport topics create --topic-prefix " + prefix));
      }
    }
    Topic requests = topics.get(Kind.REQUESTS.topic(prefix));
    for (Topic topic : topics.values()) {
      if (requests != null) {
        checkPartitions(topic, requests, problems);
        checkSize(topic, requests, problems);
      }
      checkRetention(topic, problems);
    }
    return problems;
  }

  private void checkPartitions(Topic topic, Topic requests, List<Problem> problems) {
    boolean exact =
        isOne(topic, Kind.LEDGER) || isOne(topic, Kind.OUTCOMES) || isOne(topic, Kind.DEAD_LETTERS);
    if (exact && topic.partitions() < requests.partitions()) {
      problems.add(
          new Problem(
              topic.name(),
              "has %d partitions for %d of %s"
                  .formatted(topic.partitions(), requests.partitions(), requests.name()),
              "add partitions until there are " + requests.partitions()));
    }
  }

  private void checkSize(Topic topic, Topic requests, List<Problem> problems) {
    if (isOne(topic, Kind.REQUESTS) || isOne(topic, Kind.LEDGER) || isOne(topic, Kind.OUTCOMES)) {
      return;
    }
    long least = number(requests, TopicConfig.MAX_MESSAGE_BYTES_CONFIG) + RESULT_EXTRA_BYTES;
    long size = number(topic, TopicConfig.MAX_MESSAGE_BYTES_CONFIG);
    if (size < least) {
      problems.add(
          new Problem(
              topic.name(),
              "takes records of %d bytes, which is less than a request and 64 KB".formatted(size),
              "set %s to %d or more".formatted(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, least)));
    }
  }

  private void checkRetention(Topic topic, List<Problem> problems) {
    Duration least =
        isOne(topic, Kind.LEDGER)
            ? longer(remembered, KEPT_AT_LEAST)
            : isOne(topic, Kind.REQUESTS) ? KEPT_AT_LEAST : Duration.ZERO;
    long retention = number(topic, TopicConfig.RETENTION_MS_CONFIG);
    if (retention >= 0 && retention < least.toMillis()) {
      problems.add(
          new Problem(
              topic.name(),
              "keeps records for %d ms, which is less than %d days"
                  .formatted(retention, least.toDays()),
              "set %s to %d or more".formatted(TopicConfig.RETENTION_MS_CONFIG, least.toMillis())));
    }
    long bytes = number(topic, TopicConfig.RETENTION_BYTES_CONFIG);
    if (bytes >= 0 && !least.isZero()) {
      problems.add(
          new Problem(
              topic.name(),
              "deletes records by size, whatever their age",
              "set %s to -1".formatted(TopicConfig.RETENTION_BYTES_CONFIG)));
    }
    String cleanup = topic.config().getOrDefault(TopicConfig.CLEANUP_POLICY_CONFIG, "delete");
    if (!isOne(topic, Kind.LEDGER) && cleanup.contains("compact")) {
      problems.add(
          new Problem(
              topic.name(),
              "is compacted, which deletes records that others wait for",
              "set %s to delete".formatted(TopicConfig.CLEANUP_POLICY_CONFIG)));
    }
  }

  private Map<String, String> configOf(Kind kind) {
    Map<String, String> config = new LinkedHashMap<>();
    String week = Long.toString(Duration.ofDays(7).toMillis());
    switch (kind) {
      case LEDGER -> {
        config.put(TopicConfig.CLEANUP_POLICY_CONFIG, "compact,delete");
        config.put(
            TopicConfig.RETENTION_MS_CONFIG,
            Long.toString(longer(remembered, KEPT_AT_LEAST).toMillis()));
        config.put(TopicConfig.SEGMENT_MS_CONFIG, Long.toString(Duration.ofHours(1).toMillis()));
      }
      case OUTCOMES, REQUESTS -> config.put(TopicConfig.RETENTION_MS_CONFIG, week);
      case ACCEPTED, ERRORS, FINISHED, DEAD_LETTERS -> {
        config.put(
            TopicConfig.RETENTION_MS_CONFIG,
            kind == Kind.DEAD_LETTERS ? Long.toString(Duration.ofDays(30).toMillis()) : week);
        config.put(
            TopicConfig.MAX_MESSAGE_BYTES_CONFIG,
            Long.toString(REQUEST_BYTES + 12 + RESULT_EXTRA_BYTES));
      }
    }
    return config;
  }

  private boolean isOne(Topic topic, Kind kind) {
    return topic.name().equals(kind.topic(prefix));
  }

  private static long number(Topic topic, String key) {
    return Long.parseLong(topic.config().getOrDefault(key, "-1"));
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) >= 0 ? one : other;
  }

  private static Map<String, String> valuesOf(Config config) {
    return config.entries().stream()
        .filter(entry -> entry.value() != null)
        .collect(Collectors.toMap(entry -> entry.name(), entry -> entry.value()));
  }
}
