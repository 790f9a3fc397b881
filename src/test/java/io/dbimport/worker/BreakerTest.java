package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.dbimport.worker.LaneKey.Environment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One breaker: an environment's, but where two environments are named. */
final class BreakerTest {
  private static final Environment A = new Environment(null, "a");
  private static final Environment B = new Environment(null, "b");

  private final ManualClock clock = new ManualClock();
  private final Breaker breaker = breaker(10);

  /** Calls that are open, the oldest first. */
  private final ArrayDeque<Long> open = new ArrayDeque<>();

  private static Breaker breaker(int slots) {
    return new Breaker(slots, FixedRandom.HIGHEST);
  }

  /** Takes all that is admitted; how many that was. */
  private int takeAll() {
    int taken = 0;
    while (breaker.admits()) {
      open.add(breaker.take());
      taken++;
    }
    return taken;
  }

  private boolean halfOpen() {
    return !breaker.isOpen() && !breaker.isClosed();
  }

  /** The oldest calls fail. */
  private void fail(int times) {
    for (int i = 0; i < times; i++) {
      breaker.failed(open.remove(), A, true, clock.now());
    }
  }

  private void fail(Environment whose) {
    breaker.failed(breaker.take(), whose, false, clock.now());
  }

  /** The oldest call gets through. */
  private void oldestSucceeds() {
    breaker.succeeded(open.removeFirst());
  }

  /** The newest call gets through. */
  private void newestSucceeds() {
    breaker.succeeded(open.removeLast());
  }

  private void probe(boolean answers) {
    assertThat(breaker.probeDueNanos()).isLessThanOrEqualTo(clock.now().nanos());
    breaker.probe();
    breaker.probed(answers, clock.now());
  }

  private Duration probeDueIn() {
    return Duration.ofNanos(breaker.probeDueNanos() - clock.now().nanos());
  }

  /** Five calls fail, and no other one ends. */
  private void open() {
    for (int i = 0; i < Breaker.STRIKES; i++) {
      breaker.failed(breaker.take(), A, true, clock.now());
    }
    assertThat(breaker.isOpen()).isTrue();
  }

  @Test
  void aStrikeKeepsItsSlotBackUntilACallFromAfterItGetsThrough() {
    assertThat(takeAll()).isEqualTo(10);
    fail(3);
    assertThat(takeAll()).isZero();
    oldestSucceeds();
    assertThat(takeAll()).as("its own alone: it may have been answered before").isEqualTo(1);
    newestSucceeds();
    assertThat(takeAll()).as("its own and those of the three strikes").isEqualTo(4);
    assertThat(breaker.inFlight()).isEqualTo(10);
  }

  @Test
  void aCallThatGetsThroughGivesBackTheSlotsOfEarlierStrikesOnly() {
    takeAll();
    fail(2);
    oldestSucceeds();
    assertThat(takeAll()).isEqualTo(1);
    fail(1);
    newestSucceeds();
    assertThat(takeAll()).as("its own and two, and one is kept").isEqualTo(3);
  }

  @Test
  void aCallThatEndsWithoutNewsFreesItsSlotAndNoOther() {
    takeAll();
    fail(3);
    breaker.ended(open.remove());
    breaker.ended(open.removeLast());
    assertThat(takeAll()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({"10, 5", "5, 5", "3, 3", "1, 1"})
  void soManyStrikesInARowOpenIt(int slots, int strikes) {
    Breaker small = breaker(slots);
    for (int i = 1; i <= strikes; i++) {
      assertThat(small.isClosed()).isTrue();
      small.failed(small.take(), A, true, clock.now());
    }
    assertThat(small.isOpen()).isTrue();
    assertThat(small.admits()).isFalse();
  }

  @Test
  void aCallThatGetsThroughEndsTheRowOfStrikesWheneverItWasAdmitted() {
    takeAll();
    fail(4);
    oldestSucceeds();
    fail(4);
    assertThat(breaker.isClosed()).as("eight, but not in a row").isTrue();
    assertThat(takeAll()).isEqualTo(1);
    fail(1);
    assertThat(breaker.isOpen()).isTrue();
  }

  @Test
  void itOpensWhenStrikesKeepAllSlotsBackThoughTheyAreNotInARow() {
    takeAll();
    for (int i = 0; i < 2; i++) {
      fail(4);
      oldestSucceeds();
      assertThat(takeAll()).isEqualTo(1);
    }
    fail(1);
    assertThat(breaker.isClosed()).as("nine").isTrue();
    fail(1);
    assertThat(breaker.isOpen()).isTrue();
    assertThat(probeDueIn()).isZero();
  }

  @Test
  void aProbeIsDueAtOnceAndThenEverMoreSeldom() {
    assertThat(breaker.probeDueNanos()).isEqualTo(Long.MAX_VALUE);
    open();
    assertThat(probeDueIn()).isZero();
    for (int seconds : new int[] {1, 2, 4, 8, 16, 30, 30}) {
      probe(false);
      assertThat(breaker.isOpen()).isTrue();
      assertThat(probeDueIn()).isEqualTo(Duration.ofSeconds(seconds));
      clock.advance(Duration.ofSeconds(seconds));
    }
  }

  @Test
  void thePauseIsNeverLessThanHalfTheBackoff() {
    Breaker hasty = new Breaker(1, FixedRandom.LOWEST);
    hasty.failed(hasty.take(), A, true, clock.now());
    hasty.probe();
    hasty.probed(false, clock.now());
    assertThat(hasty.probeDueNanos()).isEqualTo(clock.now().plus(Duration.ofMillis(500)).nanos());
  }

  @Test
  void oneProbeIsMadeAtATime() {
    open();
    breaker.probe();
    clock.advance(Duration.ofHours(1));
    assertThat(breaker.probeDueNanos()).isEqualTo(Long.MAX_VALUE);
    breaker.probed(false, clock.now());
    assertThat(probeDueIn()).isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void aProbeThatAnswersLetsOneCallThroughThenTwoThenFour() {
    open();
    probe(true);
    assertThat(halfOpen()).isTrue();
    assertThat(takeAll()).isEqualTo(1);
    newestSucceeds();
    assertThat(takeAll()).isEqualTo(2);
    newestSucceeds();
    assertThat(takeAll()).as("four, and one was open").isEqualTo(3);
    newestSucceeds();
    assertThat(takeAll()).as("eight, and three were open").isEqualTo(5);
    assertThat(halfOpen()).isTrue();
    newestSucceeds();
    assertThat(breaker.isClosed()).as("sixteen are more than ten").isTrue();
    assertThat(takeAll()).isEqualTo(3);
    assertThat(breaker.inFlight()).isEqualTo(10);
  }

  @Test
  void aFailureWhileHalfOpenOpensItAgainWithALongerPause() {
    open();
    probe(true);
    takeAll();
    fail(1);
    assertThat(breaker.isOpen()).isTrue();
    assertThat(probeDueIn()).isEqualTo(Duration.ofSeconds(1));
    clock.advance(Duration.ofSeconds(1));
    probe(true);
    takeAll();
    newestSucceeds();
    takeAll();
    fail(1);
    assertThat(breaker.isOpen()).isTrue();
    assertThat(probeDueIn()).isEqualTo(Duration.ofSeconds(2));
  }

  @Test
  void onceItIsClosedThePauseIsShortAgain() {
    open();
    probe(false);
    clock.advance(Duration.ofSeconds(1));
    probe(true);
    for (int i = 0; i < 4; i++) {
      breaker.succeeded(breaker.take());
    }
    assertThat(breaker.isClosed()).isTrue();
    open();
    assertThat(probeDueIn()).isZero();
    probe(false);
    assertThat(probeDueIn()).isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void aCallWithoutNewsLetsAnotherTryWhileHalfOpen() {
    open();
    probe(true);
    takeAll();
    breaker.ended(open.remove());
    assertThat(takeAll()).isEqualTo(1);
    assertThat(halfOpen()).isTrue();
  }

  @Test
  void aCallFromBeforeTheOpeningThatIsNotMadeIsNoTry() {
    long old = breaker.take();
    open();
    probe(true);
    breaker.ended(old);
    assertThat(takeAll()).isEqualTo(1);
  }

  @Test
  void failuresOfCallsFromBeforeTheOpeningAreNoNews() {
    takeAll();
    fail(5);
    assertThat(breaker.failed(open.remove(), A, true, clock.now())).as("while open").isFalse();
    probe(true);
    assertThat(breaker.failed(open.remove(), A, true, clock.now())).as("half-open").isFalse();
    assertThat(takeAll()).as("three are still open from before").isEqualTo(1);
    fail(3);
    assertThat(halfOpen()).isTrue();
    assertThat(breaker.failed(open.remove(), A, true, clock.now())).as("the new one").isTrue();
    assertThat(breaker.isOpen()).isTrue();
    assertThat(breaker.inFlight()).isZero();
  }

  @Test
  void failuresOfCallsFromBeforeTheOpeningKeepTheirSlotsBackToo() {
    takeAll();
    fail(5);
    probe(true);
    for (int window = 1; window < 10; window *= 2) {
      breaker.succeeded(breaker.take());
    }
    assertThat(breaker.isClosed()).isTrue();
    fail(5);
    assertThat(breaker.isClosed()).isTrue();
    assertThat(takeAll()).isEqualTo(5);
  }

  @Test
  void itOpensWhenACallFromBeforeTheLastOpeningKeepsTheLastSlotBack() {
    takeAll();
    fail(5);
    probe(true);
    for (int window = 1; window < 10; window *= 2) {
      breaker.succeeded(breaker.take());
    }
    takeAll();
    for (int i = 0; i < 5; i++) {
      breaker.failed(open.removeLast(), A, false, clock.now());
    }
    fail(4);
    assertThat(breaker.isClosed()).isTrue();
    fail(1);
    assertThat(breaker.isOpen()).as("or nothing would ever be called again").isTrue();
  }

  @Test
  void aCallFromBeforeTheOpeningThatGetsThroughSaysNothingOfWhatIsNow() {
    takeAll();
    fail(5);
    oldestSucceeds();
    assertThat(breaker.isOpen()).isTrue();
    probe(true);
    oldestSucceeds();
    assertThat(takeAll()).as("one, not two").isEqualTo(1);
  }

  @Test
  void theTimeItIsOpenAddsUp() {
    open();
    clock.advance(Duration.ofSeconds(3));
    assertThat(breaker.openNanos(clock.now())).isEqualTo(Duration.ofSeconds(3).toNanos());
    probe(true);
    clock.advance(Duration.ofSeconds(10));
    takeAll();
    fail(1);
    clock.advance(Duration.ofSeconds(4));
    assertThat(breaker.openNanos(clock.now())).isEqualTo(Duration.ofSeconds(7).toNanos());
  }

  @Test
  void oneEnvironmentAloneDoesNotOpenTheAddress() {
    for (int i = 0; i < 30; i++) {
      fail(A);
    }
    assertThat(breaker.isClosed()).isTrue();
    assertThat(takeAll()).as("a slot is left to find out by").isEqualTo(1);
    breaker.failed(open.remove(), B, false, clock.now());
    assertThat(breaker.isOpen()).isTrue();
  }

  @Test
  void anotherEnvironmentsStrikeCountsUntilACallFromAfterItGetsThrough() {
    takeAll();
    breaker.failed(open.remove(), B, false, clock.now());
    for (int i = 0; i < 8; i++) {
      breaker.failed(open.remove(), A, false, clock.now());
      if (i % 4 == 0) {
        oldestSucceeds();
        takeAll();
      }
    }
    assertThat(breaker.isClosed()).as("nine strikes").isTrue();
    breaker.failed(open.remove(), A, false, clock.now());
    assertThat(breaker.isOpen()).as("ten").isTrue();
  }

  @Test
  void ofManyStrikesOfOneEnvironmentTheLastOnesCount() {
    long old = breaker.take();
    for (int i = 0; i < 30; i++) {
      fail(A);
    }
    breaker.succeeded(old);
    fail(B);
    assertThat(breaker.isOpen()).as("of two environments, on every slot").isTrue();
  }

  @Test
  void onceItIsOpenOneFailureIsEnoughUntilACallGetsThrough() {
    Breaker two = breaker(2);
    long first = two.take();
    long second = two.take();
    two.failed(first, A, false, clock.now());
    two.succeeded(second);
    two.failed(two.take(), B, false, clock.now());
    assertThat(two.isOpen()).as("a strike of each, not in a row").isTrue();
    two.probe();
    two.probed(true, clock.now());
    two.failed(two.take(), B, false, clock.now());
    assertThat(two.isOpen()).isTrue();
  }

  @Test
  void whatIsSurelyTheAddressNeedsNoSecondEnvironment() {
    for (int i = 0; i < 4; i++) {
      fail(A);
    }
    breaker.failed(breaker.take(), A, true, clock.now());
    assertThat(breaker.isOpen()).isTrue();
  }

  @Test
  void anEnvironmentThatFailsAloneDoesNotOpenTheHalfOpenAddressAgain() {
    open();
    probe(true);
    breaker.succeeded(breaker.take());
    fail(A);
    assertThat(halfOpen()).isTrue();
    fail(B);
    assertThat(breaker.isOpen()).as("two of them").isTrue();
  }

  @Test
  void aCallThatGetsThroughDoesNotEndTheTroubleOfTheHalfOpenAddressWhenItIsOld() {
    takeAll();
    fail(5);
    probe(true);
    oldestSucceeds();
    fail(B);
    assertThat(breaker.isOpen()).isTrue();
  }

  @Test
  void noSlotIsFreedThatWasNotTaken() {
    long call = breaker.take();
    breaker.ended(call);
    assertThatIllegalStateException().isThrownBy(() -> breaker.ended(call));
    assertThat(breaker.inFlight()).isZero();
  }

  @ParameterizedTest
  @CsvSource({"1, 252", "3, 245", "10, 215"})
  void nowAndThenAFailureKeepsFewSlotsBack(int percent, int inUse) {
    Random random = new Random(percent);
    Breaker busy = new Breaker(256, random);
    int latency = 50;
    List<List<Long>> ending = new ArrayList<>();
    for (int tick = 0; tick <= latency; tick++) {
      ending.add(new ArrayList<>());
    }
    long sum = 0;
    int ticks = 20_000;
    for (int tick = 0; tick < ticks; tick++) {
      List<Long> now = ending.get(tick % (latency + 1));
      for (long call : now) {
        if (random.nextInt(100) < percent) {
          busy.failed(call, random.nextBoolean() ? A : B, false, clock.now());
        } else {
          busy.succeeded(call);
        }
      }
      now.clear();
      // They do not end in step.
      for (int calls = 0; calls < 12 && busy.admits(); calls++) {
        int end = tick + 1 + random.nextInt(latency);
        ending.get(end % (latency + 1)).add(busy.take());
      }
      if (busy.probeDueNanos() != Long.MAX_VALUE) {
        busy.probe();
        busy.probed(true, clock.now());
      }
      sum += busy.inFlight();
    }
    assertThat(sum / ticks).isGreaterThanOrEqualTo(inUse);
  }
}
