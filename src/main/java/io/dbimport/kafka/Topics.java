package io.dbimport.kafka;

import static io.dbimport.kafka.Answers.get;

import io.dbimport.event.Message.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.FinalizedVersionRange;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the topics, and checks that they and their cluster keep what the worker relies on, which is
 * written down in {@link TopicRules} and {@link ReplicationRules}. Thread-safe.
 */
public final class Topics {
  private static final Duration SEEN_WITHIN = Duration.ofSeconds(30);
  private static final Duration SEEN_LOOK = Duration.ofMillis(50);
  private static final long REQUEST_BYTES = 1 << 20;

  /** How much a problem matters. */
  public enum Severity {
    /** A promise is broken, or may be: no worker starts. */
    ERROR,
    /** Worth a change, but a worker starts. */
    WARNING
  }

  /**
   * Something that is not as the worker needs it. Immutable.
   *
   * @param where a topic's name, or words for the cluster
   * @param problem reads on from it
   * @param change what to do about it
   */
  public record Problem(Severity severity, String where, String problem, String change) {}

  /**
   * A topic as it is. Immutable.
   *
   * @param replicas copies of each record, where there are fewest
   * @param config what is in force, whoever set it
   */
  public record Topic(String name, int partitions, int replicas, Map<String, String> config) {}

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
   * With three copies or more, a record counts as written once two brokers have it.
   *
   * @param partitions of requests, and so of every other topic
   * @param replicationFactor -1 for the broker's default
   * @throws KafkaException when the broker refuses or does not answer
   */
  public List<String> create(int partitions, short replicationFactor) throws InterruptedException {
    Set<String> existing = get(admin.listTopics().names());
    List<NewTopic> missing =
        Arrays.stream(Kind.values())
            .filter(kind -> !existing.contains(kind.topic(prefix)))
            .map(kind ->
                new NewTopic(kind.topic(prefix), partitions, replicationFactor)
                    .configs(configOf(kind)))
            .toList();
    if (missing.isEmpty()) {
      return List.of();
    }
    boolean safe = replicas(missing.getFirst()) >= ReplicationRules.COPIES;
    List<String> made = new ArrayList<>();
    for (NewTopic topic : missing) {
      if (safe) {
        topic.configs().put(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG, ReplicationRules.IN_SYNC);
      }
      try {
        get(admin.createTopics(List.of(topic)).all());
        made.add(topic.name());
      } catch (TopicExistsException raced) {
        LOG.info("{} was made by another process in this moment", raced.getMessage());
      }
    }
    awaitSeen(made);
    return made;
  }

  /** How many copies it will have: only the brokers know their default. */
  private int replicas(NewTopic topic) throws InterruptedException {
    if (topic.replicationFactor() > 0) {
      return topic.replicationFactor();
    }
    return get(
        admin
            .createTopics(List.of(topic), new CreateTopicsOptions().validateOnly(true))
            .replicationFactor(topic.name()));
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
    long giveUpAt = System.nanoTime() + SEEN_WITHIN.toNanos();
    while (true) {
      Set<String> existing = get(admin.listTopics().names());
      try {
        return describe(
            Arrays.stream(Kind.values())
                .map(kind -> kind.topic(prefix))
                .filter(existing::contains)
                .toList());
      } catch (UnknownTopicOrPartitionException notHeardYet) {
        // One broker lists a topic that was just made, and the next that is asked does not know it.
        if (System.nanoTime() > giveUpAt) {
          throw notHeardYet;
        }
        Thread.sleep(SEEN_LOOK);
      }
    }
  }

  private Map<String, Topic> describe(List<String> names) throws InterruptedException {
    Map<String, TopicDescription> descriptions = get(admin.describeTopics(names).allTopicNames());
    Collection<ConfigResource> resources =
        names.stream().map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name)).toList();
    Map<String, Topic> topics = new TreeMap<>();
    get(admin.describeConfigs(resources).all())
        .forEach((resource, config) -> {
          TopicDescription description = descriptions.get(resource.name());
          if (description != null) {
            topics.put(resource.name(), topic(description, valuesOf(config)));
          }
        });
    return topics;
  }

  private static Topic topic(TopicDescription description, Map<String, String> config) {
    List<TopicPartitionInfo> partitions = description.partitions();
    int replicas = partitions.stream().mapToInt(p -> p.replicas().size()).min().orElse(0);
    return new Topic(description.name(), partitions.size(), replicas, config);
  }

  /**
   * Everything that is not as the worker needs it, errors first; empty when all is well. What this
   * client may not see is not checked.
   *
   * @throws KafkaException when the broker refuses or does not answer
   */
  public List<Problem> check() throws InterruptedException {
    Cluster cluster = cluster();
    Map<String, Topic> ours = describe();
    List<Problem> problems = new ArrayList<>();
    problems.addAll(new TopicRules(prefix, remembered).problems(cluster, ours));
    problems.addAll(ReplicationRules.problems(cluster, ours.values()));
    problems.sort(Comparator.comparing(Problem::severity));
    return List.copyOf(problems);
  }

  private Cluster cluster() throws InterruptedException {
    Collection<Node> brokers = get(admin.describeCluster().nodes());
    FinalizedVersionRange transactions =
        get(admin.describeFeatures().featureMetadata())
            .finalizedFeatures()
            .get(Cluster.TRANSACTION_VERSION);
    ConfigResource anyBroker =
        new ConfigResource(
            ConfigResource.Type.BROKER, brokers.stream().map(Node::idString).findAny().orElse(""));
    Map<String, String> brokerConfig;
    try {
      brokerConfig =
          valuesOf(
              Objects.requireNonNull(
                  get(admin.describeConfigs(List.of(anyBroker)).all()).get(anyBroker)));
    } catch (AuthorizationException notOurs) {
      brokerConfig = Map.of();
    }
    return new Cluster(
        brokers.size(),
        transactions == null ? 0 : transactions.maxVersionLevel(),
        brokerConfig,
        internalTopics());
  }

  private Map<String, Topic> internalTopics() throws InterruptedException {
    Set<String> listed = get(admin.listTopics(new ListTopicsOptions().listInternal(true)).names());
    try {
      return describe(Cluster.INTERNAL_TOPICS.stream().filter(listed::contains).toList());
    } catch (AuthorizationException notOurs) {
      return Map.of();
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
            Long.toString(TopicRules.ledgerKept(remembered).toMillis()));
        config.put(TopicConfig.SEGMENT_MS_CONFIG, Long.toString(Duration.ofHours(1).toMillis()));
        config.put(
            TopicConfig.MIN_COMPACTION_LAG_MS_CONFIG,
            Long.toString(TopicRules.COMPACTED_AFTER.toMillis()));
      }
      case OUTCOMES, REQUESTS -> config.put(TopicConfig.RETENTION_MS_CONFIG, week);
      case ACCEPTED, ERRORS, FINISHED, DEAD_LETTERS -> {
        config.put(
            TopicConfig.RETENTION_MS_CONFIG,
            kind == Kind.DEAD_LETTERS ? Long.toString(Duration.ofDays(30).toMillis()) : week);
        config.put(
            TopicConfig.MAX_MESSAGE_BYTES_CONFIG,
            Long.toString(REQUEST_BYTES + 12 + TopicRules.RESULT_EXTRA_BYTES));
      }
    }
    return config;
  }

  private static Map<String, String> valuesOf(Config config) {
    return config.entries().stream()
        .filter(entry -> entry.value() != null)
        .collect(Collectors.toMap(entry -> entry.name(), entry -> entry.value()));
  }
}
