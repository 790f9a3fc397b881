package io.dbimport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.event.Message.Kind;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.KafkaFixture;
import io.dbimport.kafka.Topics.Problem;
import io.dbimport.kafka.Topics.Topic;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Test;

/** The topics: as they are made, and what is found wrong with others. */
final class TopicsTest {
  private static final AtomicInteger PREFIXES = new AtomicInteger();
  private static final long DAY_MS = Duration.ofDays(1).toMillis();

  private final String prefix = "topics" + PREFIXES.incrementAndGet();

  @Test
  void whatIsMadeIsAsItMustBe() throws Exception {
    assertThat(topics(7).create(3, (short) 1)).containsExactlyInAnyOrderElementsOf(everyName());
    assertThat(topics(7).check()).isEmpty();

    Map<String, Topic> made = topics(7).describe();
    assertThat(made.keySet()).containsExactlyInAnyOrderElementsOf(everyName());
    assertThat(made.values()).allSatisfy(topic -> assertThat(topic.partitions()).isEqualTo(3));
    assertThat(config(made, Kind.LEDGER))
        .containsEntry("cleanup.policy", "compact,delete")
        .containsEntry("retention.ms", Long.toString(7 * DAY_MS));
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
    assertThat(topics(20).check()).isEmpty();
    assertThat(topics(21).check())
        .containsExactly(
            new Problem(
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
    assertThat(topics(7).check())
        .containsExactlyElementsOf(
            everyName().stream()
                .map(name ->
                    new Problem(
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

    assertThat(topics(7).check())
        .containsExactlyInAnyOrderElementsOf(
            List.of(Kind.LEDGER, Kind.OUTCOMES, Kind.DEAD_LETTERS).stream()
                .map(kind ->
                    new Problem(
                        name(kind),
                        "has 2 partitions for 4 of " + name(Kind.REQUESTS),
                        "add partitions until there are 4"))
                .toList());
  }

  @Test
  void resultsAndDeadLettersMustHoldARequestAndMore() throws Exception {
    make(Kind.REQUESTS, 1, Map.of("max.message.bytes", "2000000"));
    var _ = topics(7).create(1, (short) 1);

    assertThat(topics(7).check())
        .containsExactlyInAnyOrderElementsOf(
            List.of(Kind.ACCEPTED, Kind.ERRORS, Kind.FINISHED, Kind.DEAD_LETTERS).stream()
                .map(kind ->
                    new Problem(
                        name(kind),
                        "takes records of %d bytes, which is less than a request and 64 KB"
                            .formatted((1 << 20) + 12 + (64 << 10)),
                        "set max.message.bytes to 2065536 or more"))
                .toList());
  }

  @Test
  void requestsAndTheLedgerMustOutliveThreeDaysWhateverTheirSize() throws Exception {
    make(
        Kind.REQUESTS,
        1,
        Map.of("retention.ms", Long.toString(3 * DAY_MS - 1), "retention.bytes", "1000000"));
    make(
        Kind.LEDGER,
        1,
        Map.of("retention.ms", Long.toString(7 * DAY_MS), "retention.bytes", "1000000"));
    // Neither of these is read again by a worker: how long they are kept is the owner's affair.
    make(Kind.OUTCOMES, 1, Map.of("retention.ms", "1000", "retention.bytes", "1000"));
    var _ = topics(7).create(1, (short) 1);

    assertThat(topics(7).check())
        .containsExactlyInAnyOrder(
            new Problem(
                name(Kind.REQUESTS),
                "keeps records for " + (3 * DAY_MS - 1) + " ms, which is less than 3 days",
                "set retention.ms to " + 3 * DAY_MS + " or more"),
            new Problem(
                name(Kind.REQUESTS),
                "deletes records by size, whatever their age",
                "set retention.bytes to -1"),
            new Problem(
                name(Kind.LEDGER),
                "deletes records by size, whatever their age",
                "set retention.bytes to -1"));
  }

  @Test
  void whatIsKeptForEverIsKeptLongEnough() throws Exception {
    make(Kind.REQUESTS, 1, Map.of("retention.ms", "-1"));
    make(Kind.LEDGER, 1, Map.of("retention.ms", "-1", "cleanup.policy", "compact"));
    var _ = topics(7).create(1, (short) 1);

    assertThat(topics(7).check()).isEmpty();
  }

  @Test
  void nothingButTheLedgerMayBeCompacted() throws Exception {
    make(Kind.REQUESTS, 1, Map.of("cleanup.policy", "compact,delete"));
    make(Kind.DEAD_LETTERS, 1, withCompaction(enough(Kind.DEAD_LETTERS)));
    var _ = topics(7).create(1, (short) 1);

    assertThat(topics(7).check())
        .containsExactlyInAnyOrderElementsOf(
            List.of(Kind.REQUESTS, Kind.DEAD_LETTERS).stream()
                .map(kind ->
                    new Problem(
                        name(kind),
                        "is compacted, which deletes records that others wait for",
                        "set cleanup.policy to delete"))
                .toList());
  }

  @Test
  void anotherPrefixIsNotOurs() throws Exception {
    var _ = topics(7).create(1, (short) 1);

    Topics other = new Topics(KafkaFixture.admin(), prefix + "-other", Duration.ofDays(7));
    assertThat(other.describe()).isEmpty();
    assertThat(other.check()).hasSize(Kind.values().length);
  }

  private Topics topics(int rememberedDays) {
    return new Topics(KafkaFixture.admin(), prefix, Duration.ofDays(rememberedDays));
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

  private static Map<String, String> withCompaction(Map<String, String> config) {
    Map<String, String> both = new HashMap<>(config);
    both.put("cleanup.policy", "compact");
    return both;
  }
}
