package io.dbimport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.junit.jupiter.api.Test;

/** What a worker ends as, however deep the reason is wrapped. */
final class WorkerEndTest {

  @Test
  void anInstanceIdInUseIsKnownThoughItIsThrownInARebalance() {
    var inUse = new Transactions.InstanceIdInUse("w.g.one", new ProducerFencedException("newer"));
    assertThat(KafkaWorker.endBy(inUse)).isEqualTo(KafkaWorker.endBy(wrapped(inUse)));
    assertThat(KafkaWorker.endBy(wrapped(inUse)))
        .isEqualTo(
            new WorkerEnd.InstanceIdInUse("another process uses the transactional id w.g.one"));
  }

  @Test
  void whatIsDeniedIsKnownToo() {
    assertThat(KafkaWorker.endBy(wrapped(new TopicAuthorizationException("no"))))
        .isEqualTo(new WorkerEnd.NotAuthorised("no"));
  }

  @Test
  void anythingElseIsAFaultOfOurs() {
    KafkaException fault = wrapped(new IllegalStateException());
    assertThat(KafkaWorker.endBy(fault)).isEqualTo(new WorkerEnd.Broken(fault));
  }

  private static KafkaException wrapped(RuntimeException why) {
    return new KafkaException("User rebalance callback throws an error", why);
  }
}
