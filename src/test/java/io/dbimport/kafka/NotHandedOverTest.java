package io.dbimport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.event.Message.Kind;
import io.dbimport.fixtures.OwnKafka;
import io.dbimport.kafka.Stand.Started;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A worker that is stopped while its broker is away has nobody to hand its partitions to. */
@Timeout(120)
final class NotHandedOverTest {

  @Test
  void whatIsDrainedWithoutABrokerIsNotCalledHandedOver() throws Exception {
    try (OwnKafka kafka = OwnKafka.started()) {
      try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
        var _ = new Topics(admin, "left", Duration.ofDays(7)).create(2, (short) 1);
      }
      try (Stand stand = Stand.over(kafka.bootstrapServers(), "left")) {
        // The producer waits for its commit longer than this test does for the end.
        stand.clientProperties.put("max.block.ms", "600000");
        Started worker = stand.start("one");
        worker.awaitPartitions(2);
        stand.send(Stand.insert("before", "c0"));
        stand.await(Kind.FINISHED, 1);

        kafka.stop();
        assertThat(worker.stop()).isEqualTo(new WorkerEnd.NotHandedOver(Set.of(0, 1)));

        kafka.start();
        Started next = stand.start("two");
        next.awaitPartitions(2);
        assertThat(next.stop()).isEqualTo(new WorkerEnd.Drained());
      }
    }
  }
}
