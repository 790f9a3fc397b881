package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.Outcome;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.Reply;
import io.dbimport.Reply.Accepted;
import io.dbimport.Reply.Refused;
import io.dbimport.Reply.Unanswered;
import io.dbimport.Reply.Unavailable;
import io.dbimport.event.Source;
import io.dbimport.worker.LaneKey.Environment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A tenant with up to a hundred thousand requests that come to nothing, and one with a hundred
 * behind them in the same partition, read as the loop reads it: some at a time, and none while the
 * window is full.
 */
final class NoisyNeighbourTest {
  private static final int MANY = 100_000;

  /** Still more than a window. */
  private static final int FEWER = 20_000;

  private static final int FEW = 100;
  private static final int POLL = 500;
  private static final Duration TICK = Duration.ofMillis(20);

  /** How time passes while nothing happens. */
  private static final Duration LULL = Duration.ofSeconds(1);

  /** What the noisy tenant meets. */
  record Trouble(String name, int many, Environment noisy, Reply reply) {
    @Override
    public String toString() {
      return name;
    }
  }

  static List<Trouble> troubles() {
    Environment otherApp = new Environment("noisy", "noisy");
    Environment sameApp = new Environment("quiet", "noisy");
    return List.of(
        new Trouble("an app's minute quota", MANY, otherApp, Refused.of(45011, "slower")),
        new Trouble("an app's daily quota", FEWER, otherApp, Refused.of(45009, "tomorrow")),
        new Trouble("an environment's quota", MANY, sameApp, Refused.of(-501003, "too many")),
        new Trouble("an environment that fails", FEWER, sameApp, new Unavailable(-502001, "busy")),
        new Trouble(
            "an environment that is silent", FEWER, sameApp, new Unanswered(-1, "HTTP 503")));
  }

  private static final Environment QUIET = new Environment("quiet", "quiet");

  private final WorkerBench bench = new WorkerBench();
  private final List<Source> noisy = new ArrayList<>();
  private final List<Source> quiet = new ArrayList<>();
  private final Set<Source> accepted = new HashSet<>();
  private int many;
  private int received;
  private int noisyCalls;

  /** How long the noisy one's calls take, and those that are open. */
  private Duration callsTake = Duration.ZERO;

  private final ArrayDeque<Open> open = new ArrayDeque<>();

  private record Open(Call call, long untilNanos) {}

  private static String upsert(Environment environment, int number) {
    return Requests.json(
        environment.env(),
        "c-" + number % 1_000,
        2,
        ",\"app_id\":\"" + environment.appId() + "\",\"request_id\":\"r-" + number + "\"");
  }

  /** The loop, as long as something is to be waited for. */
  private void run(Trouble trouble, boolean healed, Duration atMost, BooleanSupplier until) {
    Moment begin = bench.clock.now();
    while (!until.getAsBoolean()) {
      assertThat(bench.clock.now().since(begin))
          .as("%s: %s %s", trouble, bench.worker.view(), bench.worker.waits())
          .isLessThan(atMost);
      int before = received;
      for (int i = 0; i < POLL && received < many + FEW; i++) {
        if (bench.worker.full(0, bench.clock.now())) {
          break;
        }
        boolean behind = received >= many;
        Environment whose = behind ? QUIET : trouble.noisy();
        (behind ? quiet : noisy).add(bench.receive(0, upsert(whose, received)).source());
        received++;
      }
      for (var probe = bench.worker.nextProbe(bench.clock.now());
          probe.isPresent();
          probe = bench.worker.nextProbe(bench.clock.now())) {
        bench.worker.probed(probe.get(), true, bench.clock.now());
      }
      for (Call call : bench.calls()) {
        boolean isNoisy = call.lane.key.environment().equals(trouble.noisy());
        noisyCalls += isNoisy ? 1 : 0;
        if (isNoisy) {
          open.add(new Open(call, bench.clock.now().plus(callsTake).nanos()));
        } else {
          bench.accept(call);
        }
      }
      while (!open.isEmpty() && open.element().untilNanos() <= bench.clock.now().nanos()) {
        bench.reply(open.remove().call(), healed ? new Accepted(1) : trouble.reply());
      }
      List<Entry> committed = bench.commit();
      for (Entry entry : committed) {
        if (entry instanceof Entry.Settled settled && settled.outcome() instanceof JobAccepted) {
          accepted.add(settled.delivery().source());
        }
      }
      boolean lull = committed.isEmpty() && received == before && open.isEmpty();
      bench.advance(lull ? LULL : TICK);
    }
  }

  @ParameterizedTest
  @MethodSource("troubles")
  void theOneBehindIsServedWhileTheOneBeforeWaits(Trouble trouble) {
    many = trouble.many();
    bench.assign(0);
    run(
        trouble,
        false,
        Duration.ofSeconds(20),
        () -> quiet.size() == FEW && accepted.containsAll(quiet));

    assertThat(noisy).hasSize(trouble.many());
    assertThat(bench.ledger.outcomes.keySet())
        .as("all of the one, none of the other")
        .containsExactlyInAnyOrderElementsOf(quiet);
    assertThat(noisyCalls)
        .as("no more than were open when it began, and a try now and then")
        .isBetween(1, 32 + 5);
    assertThat(bench.ledger.offset(0)).as("nothing stands before the offset").isPositive();
    bench.assertBalance();
  }

  @Test
  void theOneBehindIsServedWhileTheOneBeforeIsSlow() {
    many = FEWER;
    callsTake = Duration.ofSeconds(5);
    bench.assign(0);
    run(
        new Trouble("slow", FEWER, new Environment("quiet", "noisy"), new Accepted(1)),
        false,
        Duration.ofSeconds(20),
        () -> quiet.size() == FEW && accepted.containsAll(quiet));
    assertThat(noisyCalls).as("its share, and no more").isBetween(32, 4 * 32);
    bench.assertBalance();
  }

  @ParameterizedTest
  @MethodSource("troubles")
  void allThatWaitedAreCalledAtLast(Trouble trouble) {
    many = 3_000;
    bench.assign(0);
    run(
        trouble,
        false,
        Duration.ofSeconds(20),
        () -> quiet.size() == FEW && accepted.containsAll(quiet));
    run(trouble, true, Duration.ofDays(2), () -> bench.ledger.outcomes.size() == many + FEW);
    assertThat(bench.ledger.outcomes.values())
        .allMatch((Outcome outcome) -> outcome instanceof JobAccepted);
    bench.assertBalance();
  }
}
