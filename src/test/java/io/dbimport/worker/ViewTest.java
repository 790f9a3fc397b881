package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.Reply;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the worker says of itself: how old its work is, what that waits for, when to ask again. */
final class ViewTest {
  private static final Reply BUSY = new Reply.Unavailable(-502001, "busy");
  private static final Reply AN_HOUR =
      new Reply.Refused(-501003, "slower", ErrorClass.THROTTLED, Duration.ofHours(1));

  private final WorkerBench bench = new WorkerBench();
  private final Worker worker = bench.worker;

  ViewTest() {
    for (int partition = 0; partition < 3; partition++) {
      bench.assign(partition);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void theOldestDeliveryIsThatOfAllPartitions(int partition) {
    Instant oldest = bench.clock.now().wall();
    bench.receive(partition, Requests.upsert("env", "books"));
    assertThat(worker.view().oldest()).as("the others have none").isEqualTo(oldest);
    for (int other = 0; other < 3; other++) {
      bench.advance(Duration.ofSeconds(1));
      bench.receive(other, Requests.upsert("env", "books"));
    }
    assertThat(worker.view().oldest()).isEqualTo(oldest);
  }

  @Test
  void whatAnOpenBreakerHoldsUpIsCountedWithoutWhatIsCalled() {
    bench.receive(0, Requests.upsert("ill", "slow"));
    bench.call();
    for (int lane = 0; lane < Breaker.STRIKES; lane++) {
      bench.receive(0, Requests.upsert("ill", "c" + lane));
    }
    bench.receive(1, Requests.upsert("well", "books"));
    assertThat(worker.waits()).isEqualTo(Waits.NONE);
    for (Call call : bench.calls()) {
      if (WorkerBench.source(call).partition() == 0) {
        bench.reply(call, BUSY);
      }
    }
    bench.receive(0, Requests.upsert("ill", "slow"));
    bench.receive(1, Requests.upsert("well", "books"));
    assertThat(worker.waits()).isEqualTo(new Waits(0, 0, Breaker.STRIKES + 1, 1, 0));
  }

  @Test
  void nothingIsDueWhileAllThatMayGoOnIsReadAgain() {
    bench.receive(0, Requests.insert("env", "books"));
    Call lost = bench.call();
    worker.dropped(0);
    bench.assign(0);
    bench.receive(0, Requests.insert("env", "books"));
    bench.commit();
    assertThat(worker.nextDueNanos()).isEqualTo(Long.MAX_VALUE);
    worker.lateReply(0, 4, 0, new Restored.Answer(lost.number(), new Reply.Accepted(99)));
    assertThat(worker.nextDueNanos()).isLessThan(bench.clock.now().nanos());
    assertThat(worker.nextFetch(bench.clock.now())).isPresent();
    assertThat(worker.nextDueNanos()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void nothingIsDueInAClosingPartitionForWhatIsParked() {
    bench.receive(0, Requests.insert("env", "books"));
    bench.reply(bench.call(), AN_HOUR);
    bench.commit();
    bench.advance(Duration.ofHours(1));
    assertThat(worker.nextCall(bench.clock.now())).isEmpty();
    assertThat(worker.nextDueNanos()).isLessThanOrEqualTo(bench.clock.now().nanos());
    worker.closing(0, bench.clock.now());
    assertThat(worker.nextFetch(bench.clock.now())).isEmpty();
    assertThat(worker.nextDueNanos()).isEqualTo(Long.MAX_VALUE);
  }
}
