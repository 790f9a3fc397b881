package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.Reply;
import io.dbimport.Reply.Accepted;
import io.dbimport.Reply.Unanswered;
import io.dbimport.worker.LaneKey.Environment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The API goes down at any moment, after any history, and what it answered before is heard of late:
 * how many calls fail.
 */
final class OutageBoundTest {
  private static final int SEEDS = 2_000;
  private static final Reply GOOD = new Accepted(1);
  private static final Reply SILENCE = new Unanswered(-1, "HTTP 503");

  private record Judged(Turn turn, Reply reply) {}

  private record Found(Probe probe, boolean answers) {}

  /** The API as it is seen: it judges a call after that was made, and is heard later still. */
  private static final class Api {
    final long seed;
    final Random random;
    final Limits limits;
    final Admission admission;
    final ManualClock clock = new ManualClock();
    final List<Turn> made = new ArrayList<>();
    final List<Judged> judged = new ArrayList<>();
    final List<Found> found = new ArrayList<>();
    final List<Environment> environments = new ArrayList<>();
    boolean down;

    /** Imports that failed because it is down, and probes that it answered all the same. */
    int failed;

    int misled;

    Api(long seed, int environments) {
      this.seed = seed;
      this.random = new Random(seed);
      this.limits = new Limits(1 + random.nextInt(12), 1 + random.nextInt(12), null, null);
      this.admission = new Admission(limits, random);
      for (int i = 0; i < environments; i++) {
        this.environments.add(new Environment(null, "env-" + i));
      }
    }

    String where() {
      return "seed " + seed + ", " + environments.size() + " environments, " + limits;
    }

    /** What all slots may have been used for when it began. */
    int bound() {
      int envCap = Math.min(limits.envMaxInFlight(), limits.maxInFlight());
      if (environments.size() == 1) {
        return envCap;
      }
      // Where one environment had all of them, another finds out that it is not its trouble alone.
      return limits.maxInFlight() + (envCap == limits.maxInFlight() ? 1 : 0);
    }

    /** Goes down; how many calls that costs. */
    int outage(boolean probesAnswer) {
      down = true;
      failed = 0;
      misled = 0;
      run(300, probesAnswer);
      down = false;
      return failed;
    }

    void run(int steps, boolean probesAnswer) {
      int calls = 1 + random.nextInt(8);
      int speed = 1 + random.nextInt(8);
      int flapping = random.nextInt(4);
      for (int step = 0; step < steps; step++) {
        int what = random.nextInt(calls + 2 * speed + 3);
        if (what < calls) {
          call();
        } else if (what < calls + speed) {
          judge(flapping);
        } else if (what < calls + 2 * speed) {
          hear();
        } else if (what == calls + 2 * speed) {
          probe(!down || probesAnswer);
        } else if (what == calls + 2 * speed + 1 && !made.isEmpty()) {
          admission.release(any(made));
        } else {
          clock.advance(Duration.ofMillis(random.nextInt(2_000)));
        }
        assertThat(admission.inFlight())
            .as(where())
            .isEqualTo(made.size() + judged.size())
            .isLessThanOrEqualTo(limits.maxInFlight());
      }
    }

    private void call() {
      Environment whose = environments.get(random.nextInt(environments.size()));
      admission.ready(new Lane(new LaneKey(0, whose, "c", -1), 1));
      admission.next(clock.now()).ifPresent(made::add);
    }

    private void judge(int flapping) {
      if (!made.isEmpty()) {
        boolean good = !down && random.nextInt(10) >= flapping;
        failed += down ? 1 : 0;
        judged.add(new Judged(any(made), good ? GOOD : SILENCE));
      }
    }

    private void hear() {
      if (!judged.isEmpty()) {
        Judged heard = any(judged);
        admission.replied(heard.turn, heard.reply, clock.now());
      }
    }

    private void probe(boolean answers) {
      if (!found.isEmpty() && random.nextBoolean()) {
        Found heard = any(found);
        admission.probed(heard.probe, heard.answers, clock.now());
      }
      admission
          .nextProbe(clock.now())
          .ifPresent(probe -> {
            found.add(new Found(probe, answers));
            misled += down && answers ? 1 : 0;
          });
    }

    private <T> T any(List<T> some) {
      return some.remove(random.nextInt(some.size()));
    }

    /** Everything gets through from now on until all slots are in use. */
    void recovers() {
      for (int round = 0; admission.openBreakers() > 0 || !allInUse(); round++) {
        assertThat(round).as("%s: rounds", where()).isLessThan(100);
        while (!judged.isEmpty()) {
          hear();
        }
        made.forEach(turn -> admission.replied(turn, GOOD, clock.now()));
        made.clear();
        clock.advance(Breaker.LONGEST_PAUSE);
        probe(true);
        environments.forEach(whose -> {
          for (int i = 0; i < 12; i++) {
            admission.ready(new Lane(new LaneKey(0, whose, "c", -1), 1));
          }
        });
        for (var turn = admission.next(clock.now());
            turn.isPresent();
            turn = admission.next(clock.now())) {
          made.add(turn.get());
        }
      }
    }

    private boolean allInUse() {
      int most = environments.size() * limits.envMaxInFlight();
      return admission.inFlight() == Math.min(limits.maxInFlight(), most);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 6})
  void noMoreCallsFailThanThereAreSlots(int environments) {
    for (int seed = 0; seed < SEEDS; seed++) {
      Api api = new Api(seed, environments);
      for (int outage = 1; outage <= 3; outage++) {
        api.run(api.random.nextInt(300), true);
        assertThat(api.outage(false))
            .as("%s, outage %d", api.where(), outage)
            .isLessThanOrEqualTo(api.bound());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 6})
  void aProbeThatAnswersThoughCallsFailCostsOneCall(int environments) {
    for (int seed = 0; seed < SEEDS; seed++) {
      Api api = new Api(seed, environments);
      api.run(api.random.nextInt(300), true);
      assertThat(api.outage(true)).as(api.where()).isLessThanOrEqualTo(api.bound() + api.misled);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 6})
  void allSlotsAreInUseAgainOnceCallsGetThrough(int environments) {
    for (int seed = 0; seed < SEEDS; seed++) {
      Api api = new Api(seed, environments);
      api.run(api.random.nextInt(300), true);
      api.outage(api.random.nextBoolean());
      api.recovers();
    }
  }
}
