package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.Outcome.Failed;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.Reply;
import io.dbimport.Reply.Unanswered;
import io.dbimport.Reply.Unavailable;
import java.time.Duration;
import java.util.ArrayDeque;
import org.junit.jupiter.api.Test;

/** The whole API is away for a time, for all environments. */
final class OutageTest {
  private static final int ENVIRONMENTS = 20;
  private static final int REQUESTS = 2_000;
  private static final int AT_ONCE = 256;
  private static final Reply SILENCE = new Unanswered(-1, "HTTP 503");
  private static final Reply DOWN = Unavailable.notSent(-1, "connection refused");

  private final WorkerBench bench = new WorkerBench();

  private void receive(int requests) {
    bench.assign(0);
    for (int i = 0; i < requests; i++) {
      bench.receive(0, Requests.insert("env-" + i % ENVIRONMENTS, "c-" + i));
    }
  }

  /** Answers all calls that are made in that time alike; how many those were. */
  private int run(Duration time, Reply reply, boolean probesAnswer) {
    Moment begin = bench.clock.now();
    int calls = 0;
    ArrayDeque<Call> open = new ArrayDeque<>(bench.calls());
    while (bench.clock.now().since(begin).compareTo(time) < 0) {
      while (!open.isEmpty()) {
        bench.reply(open.removeFirst(), reply);
        calls++;
        open.addAll(bench.calls());
      }
      for (var probe = bench.worker.nextProbe(bench.clock.now());
          probe.isPresent();
          probe = bench.worker.nextProbe(bench.clock.now())) {
        bench.worker.probed(probe.get(), probesAnswer, bench.clock.now());
      }
      bench.commit();
      bench.advance(Duration.ofMillis(100));
      open.addAll(bench.calls());
    }
    while (!open.isEmpty()) {
      bench.reply(open.removeFirst(), reply);
      calls++;
    }
    bench.commit();
    return calls;
  }

  private long unknown() {
    return bench.ledger.outcomes.values().stream()
        .filter(outcome ->
            outcome instanceof Failed failed && failed.errorClass() == ErrorClass.OUTCOME_UNKNOWN)
        .count();
  }

  private long accepted() {
    return bench.ledger.outcomes.values().stream().filter(JobAccepted.class::isInstance).count();
  }

  @Test
  void noMoreRequestsEndUnknownThanWereOpenWhenItBegan() {
    receive(REQUESTS);
    assertThat(run(Duration.ofHours(2), SILENCE, false)).isEqualTo(AT_ONCE);
    assertThat(unknown()).isEqualTo(AT_ONCE);
    assertThat(bench.ledger.outcomes).hasSize(AT_ONCE);
    run(Duration.ofMinutes(5), new Reply.Accepted(1), true);
    assertThat(accepted()).isEqualTo(REQUESTS - AT_ONCE);
    bench.assertBalance();
  }

  @Test
  void whereProbesAnswerAndCallsDoNotOneIsTriedNowAndThen() {
    receive(REQUESTS);
    int calls = run(Duration.ofMinutes(10), SILENCE, true);
    assertThat(calls - AT_ONCE).as("1 s, 2 s, 4 s, 8 s, 16 s, and every 30 s").isBetween(20, 30);
  }

  @Test
  void itMayLastLongerThanThePatienceOfRequests() {
    receive(AT_ONCE);
    assertThat(run(Duration.ofHours(2), DOWN, false)).as("all of them").isEqualTo(AT_ONCE);
    assertThat(run(Duration.ofMinutes(2), DOWN, true)).as("tried again in vain").isPositive();
    assertThat(bench.ledger.outcomes).isEmpty();
    run(Duration.ofMinutes(5), new Reply.Accepted(1), true);
    assertThat(accepted()).isEqualTo(AT_ONCE);
    bench.assertBalance();
  }
}
