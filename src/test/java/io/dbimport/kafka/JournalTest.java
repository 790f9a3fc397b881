package io.dbimport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.fixtures.KafkaFixture;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;

/** How far back whoever comes next has to read in the journal. */
final class JournalTest {

  @Test
  void repliesOfAnEarlierOwnerAreNeededUntilTheyAreWrittenDown() throws Exception {
    String prefix = KafkaFixture.freshTopics(1);
    KafkaSettings settings =
        new KafkaSettings(
            Map.of("bootstrap.servers", KafkaFixture.bootstrapServers()),
            prefix,
            prefix + "-workers",
            "one",
            Duration.ofMillis(20),
            Duration.ofSeconds(5),
            Duration.ofSeconds(5));
    try (Journal journal =
        new Journal(
            settings,
            new Clients(settings),
            "topic-id",
            new LinkedBlockingQueue<>(),
            Milestone.Listener.NOBODY)) {
      journal.assigned(0, 20, Map.of(100L, 7L, 101L, 9L));
      assertThat(journal.low(0)).isEqualTo(7);
      journal.settled(0, 100);
      assertThat(journal.low(0)).isEqualTo(9);
      journal.settled(0, 101);
      assertThat(journal.low(0)).isEqualTo(20);
      journal.released(0);
      assertThat(journal.low(0)).isZero();
    }
  }
}
