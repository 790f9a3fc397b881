package io.dbimport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.event.Message.Kind;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.KafkaFixture;
import io.dbimport.fixtures.OwnKafka;
import io.dbimport.kafka.Topics.Problem;
import io.dbimport.kafka.Topics.Severity;
import io.dbimport.kafka.Topics.Topic;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.UpdateFeaturesOptions;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

/** The topics: as they are made, and what is found wrong with others. */
final class TopicsTest {
  private static final AtomicInteger PREFIXES = new AtomicInteger();
  private static final long DAY_MS = Duration.ofDays(1).toMillis();

  private final String prefix = "topics" + PREFIXES.incrementAndGet();

  @Test
  void whatIsMadeIsAsItMustBe() throws Exception {
    assertThat(topics(7).create(3, (short) 1)).containsExactlyInAnyOrderElementsOf(everyName());
    assertThat(errors(7)).isEmpty();

    Map<String, Topic> made = topics(7).describe();
    assertThat(made.keySet()).containsExactlyInAnyOrderElementsOf(everyName());
    assertThat(made.values()).allSatisfy(topic -> assertThat(topic.partitions()).isEqualTo(3));
    assertThat(config(made, Kind.LEDGER))
        .containsEntry("cleanup.policy", "compact,delete")
        .containsEntry("retention.ms", Long.toString(7 * DAY_MS))
        .containsEntry("min.compaction.lag.ms", "3600000")
        .containsEntry("segment.ms", "3600000");
    assertThat(config(made, Kind.DEAD_LETTERS))
        .containsEntry("cleanup.policy", "delete")
        .containsEntry("retention.ms", Long.toString(30 * DAY_MS))
        .containsEntry("max.message.bytes", Integer.toString((1 << 20) + 12 + (64 << 10)));
  }

  @Test
  void theLedgerIsKeptAsLongAsItMustRememberButThreeDaysAtTheLeast() throws Exception {
    var _ = topics(20).create(1, (short) 1);
    assertThat(config(topics(20).describe(), Kind.LEDGER))
        .containsEntry("retention.ms", Long.toString(20 * DAY_MS));
    assertThat(errors(20)).isEmpty();
    assertThat(errors(21))
        .containsExactly(
            error(
                name(Kind.LEDGER),
                "keeps records for " + 20 * DAY_MS + " ms, which is less than 21 days",
                "set retention.ms to " + 21 * DAY_MS + " or more"));

    Topics brief = new Topics(KafkaFixture.admin(), prefix + "-short", Duration.ofDays(1));
    var _ = brief.create(1, (short) 1);
    assertThat(brief.describe().get(prefix + "-short.ledger"))
        .extracting(topic -> topic.config().get("retention.ms"))
        .isEqualTo(Long.toString(3 * DAY_MS));
  }

  @Test
  void whatIsThereIsLeftAsItIs() throws Exception {
    make(Kind.ACCEPTED, 5, Map.of("max.message.bytes", "1234"));

    assertThat(topics(7).create(2, (short) 1)).hasSize(6).doesNotContain(name(Kind.ACCEPTED));
    assertThat(topics(7).create(2, (short) 1)).isEmpty();

    Map<String, Topic> topics = topics(7).describe();
    assertThat(topics).hasSize(7);
    assertThat(config(topics, Kind.ACCEPTED)).containsEntry("max.message.bytes", "1234");
  }

  @Test
  void everyMissingTopicIsNamed() throws Exception {
    assertThat(topics(7).describe()).isEmpty();
    assertThat(errors(7))
        .containsExactlyElementsOf(
            everyName().stream()
                .map(name ->
                    error(
                        name, "is missing", "run: dbimport topics create --topic-prefix " + prefix))
                .toList());
  }

  @Test
  void topicsThatGoByTheRequestsPartitionNeedAsMany() throws Exception {
    make(Kind.REQUESTS, 4, Map.of());
    for (Kind fewer : List.of(Kind.LEDGER, Kind.OUTCOMES, Kind.DEAD_LETTERS, Kind.ERRORS)) {
      make(fewer, 2, enough(fewer));
    }
    make(Kind.ACCEPTED, 6, enough(Kind.ACCEPTED));
    make(Kind.FINISHED, 1, enough(Kind.FINISHED));

    assertThat(errors(7))
        .containsExactlyInAnyOrderElementsOf(
            List.of(Kind.LEDGER, Kind.OUTCOMES, Kind.DEAD_LETTERS).stream()
                .map(kind ->
                    error(
                        name(kind),
                        "has 2 partitions for 4 of " + name(Kind.REQUESTS),
                        "add partitions until there are 4, and next time do so before "
                            + name(Kind.REQUESTS)
                            + " gets more"))
                .toList());
  }

  @Test
  void resultsAndDeadLettersMustHoldARequestAndMore() throws Exception {
    make(Kind.REQUESTS, 1, Map.of("max.message.bytes", "2000000"));
    var _ = topics(7).create(1, (short) 1);

    assertThat(errors(7))
        .containsExactlyInAnyOrderElementsOf(
            List.of(Kind.ACCEPTED, Kind.ERRORS, Kind.FINISHED, Kind.DEAD_LETTERS).stream()
                .map(kind ->
                    error(
                        name(kind),
                        "takes records of %d bytes, which is less than a request and 64 KB"
                            .formatted((1 << 20) + 12 + (64 << 10)),
                        "set max.message.bytes to 2065536 or more"))
                .toList());
  }

  @Test
  void deadLettersMustTakeTheTimesThatRequestsHave() throws Exception {
    make(Kind.REQUESTS, 1, Map.of("retention.ms", "500000000"));
    make(
        Kind.DEAD_LETTERS,
        1,
        with(
            enough(Kind.DEAD_LETTERS),
            "message.timestamp.before.max.ms",
            "499999999",
            "message.timestamp.after.max.ms",
            "60000"));
    var _ = topics(7).create(1, (short) 1);

    String refuses =
        "refuses records for their time (%s is %d), and a dead letter has its request's";
    assertThat(errors(7))
        .containsExactlyInAnyOrder(
            error(
                name(Kind.DEAD_LETTERS),
                refuses.formatted("message.timestamp.before.max.ms", 499_999_999),
                "set message.timestamp.before.max.ms to 500000000 or more, or message.timestamp.type"
                    + " to LogAppendTime"),
            error(
                name(Kind.DEAD_LETTERS),
                refuses.formatted("message.timestamp.after.max.ms", 60_000),
                "set message.timestamp.after.max.ms to 3600000 or more, or message.timestamp.type"
                    + " to LogAppendTime"));
  }

  @Test
  void deadLettersThatAreGivenTheTimeOfWritingTakeAnyRequest() throws Exception {
    make(Kind.REQUESTS, 1, Map.of());
    make(
        Kind.DEAD_LETTERS,
        1,
        with(
            enough(Kind.DEAD_LETTERS),
            "message.timestamp.type",
            "LogAppendTime",
            "message.timestamp.before.max.ms",
            "1",
            "message.timestamp.after.max.ms",
            "1"));
    var _ = topics(7).create(1, (short) 1);

    assertThat(errors(7)).isEmpty();
  }

  @Test
  void requestsOfAnyAgeNeedDeadLettersOfAnyAge() throws Exception {
    make(Kind.REQUESTS, 1, Map.of("retention.ms", "-1", "message.timestamp.type", "LogAppendTime"));
    make(
        Kind.DEAD_LETTERS,
        1,
        with(
            enough(Kind.DEAD_LETTERS),
            "message.timestamp.before.max.ms",
            "499999999",
            "message.timestamp.after.max.ms",
            "0"));
    var _ = topics(7).create(1, (short) 1);

    assertThat(errors(7))
        .singleElement()
        .asString()
        .contains("set message.timestamp.before.max.ms to " + Long.MAX_VALUE);
  }

  @Test
  void whatAWorkerReadsAgainMustOutliveThreeDaysWhateverItsSize() throws Exception {
    make(
        Kind.REQUESTS,
        1,
        Map.of("retention.ms", Long.toString(3 * DAY_MS - 1), "retention.bytes", "1000000"));
    make(
        Kind.LEDGER,
        1,
        ledger("retention.ms", Long.toString(7 * DAY_MS), "retention.bytes", "1000000"));
    make(Kind.OUTCOMES, 1, Map.of("retention.ms", "1000", "retention.bytes", "1000"));
    // No worker reads this one again: how long it is kept is its owner's affair.
    make(Kind.ACCEPTED, 1, with(enough(Kind.ACCEPTED), "retention.ms", "1000"));
    var _ = topics(7).create(1, (short) 1);

    assertThat(errors(7))
        .containsExactlyInAnyOrder(
            error(
                name(Kind.REQUESTS),
                "keeps records for " + (3 * DAY_MS - 1) + " ms, which is less than 3 days",
                "set retention.ms to " + 3 * DAY_MS + " or more"),
            error(
                name(Kind.REQUESTS),
                "deletes records by size, whatever their age",
                "set retention.bytes to -1"),
            error(
                name(Kind.LEDGER),
                "deletes records by size, whatever their age",
                "set retention.bytes to -1"),
            error(
                name(Kind.OUTCOMES),
                "keeps records for 1000 ms, which is less than 3 days",
                "set retention.ms to " + 3 * DAY_MS + " or more"),
            error(
                name(Kind.OUTCOMES),
                "deletes records by size, whatever their age",
                "set retention.bytes to -1"));
  }

  @Test
  void whatIsKeptForEverIsKeptLongEnough() throws Exception {
    make(Kind.REQUESTS, 1, Map.of("retention.ms", "-1"));
    make(Kind.LEDGER, 1, ledger("retention.ms", "-1", "cleanup.policy", "compact"));
    var _ = topics(7).create(1, (short) 1);

    assertThat(errors(7)).isEmpty();
    assertThat(warnings())
        .extracting(Problem::problem)
        .noneMatch(problem -> problem.contains("is forgotten"));
  }

  @Test
  void aLedgerThatForgetsBeforeTheRequestsGoIsWorthAWarning() throws Exception {
    make(Kind.REQUESTS, 1, Map.of("retention.ms", "-1"));
    make(Kind.LEDGER, 1, ledger("retention.ms", Long.toString(7 * DAY_MS)));
    var _ = topics(7).create(1, (short) 1);

    String forgets =
        "keeps records for a shorter time than "
            + name(Kind.REQUESTS)
            + ": a request that is parked for longer than 604800000 ms is forgotten at the next"
            + " restart";
    assertThat(warnings())
        .contains(
            warning(
                name(Kind.LEDGER),
                forgets,
                "set retention.ms to -1, or that of the requests to 604800000"));
    assertThat(errors(7)).isEmpty();
  }

  @Test
  void nothingButTheLedgerMayBeCompacted() throws Exception {
    make(Kind.REQUESTS, 1, Map.of("cleanup.policy", "compact,delete"));
    make(Kind.OUTCOMES, 1, Map.of("cleanup.policy", "compact"));
    make(Kind.DEAD_LETTERS, 1, with(enough(Kind.DEAD_LETTERS), "cleanup.policy", "compact"));
    var _ = topics(7).create(1, (short) 1);

    assertThat(errors(7))
        .containsExactlyInAnyOrderElementsOf(
            List.of(Kind.REQUESTS, Kind.OUTCOMES, Kind.DEAD_LETTERS).stream()
                .map(kind ->
                    error(
                        name(kind),
                        "is compacted, which deletes records that others wait for",
                        "set cleanup.policy to delete"))
                .toList());
  }

  @Test
  void theLedgerAndTheJournalGrowBeforeTheRequestsDo() throws Exception {
    make(Kind.REQUESTS, 2, Map.of());
    make(Kind.LEDGER, 3, ledger());
    make(Kind.OUTCOMES, 4, Map.of());
    var _ = topics(7).create(2, (short) 1);

    assertThat(errors(7)).isEmpty();
    assertThat(warnings())
        .contains(
            warning(
                name(Kind.LEDGER),
                "has 3 partitions for 2 of " + name(Kind.REQUESTS),
                "add partitions to " + name(Kind.REQUESTS) + " until there are 3"),
            warning(
                name(Kind.OUTCOMES),
                "has 4 partitions for 2 of " + name(Kind.REQUESTS),
                "add partitions to " + name(Kind.REQUESTS) + " until there are 4"));
  }

  @Test
  void aLedgerIsCompactedNeitherTooSoonNorTooLate() throws Exception {
    make(
        Kind.LEDGER,
        1,
        ledger("min.compaction.lag.ms", "3599999", "segment.ms", Long.toString(DAY_MS + 1)));
    var _ = topics(7).create(1, (short) 1);

    assertThat(errors(7))
        .containsExactly(
            error(
                name(Kind.LEDGER),
                "may lose a record to compaction while a restore is on the way to it",
                "set min.compaction.lag.ms to 3600000 or more"));
    assertThat(warnings())
        .contains(
            warning(
                name(Kind.LEDGER),
                "closes a segment after 86400001 ms, and only closed ones are compacted: restores"
                    + " are slow",
                "set segment.ms to 3600000"));
  }

  @Test
  void whatOneBrokerCannotGiveIsWorthAWarning() throws Exception {
    make(Kind.REQUESTS, 1, Map.of("unclean.leader.election.enable", "true"));
    var _ = topics(7).create(1, (short) 1);

    assertThat(errors(7)).isEmpty();
    assertThat(warnings())
        .containsAll(everyName().stream().map(TopicsTest::oneCopy).toList())
        .contains(
            warning(
                name(Kind.REQUESTS),
                "may be led by a broker that lacks acknowledged records",
                "set unclean.leader.election.enable to false"));
  }

  @Test
  void theTopicsOfTheBrokersThemselvesCountBeforeTheyAreMadeAndAfter() throws Exception {
    try (OwnKafka kafka = OwnKafka.started();
        Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
      Topics topics = new Topics(admin, "own", Duration.ofDays(7));
      assertThat(topics.check())
          .filteredOn(problem -> problem.severity() == Severity.WARNING)
          .containsExactly(
              clusterSetting("offsets.topic.replication.factor", 3),
              clusterSetting("transaction.state.log.replication.factor", 3),
              clusterSetting("transaction.state.log.min.isr", 2));

      // The brokers make one of them when it is first asked for.
      try (var producer =
          new KafkaProducer<>(
              Map.of("bootstrap.servers", kafka.bootstrapServers(), "transactional.id", "any"),
              new ByteArraySerializer(),
              new ByteArraySerializer())) {
        producer.initTransactions();
      }
      assertThat(topics.check())
          .filteredOn(problem -> problem.severity() == Severity.WARNING)
          .containsExactly(
              clusterSetting("offsets.topic.replication.factor", 3),
              oneCopy("__transaction_state"));
    }
  }

  @Test
  void transactionsOfTheFirstVersionAreRefused() throws Exception {
    try (OwnKafka kafka = OwnKafka.started();
        Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
      Topics topics = new Topics(admin, "own", Duration.ofDays(7));
      var _ = topics.create(1, (short) 1);
      assertThat(topics.check())
          .filteredOn(problem -> problem.severity() == Severity.ERROR)
          .isEmpty();

      FeatureUpdate first = new FeatureUpdate((short) 1, FeatureUpdate.UpgradeType.SAFE_DOWNGRADE);
      admin
          .updateFeatures(Map.of("transaction.version", first), new UpdateFeaturesOptions())
          .all()
          .get();

      Problem refused =
          error(
              "the cluster",
              "has transaction.version 1, with which the late end of a transaction can end the"
                  + " next one",
              "on brokers of Kafka 4.0 or later run: kafka-features.sh upgrade --feature"
                  + " transaction.version=2");
      Eventually.isTrue("it is seen", () -> topics.check().contains(refused));
    }
  }

  @Test
  void anotherPrefixIsNotOurs() throws Exception {
    var _ = topics(7).create(1, (short) 1);

    Topics other = new Topics(KafkaFixture.admin(), prefix + "-other", Duration.ofDays(7));
    assertThat(other.describe()).isEmpty();
    assertThat(other.check())
        .filteredOn(problem -> problem.severity() == Severity.ERROR)
        .hasSize(Kind.values().length);
  }

  private Topics topics(int rememberedDays) {
    return new Topics(KafkaFixture.admin(), prefix, Duration.ofDays(rememberedDays));
  }

  private List<Problem> errors(int rememberedDays) throws Exception {
    return topics(rememberedDays).check().stream()
        .filter(problem -> problem.severity() == Severity.ERROR)
        .toList();
  }

  private List<Problem> warnings() throws Exception {
    return topics(7).check().stream()
        .filter(problem -> problem.severity() == Severity.WARNING)
        .toList();
  }

  private static Problem error(String where, String problem, String change) {
    return new Problem(Severity.ERROR, where, problem, change);
  }

  private static Problem warning(String where, String problem, String change) {
    return new Problem(Severity.WARNING, where, problem, change);
  }

  private static Problem oneCopy(String topic) {
    return warning(
        topic,
        "has one copy of each record",
        "have 3, on as many brokers, and then set min.insync.replicas to 2");
  }

  private static Problem clusterSetting(String name, int least) {
    return warning("the cluster", "has " + name + " 1", "set it to " + least + " on every broker");
  }

  private String name(Kind kind) {
    return kind.topic(prefix);
  }

  private List<String> everyName() {
    return Arrays.stream(Kind.values()).map(this::name).toList();
  }

  private Map<String, String> config(Map<String, Topic> topics, Kind kind) {
    Topic topic = topics.get(name(kind));
    assertThat(topic).as(name(kind)).isNotNull();
    return topic == null ? Map.of() : topic.config();
  }

  private void make(Kind kind, int partitions, Map<String, String> config) throws Exception {
    NewTopic topic = new NewTopic(name(kind), partitions, (short) 1).configs(config);
    KafkaFixture.admin().createTopics(List.of(topic)).all().get();
    // The controller makes it a moment before the broker lists it.
    Eventually.isTrue(
        topic.name() + " is listed",
        () -> KafkaFixture.admin().listTopics().names().get().contains(topic.name()));
  }

  /** Large enough where that is asked for. */
  private static Map<String, String> enough(Kind kind) {
    return switch (kind) {
      case ACCEPTED, ERRORS, FINISHED, DEAD_LETTERS -> Map.of("max.message.bytes", "3000000");
      case LEDGER, OUTCOMES, REQUESTS -> Map.of();
    };
  }

  /** A ledger that is right but for these. */
  private static Map<String, String> ledger(String... config) {
    return with(
        Map.of("cleanup.policy", "compact,delete", "min.compaction.lag.ms", "3600000"), config);
  }

  private static Map<String, String> with(Map<String, String> config, String... more) {
    Map<String, String> both = new HashMap<>(config);
    for (int i = 0; i < more.length; i += 2) {
      both.put(more[i], more[i + 1]);
    }
    return both;
  }
}
