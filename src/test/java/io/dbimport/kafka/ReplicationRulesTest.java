package io.dbimport.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import io.dbimport.kafka.Topics.Problem;
import io.dbimport.kafka.Topics.Severity;
import io.dbimport.kafka.Topics.Topic;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a cluster must give that could give it; a cluster of processes shows the same. */
final class ReplicationRulesTest {
  private static final Map<String, String> IN_SYNC = Map.of("min.insync.replicas", "2");

  @Test
  void threeCopiesOfWhichTwoAreWrittenAreEnough() {
    assertThat(problems(3, new Topic("t", 1, 3, IN_SYNC))).isEmpty();
    assertThat(problems(3, new Topic("t", 1, 4, Map.of("min.insync.replicas", "3")))).isEmpty();
  }

  @Test
  void threeBrokersMustKeepThreeCopies() {
    assertThat(problems(3, new Topic("t", 1, 2, IN_SYNC)))
        .containsExactly(
            new Problem(
                Severity.ERROR,
                "t",
                "has 2 copies of each record",
                "have 3, on as many brokers, and then set min.insync.replicas to 2"));
  }

  @Test
  void aRecordIsWrittenWhenTwoBrokersHaveIt() {
    assertThat(problems(5, new Topic("t", 1, 3, Map.of("min.insync.replicas", "1"))))
        .containsExactly(
            new Problem(
                Severity.ERROR,
                "t",
                "takes a record as written that one broker alone has",
                "set min.insync.replicas to 2"));
  }

  @Test
  void noBrokerLeadsThatLacksRecords() {
    Map<String, String> unclean =
        Map.of("min.insync.replicas", "2", "unclean.leader.election.enable", "true");
    assertThat(problems(3, new Topic("t", 1, 3, unclean)))
        .extracting(Problem::severity, Problem::change)
        .containsExactly(tuple(Severity.ERROR, "set unclean.leader.election.enable to false"));
  }

  @Test
  void twoBrokersCannotAndSoAreWarned() {
    assertThat(problems(2, new Topic("t", 1, 2, IN_SYNC)))
        .extracting(Problem::severity)
        .containsExactly(Severity.WARNING);
  }

  @Test
  void theBrokersOwnTopicsMustBeSafeToo() {
    Topic offsets = new Topic(Cluster.OFFSETS, 50, 1, Map.of());
    Topic transactions = new Topic(Cluster.TRANSACTIONS, 50, 3, Map.of("min.insync.replicas", "1"));
    Cluster cluster =
        new Cluster(
            3, 2, Map.of(), Map.of(Cluster.OFFSETS, offsets, Cluster.TRANSACTIONS, transactions));
    assertThat(ReplicationRules.problems(cluster, List.of()))
        .extracting(Problem::severity, Problem::where, Problem::problem)
        .containsExactly(
            tuple(Severity.ERROR, Cluster.OFFSETS, "has one copy of each record"),
            tuple(
                Severity.ERROR,
                Cluster.TRANSACTIONS,
                "takes a record as written that one broker alone has"));
  }

  @Test
  void whatIsNotThereYetIsJudgedByTheBrokersSettings() {
    Cluster cluster =
        new Cluster(
            3,
            2,
            Map.of(
                "offsets.topic.replication.factor", "3",
                "transaction.state.log.replication.factor", "3",
                "transaction.state.log.min.isr", "1"),
            Map.of());
    assertThat(ReplicationRules.problems(cluster, List.of()))
        .containsExactly(
            new Problem(
                Severity.ERROR,
                "the cluster",
                "has transaction.state.log.min.isr 1",
                "set it to 2 on every broker"));
  }

  private static List<Problem> problems(int brokers, Topic topic) {
    return ReplicationRules.problems(new Cluster(brokers, 2, Map.of(), Map.of()), List.of(topic));
  }
}
