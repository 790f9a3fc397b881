package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.Reply;
import io.dbimport.Reply.Accepted;
import io.dbimport.Reply.Refused;
import io.dbimport.Reply.Unanswered;
import io.dbimport.Reply.Unavailable;
import io.dbimport.worker.LaneKey.Environment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/**
 * Any history: nobody is called who may not be, nobody waits who may, and all are called at last.
 */
final class AdmissionFairnessTest {
  private static final int STEPS = 4_000;

  /** A history by a seed, and what must hold at each step of it. */
  private static final class History {
    final long seed;
    final Random random;
    final ManualClock clock = new ManualClock();
    final Limits limits;
    final Admission admission;
    final List<Environment> environments = new ArrayList<>();
    final Map<Environment, ArrayDeque<Lane>> waiting = new HashMap<>();
    final Map<Environment, Integer> open = new HashMap<>();
    final Map<Environment, Integer> passedOver = new HashMap<>();
    final Map<Environment, Moment> heldUntil = new HashMap<>();
    final Map<Environment, Duration> openTotals = new HashMap<>();
    final Turns turns = new Turns();
    final List<Probe> probes = new ArrayList<>();
    final Moment begin = clock.now();
    final Map<Environment, Integer> called = new HashMap<>();
    int step;
    int inFlight;

    History(long seed) {
      this.seed = seed;
      this.random = new Random(seed);
      this.limits = new Limits(1 + random.nextInt(12), 1 + random.nextInt(5), rate(), rate());
      this.admission = new Admission(limits, random);
      for (int i = 0; i < 6; i++) {
        Environment environment = new Environment(i % 2 == 0 ? "even" : null, "env-" + i);
        environments.add(environment);
        waiting.put(environment, new ArrayDeque<>());
        open.put(environment, 0);
        passedOver.put(environment, 0);
      }
    }

    private @Nullable Double rate() {
      return random.nextInt(3) == 0 ? random.nextDouble(0.5, 50) : null;
    }

    String where() {
      return "seed " + seed + " step " + step + " " + limits;
    }

    void step() {
      step++;
      // The environments' loads differ: the first asks most.
      Environment environment = environments.get(random.nextInt(1 + random.nextInt(6)));
      switch (random.nextInt(12)) {
        case 0, 1, 2, 3 -> ready(environment);
        case 4, 5, 6 -> end(environment);
        case 7 -> hold(environment);
        case 8, 9 -> clock.advance(Duration.ofMillis(random.nextInt(3_000)));
        case 10 -> probe(random.nextBoolean());
        default -> {}
      }
      int most = random.nextInt(4);
      for (int i = 0; i < most && admit(); i++) {
        // As many as there may be.
      }
      openTotalsNeverFall();
    }

    void ready(Environment environment) {
      Lane lane = new Lane(new LaneKey(0, environment, "c-" + step, -1), 1);
      waiting.getOrDefault(environment, new ArrayDeque<>()).add(lane);
      admission.ready(lane);
    }

    void end(Environment environment) {
      if (open.getOrDefault(environment, 0) == 0) {
        return;
      }
      open.merge(environment, -1, Integer::sum);
      inFlight--;
      Turn turn = random.nextBoolean() ? turns.first(environment) : turns.last(environment);
      Reply reply =
          switch (random.nextInt(8)) {
            case 0 -> new Unanswered(-1, "HTTP 503");
            case 1 -> Unavailable.notSent(-1, "connection refused");
            case 2 -> new Unavailable(-502001, "busy");
            case 3 -> Unavailable.notSent(41001, "no token");
            case 4 -> Refused.of(45011, "slower");
            default -> new Accepted(step);
          };
      if (random.nextInt(10) == 0) {
        admission.release(turn);
        called.merge(environment, -1, Integer::sum);
      } else {
        admission.replied(turn, reply, clock.now());
      }
    }

    void hold(Environment environment) {
      Moment until = clock.now().plus(Duration.ofMillis(random.nextInt(5_000)));
      if (random.nextBoolean()) {
        admission.holdEnvironment(environment, until);
        holdUntil(environment, until);
      } else {
        admission.holdApp(environment.appId(), until);
        environments.stream()
            .filter(other -> java.util.Objects.equals(other.appId(), environment.appId()))
            .forEach(other -> holdUntil(other, until));
      }
    }

    private void holdUntil(Environment environment, Moment until) {
      heldUntil.merge(environment, until, (x, y) -> x.nanos() > y.nanos() ? x : y);
    }

    private boolean held(Environment environment) {
      Moment until = heldUntil.get(environment);
      return until != null && until.nanos() > clock.now().nanos();
    }

    void probe(boolean answers) {
      for (var probe = admission.nextProbe(clock.now());
          probe.isPresent();
          probe = admission.nextProbe(clock.now())) {
        probes.add(probe.get());
      }
      if (!probes.isEmpty()) {
        admission.probed(probes.removeFirst(), answers, clock.now());
      }
    }

    private boolean mayCall(Environment environment) {
      return !waiting.getOrDefault(environment, new ArrayDeque<>()).isEmpty()
          && !admission.blocked(environment, clock.now())
          && !held(environment);
    }

    boolean admit() {
      List<Environment> eligible = environments.stream().filter(this::mayCall).toList();
      boolean anybodyOpen =
          environments.stream().anyMatch(environment -> admission.breakerOpen(environment));
      Optional<Turn> next = admission.next(clock.now());
      if (next.isEmpty()) {
        if (limits.rateTotal() == null && admission.openBreakers() == 0 && !eligible.isEmpty()) {
          // Strikes at the address may keep slots back; without them a free slot is used.
          assertThat(inFlight).as(where()).isPositive();
        }
        environments.stream()
            .filter(environment -> !mayCall(environment))
            .forEach(environment -> passedOver.put(environment, 0));
        return false;
      }
      Environment whose = turns.add(next.get());
      assertThat(eligible).as("%s: open %s", where(), anybodyOpen).contains(whose);
      assertThat(next.get().lane())
          .as("%s: lanes keep their order", where())
          .isSameAs(waiting.getOrDefault(whose, new ArrayDeque<>()).poll());
      open.merge(whose, 1, Integer::sum);
      inFlight++;
      assertThat(admission.inFlight())
          .as(where())
          .isEqualTo(inFlight)
          .isLessThanOrEqualTo(limits.maxInFlight());
      assertThat(open.get(whose)).as(where()).isLessThanOrEqualTo(limits.envMaxInFlight());
      called.merge(whose, 1, Integer::sum);
      keepsRate(limits.ratePerEnv(), called.getOrDefault(whose, 0));
      keepsRate(limits.rateTotal(), called.values().stream().mapToInt(calls -> calls).sum());
      for (Environment other : environments) {
        boolean passed = !other.equals(whose) && eligible.contains(other) && mayCall(other);
        passedOver.merge(other, 1, (before, one) -> passed ? before + one : 0);
      }
      assertThat(passedOver.values())
          .as("%s: each of the others has one turn before mine", where())
          .allMatch(turns -> turns <= environments.size());
      return true;
    }

    private void keepsRate(@Nullable Double rate, int calls) {
      if (rate != null) {
        double seconds = (double) clock.now().since(begin).toMillis() / 1e3;
        assertThat((double) calls)
            .as(where())
            .isLessThanOrEqualTo(rate * seconds + Math.max(1, rate / 10) + 0.1);
      }
    }

    void openTotalsNeverFall() {
      for (Environment environment : environments) {
        Duration total = admission.breakerOpenTotal(environment, clock.now());
        assertThat(total)
            .as(where())
            .isGreaterThanOrEqualTo(openTotals.getOrDefault(environment, Duration.ZERO));
        openTotals.put(environment, total);
      }
    }

    /** All calls get through, all probes answer, and time goes only to when something is due. */
    void drain() {
      long steps = 0;
      while (waiting.values().stream().anyMatch(lanes -> !lanes.isEmpty())) {
        assertThat(++steps).as("%s: nothing comes of it", where()).isLessThan(100_000);
        boolean any = false;
        while (admit()) {
          any = true;
        }
        for (Environment environment : environments) {
          while (open.getOrDefault(environment, 0) > 0) {
            open.merge(environment, -1, Integer::sum);
            inFlight--;
            admission.replied(turns.first(environment), new Accepted(1), clock.now());
            any = true;
          }
        }
        int before = probes.size();
        probe(true);
        any |= before > 0 || !probes.isEmpty();
        while (!probes.isEmpty()) {
          admission.probed(probes.removeFirst(), true, clock.now());
          any = true;
        }
        if (!any && !admit()) {
          assertThat(admission.nextDueNanos())
              .as("%s: somebody waits for something", where())
              .isLessThan(Long.MAX_VALUE);
          long wait = admission.nextDueNanos() - clock.now().nanos();
          assertThat(wait).as("%s: what is due is done", where()).isPositive();
          clock.advance(Duration.ofNanos(wait));
        }
      }
      assertThat(admission.readyLanes()).isZero();
    }
  }

  @RepeatedTest(60)
  void anyHistory(RepetitionInfo repetition) {
    History history = new History(repetition.getCurrentRepetition());
    while (history.step < STEPS) {
      history.step();
    }
    history.drain();
  }

  @Test
  void aThousandEnvironmentsHaveOneCallEachWhateverOneOfThemAsks() {
    Admission admission = new Admission(new Limits(2_000, 1_000, null, null), new Random(1));
    Environment greedy = new Environment(null, "greedy");
    for (int i = 0; i < 100_000; i++) {
      admission.ready(new Lane(new LaneKey(0, greedy, "c-" + i, -1), 1));
    }
    for (int i = 0; i < 999; i++) {
      admission.ready(new Lane(new LaneKey(0, new Environment(null, "e-" + i), "c", -1), 1));
    }
    Moment now = new ManualClock().now();
    List<Environment> round = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      round.add(admission.next(now).orElseThrow().lane().key.environment());
    }
    assertThat(round).doesNotHaveDuplicates();
  }
}
