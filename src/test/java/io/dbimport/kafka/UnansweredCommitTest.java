package io.dbimport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.event.Message.Kind;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.OwnKafka;
import io.dbimport.kafka.Stand.Started;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A commit that the broker never answers may have been carried out, or not. */
@Timeout(120)
final class UnansweredCommitTest {
  private CommitGate gate;
  private OwnKafka kafka;

  @BeforeEach
  void startABrokerBehindTheGate() throws Exception {
    gate = CommitGate.listening();
    kafka =
        OwnKafka.started(
            Map.of(
                "advertised.listeners",
                "PLAINTEXT://127.0.0.1:" + gate.port(),
                // The group must not mistake the silence for the member's end.
                "group.consumer.session.timeout.ms",
                "30000"));
    gate.leadTo(kafka.port());
  }

  @AfterEach
  void endBoth() throws Exception {
    gate.close();
    kafka.close();
  }

  @ParameterizedTest
  @EnumSource(CommitGate.Commit.class)
  void itsOutcomesArePublishedOnce(CommitGate.Commit commit) throws Exception {
    String bootstrapServers = "127.0.0.1:" + gate.port();
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
      var _ = new Topics(admin, "gated", Duration.ofDays(7)).create(2, (short) 1);
    }
    makeTransactionsKnown(bootstrapServers);
    try (Stand stand = Stand.over(bootstrapServers, "gated")) {
      stand.clientProperties.put("max.block.ms", "1500");
      var hold = stand.api.hold("held");
      Started worker = stand.start("one");
      stand.send(
          Stand.insert("before", "c0"), Stand.insert("held", "c1"), Stand.insert("behind", "c1"));
      hold.awaitArrival();
      stand.await(Kind.ACCEPTED, 1);

      gate.arm(commit);
      hold.release();
      gate.awaitNewProducer();
      gate.open();

      stand.send(Stand.insert("after", "c0"));
      stand.await(Kind.ACCEPTED, 4);
      assertThat(worker.stop()).isEqualTo(new WorkerEnd.Drained());
      assertThat(stand.ids(Kind.ACCEPTED)).containsExactly("after", "before", "behind", "held");
      assertThat(stand.committed(Kind.ERRORS)).isEmpty();
      assertThat(stand.calls()).hasSize(4).allSatisfy((id, calls) -> assertThat(calls).isOne());
      assertThat(worker.count("dbimport.requests.received")).isEqualTo(4);
      worker.assertBalanced();
    }
  }

  @Test
  void theLoopTurnsMeanwhile() throws Exception {
    String bootstrapServers = "127.0.0.1:" + gate.port();
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
      var _ = new Topics(admin, "gated", Duration.ofDays(7)).create(2, (short) 1);
    }
    makeTransactionsKnown(bootstrapServers);
    try (Stand stand = Stand.over(bootstrapServers, "gated")) {
      // The producer waits for its commit longer than this test does for a turn.
      stand.clientProperties.put("max.block.ms", "120000");
      Started worker = stand.start("one");
      stand.send(Stand.insert("before", "c0"));
      stand.await(Kind.ACCEPTED, 1);
      gate.arm(CommitGate.Commit.PASSED_ON);
      stand.send(Stand.insert("held", "c1"));
      gate.awaitSilence();

      long silentSince = System.nanoTime();
      Eventually.isTrue(
          "a turn of the loop",
          () -> worker.worker().status().orElseThrow().turnedAtNanos() - silentSince > 0);
      gate.open();

      stand.await(Kind.ACCEPTED, 2);
      assertThat(worker.stop()).isEqualTo(new WorkerEnd.Drained());
      assertThat(stand.calls()).isEqualTo(Map.of("before", 1, "held", 1));
    }
  }

  /** The first transaction of a broker waits for a topic to be made, longer than a worker here. */
  private static void makeTransactionsKnown(String bootstrapServers) {
    try (var producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrapServers, "transactional.id", "first"),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      producer.initTransactions();
    }
  }
}
