package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.dbimport.worker.LaneKey.Environment;
import io.dbimport.worker.WorkerSettings.Ordering;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

final class AdmissionTest {
  private static final int MANY = 1_000;

  private static final Moment NOW = new ManualClock().now();

  private final Turns turns = new Turns();

  private static Admission admission(int cap, int envCap) {
    return new Admission(new Limits(cap, envCap, null, null), FixedRandom.HIGHEST);
  }

  private static Lane lane(String env, String collection) {
    return new Lane(new LaneKey(0, new Environment(null, env), collection, -1), 1);
  }

  /** Everything that is admitted now, as {@code env/collection}. */
  private List<String> admitted(Admission admission) {
    List<String> names = new ArrayList<>();
    for (var turn = admission.next(NOW); turn.isPresent(); turn = admission.next(NOW)) {
      turns.add(turn.get());
      names.add(name(turn.get()));
    }
    return names;
  }

  private void release(Admission admission, String env) {
    admission.release(turns.first(new Environment(null, env)));
  }

  private static String name(Turn turn) {
    LaneKey key = turn.lane().key;
    return key.environment().env() + "/" + key.collection();
  }

  private static Admission ready(Admission admission, String... names) {
    for (String name : names) {
      int slash = name.indexOf('/');
      admission.ready(lane(name.substring(0, slash), name.substring(slash + 1)));
    }
    return admission;
  }

  @Test
  void environmentsTakeTurnsWhateverTheyHaveQueued() {
    Admission admission =
        ready(admission(MANY, MANY), "a/1", "a/2", "a/3", "a/4", "b/1", "c/1", "c/2");
    assertThat(admitted(admission))
        .containsExactly("a/1", "b/1", "c/1", "a/2", "c/2", "a/3", "a/4");
    assertThat(admission.inFlight()).isEqualTo(7);
  }

  @Test
  void anEnvironmentThatComesLaterWaitsOneRoundOnly() {
    Admission admission = ready(admission(MANY, MANY), "a/1", "a/2", "a/3");
    assertThat(admission.next(NOW).map(AdmissionTest::name)).contains("a/1");
    ready(admission, "b/1");
    assertThat(admitted(admission)).containsExactly("a/2", "b/1", "a/3");
  }

  @Test
  void aFullEnvironmentDoesNotHoldUpTheOthers() {
    Admission admission = ready(admission(MANY, 2), "a/1", "a/2", "a/3", "a/4", "b/1");
    assertThat(admitted(admission)).containsExactly("a/1", "b/1", "a/2");
    release(admission, "b");
    assertThat(admitted(admission)).as("b's slot is not a's").isEmpty();
    release(admission, "a");
    assertThat(admitted(admission)).containsExactly("a/3");
  }

  @Test
  void theInstanceHasACapOverAllEnvironments() {
    Admission admission = ready(admission(2, MANY), "a/1", "a/2", "b/1", "c/1");
    assertThat(admitted(admission)).containsExactly("a/1", "b/1");
    release(admission, "a");
    assertThat(admitted(admission)).as("c has not had its turn yet").containsExactly("c/1");
    release(admission, "b");
    assertThat(admitted(admission)).containsExactly("a/2");
    assertThat(admission.inFlight()).isEqualTo(2);
  }

  @Test
  void theSameEnvironmentOfAnotherAppIsAnotherTenant() {
    Admission admission = admission(MANY, 1);
    admission.ready(new Lane(new LaneKey(0, new Environment("app-1", "a"), "x", -1), 1));
    admission.ready(new Lane(new LaneKey(0, new Environment("app-2", "a"), "x", -1), 1));
    assertThat(admitted(admission)).hasSize(2);
  }

  @Test
  void aDroppedLaneTakesNeitherTurnNorSlot() {
    Admission admission = admission(1, 1);
    Lane dropped = lane("a", "1");
    admission.ready(dropped);
    ready(admission, "b/1");
    dropped.dropped = true;
    assertThat(admitted(admission)).containsExactly("b/1");
    assertThat(admission.inFlight()).isEqualTo(1);
  }

  @Test
  void noSlotIsFreedThatWasNotTaken() {
    Admission admission = ready(admission(2, 2), "a/1", "a/2");
    Turn turn = admission.next(NOW).orElseThrow();
    admission.release(turn);
    assertThatIllegalStateException().isThrownBy(() -> admission.release(turn));
    assertThat(admitted(admission)).containsExactly("a/2");
  }

  /**
   * The caps hold, nobody waits beside a free slot, and lanes of an environment keep their order.
   */
  @RepeatedTest(20)
  void anyHistoryKeepsTheCapsAndWastesNoSlot(RepetitionInfo repetition) {
    long seed = repetition.getCurrentRepetition();
    Random random = new Random(seed);
    int cap = 1 + random.nextInt(8);
    int envCap = 1 + random.nextInt(4);
    Admission admission = admission(cap, envCap);
    Map<String, ArrayDeque<String>> waiting = new HashMap<>();
    Map<String, Integer> open = new HashMap<>();
    Map<String, Integer> turnsPassed = new HashMap<>();
    int inFlight = 0;
    for (int step = 0; step < 2_000; step++) {
      String env = "env-" + random.nextInt(5);
      if (random.nextBoolean()) {
        ready(admission, env + "/" + step);
        waiting.computeIfAbsent(env, _ -> new ArrayDeque<>()).add(env + "/" + step);
      } else if (open.getOrDefault(env, 0) > 0) {
        release(admission, env);
        open.merge(env, -1, Integer::sum);
        inFlight--;
      }
      if (random.nextInt(3) == 0) {
        var next = admission.next(NOW);
        boolean someoneMay =
            inFlight < cap
                && waiting.entrySet().stream()
                    .anyMatch(
                        w -> !w.getValue().isEmpty() && open.getOrDefault(w.getKey(), 0) < envCap);
        assertThat(next.isPresent()).as("seed %d step %d", seed, step).isEqualTo(someoneMay);
        if (next.isPresent()) {
          String whose = turns.add(next.get()).env();
          assertThat(name(next.get()))
              .as("seed %d step %d", seed, step)
              .isEqualTo(waiting.getOrDefault(whose, new ArrayDeque<>()).poll());
          open.merge(whose, 1, Integer::sum);
          inFlight++;
          assertThat(open.get(whose)).isLessThanOrEqualTo(envCap);
          turnsPassed.put(whose, 0);
          for (var other : waiting.entrySet()) {
            boolean mayCall =
                !other.getValue().isEmpty() && open.getOrDefault(other.getKey(), 0) < envCap;
            if (!other.getKey().equals(whose)) {
              int before = turnsPassed.getOrDefault(other.getKey(), 0);
              turnsPassed.put(other.getKey(), mayCall ? before + 1 : 0);
            }
          }
          assertThat(turnsPassed.values())
              .as("seed %d step %d: each of the four others has one turn before mine", seed, step)
              .allSatisfy(turns -> assertThat(turns).isLessThanOrEqualTo(4));
        }
      }
      assertThat(admission.inFlight()).isEqualTo(inFlight).isLessThanOrEqualTo(cap);
    }
  }

  @Test
  void aLaneIsCalledInTheOrderOfItsDeliveriesOneAtATime() {
    WorkerBench bench = new WorkerBench(Ordering.REQUEST);
    bench.assign(0);
    for (int offset = 0; offset < 3; offset++) {
      bench.receive(0, Requests.insert("env", "books"));
    }
    for (long offset = 0; offset < 3; offset++) {
      List<Call> calls = bench.calls();
      assertThat(calls).extracting(WorkerBench::offset).containsExactly(offset);
      assertThat(bench.calls()).as("while it is open").isEmpty();
      bench.accept(calls.getFirst());
    }
    bench.commit();
    bench.assertBalance();
  }

  @Test
  void withoutOrderingAllDeliveriesOfALaneAreCalledAtOnce() {
    WorkerBench bench = new WorkerBench(Ordering.NONE);
    bench.assign(0);
    for (int offset = 0; offset < 3; offset++) {
      bench.receive(0, Requests.insert("env", "books"));
    }
    List<Call> calls = bench.calls();
    assertThat(calls).extracting(WorkerBench::offset).containsExactly(0L, 1L, 2L);
    calls.reversed().forEach(bench::accept);
    bench.commit();
    assertThat(bench.worker.view().queued()).isZero();
    bench.assertBalance();
  }
}
