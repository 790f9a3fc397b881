package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.worker.WorkerSettings.Ordering;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The promises of the worker under thousands of steps nobody would think of. */
final class SimulationTest {
  private static final int STEPS = Boolean.getBoolean("full") ? 60_000 : 6_000;

  /** Each is run for every broken worker that no other test found. */
  private static final boolean FEW = Boolean.getBoolean("few");

  private static final int KEPT = FEW ? 2 : 24;

  /** What the seeds that stay went through in all. */
  private static final Set<Simulation.Event> SEEN = EnumSet.noneOf(Simulation.Event.class);

  @AfterAll
  static void everythingThatMayHappenHappened() {
    if (!FEW) {
      assertThat(SEEN).containsAll(Simulation.EVENTS);
    }
  }

  /** Some seeds that stay, and one that nobody has seen before. */
  static LongStream seeds() {
    LongStream kept = LongStream.range(0, KEPT);
    return FEW ? kept : LongStream.concat(kept, LongStream.of(new Random().nextLong()));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void everyDeliveryHasOneOutcomeAndLanesKeepTheirOrder(long seed) {
    run(seed, Ordering.REQUEST);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void everyDeliveryHasOneOutcomeAndNoCallPassesAnOpenJobOfItsLane(long seed) {
    run(seed, Ordering.COMPLETION);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void everyDeliveryHasOneOutcomeWithoutOrderToo(long seed) {
    run(seed, Ordering.NONE);
  }

  private static void run(long seed, Ordering ordering) {
    System.out.println("simulation, ordering " + ordering + ", seed " + seed);
    Simulation simulation = new Simulation(seed, ordering);
    try {
      for (int step = 0; step < STEPS; step++) {
        simulation.step();
      }
      simulation.drain();
    } catch (AssertionError | RuntimeException failed) {
      throw new AssertionError("seed " + seed + ", " + simulation, failed);
    }
    if (seed >= 0 && seed < KEPT) {
      SEEN.addAll(simulation.seen());
    }
  }
}
