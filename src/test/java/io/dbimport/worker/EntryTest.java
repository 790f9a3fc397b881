package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.JobStatus;
import io.dbimport.Reply;
import io.dbimport.worker.Entry.Admitted;
import io.dbimport.worker.Entry.JobOver;
import io.dbimport.worker.Entry.Marked;
import io.dbimport.worker.Entry.Resolved;
import io.dbimport.worker.Entry.Settled;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Every kind of entry belongs to the partition and the assignment of its delivery. */
final class EntryTest {
  private static final int PARTITION = 3;
  private static final String INSERT = Requests.insert("env", "books");

  private final WorkerBench bench = new WorkerBench();
  private final Set<Class<?>> seen = new HashSet<>();

  private void tick(long epoch) {
    List<Entry> entries = bench.commit();
    assertThat(entries)
        .isNotEmpty()
        .allSatisfy(entry -> {
          assertThat(entry.partition()).isEqualTo(PARTITION);
          assertThat(entry.epoch()).isEqualTo(epoch);
        });
    entries.forEach(entry -> seen.add(entry.getClass()));
  }

  @Test
  void allGoIntoThePartitionOfTheirDelivery() {
    bench.assign(PARTITION);
    bench.receive(PARTITION, INSERT);
    assertThat(bench.worker.nextCall(bench.clock.now())).isEmpty();
    tick(1);
    Call lost = bench.worker.nextCall(bench.clock.now()).orElseThrow();
    bench.worker.dropped(PARTITION);
    bench.assign(PARTITION);
    bench.receive(PARTITION, INSERT);
    tick(2);
    bench.worker.lateReply(
        PARTITION, 2, 0, new Restored.Answer(lost.number(), new Reply.Accepted(9)));
    bench.fetch();
    tick(2);
    bench.advance(Duration.ofSeconds(1));
    bench.look(bench.looks().getFirst(), JobStatus.SUCCESS);
    tick(2);
    bench.receive(PARTITION, INSERT);
    bench.reply(
        bench.call(),
        new Reply.Refused(-501003, "slower", ErrorClass.THROTTLED, Duration.ofHours(1)));
    tick(2);
    bench.advance(Duration.ofHours(1));
    assertThat(bench.call().source().partition()).as("read again").isEqualTo(PARTITION);
    assertThat(seen)
        .containsExactlyInAnyOrder(
            Admitted.class, Settled.class, Resolved.class, JobOver.class, Marked.class);
  }
}
