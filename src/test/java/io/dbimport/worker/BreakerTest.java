package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.dbimport.worker.Breaker.Share;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One breaker: an environment's, but where two environments are named. */
final class BreakerTest {
  private final ManualClock clock = new ManualClock();
  private final Breaker breaker = breaker(10);
  private final Share a = new Share();
  private final Share b = new Share();

  private static Breaker breaker(int slots) {
    return new Breaker(slots, FixedRandom.HIGHEST);
  }

  /** Takes all that is admitted; how many that was. */
  private int takeAll() {
    return takeAll(breaker, a);
  }

  private static int takeAll(Breaker breaker, Share share) {
    int taken = 0;
    while (breaker.admits()) {
      breaker.take(share);
      taken++;
    }
    return taken;
  }

  private boolean halfOpen() {
    return !breaker.isOpen() && !breaker.isClosed();
  }

  private void fail(int times) {
    for (int i = 0; i < times; i++) {
      breaker.failed(a, true, clock.now());
    }
  }

  private void succeed(int times) {
    for (int i = 0; i < times; i++) {
      breaker.succeeded(a, clock.now());
    }
  }

  private void probe(boolean answers) {
    assertThat(breaker.probeDueNanos()).isLessThanOrEqualTo(clock.now().nanos());
    breaker.probed(breaker.probe(), answers, clock.now());
  }

  private Duration probeDueIn() {
    return Duration.ofNanos(breaker.probeDueNanos() - clock.now().nanos());
  }

  /** Five calls failed, and none is open. */
  private void open() {
    for (int i = 0; i < Breaker.STRIKES; i++) {
      breaker.take(a);
    }
    fail(Breaker.STRIKES);
    assertThat(breaker.isOpen()).isTrue();
  }

  @Test
  void aStrikeKeepsItsSlotBackUntilACallGetsThrough() {
    assertThat(takeAll()).isEqualTo(10);
    fail(3);
    assertThat(takeAll()).isZero();
    succeed(1);
    assertThat(takeAll()).as("its own and those of the three strikes").isEqualTo(4);
    assertThat(breaker.inFlight()).isEqualTo(10);
  }

  @Test
  void aCallThatEndsWithoutNewsFreesItsSlotAndNoOther() {
    takeAll();
    fail(3);
    breaker.ended(a);
    breaker.giveBack(a);
    assertThat(takeAll()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({"10, 5", "5, 5", "3, 3", "1, 1"})
  void soManyStrikesInARowOpenIt(int slots, int strikes) {
    Breaker small = breaker(slots);
    for (int i = 1; i <= strikes; i++) {
      assertThat(small.isClosed()).isTrue();
      small.take(a);
      small.failed(a, true, clock.now());
    }
    assertThat(small.isOpen()).isTrue();
    assertThat(small.admits()).isFalse();
  }

  @Test
  void aCallThatGetsThroughForgivesTheStrikes() {
    for (int round = 0; round < 3; round++) {
      takeAll();
      fail(4);
      succeed(6);
    }
    assertThat(breaker.isClosed()).isTrue();
    assertThat(takeAll()).isEqualTo(10);
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
    hasty.take(a);
    hasty.failed(a, true, clock.now());
    hasty.probed(hasty.probe(), false, clock.now());
    assertThat(hasty.probeDueNanos()).isEqualTo(clock.now().plus(Duration.ofMillis(500)).nanos());
  }

  @Test
  void oneProbeIsMadeAtATime() {
    open();
    int opening = breaker.probe();
    clock.advance(Duration.ofHours(1));
    assertThat(breaker.probeDueNanos()).isEqualTo(Long.MAX_VALUE);
    breaker.probed(opening, false, clock.now());
    assertThat(probeDueIn()).isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void aProbeThatAnswersLetsOneCallThroughThenTwoThenFour() {
    open();
    probe(true);
    assertThat(halfOpen()).isTrue();
    assertThat(takeAll()).isEqualTo(1);
    succeed(1);
    assertThat(takeAll()).isEqualTo(2);
    succeed(1);
    assertThat(takeAll()).as("four, and one was open").isEqualTo(3);
    succeed(1);
    assertThat(takeAll()).as("eight, and three were open").isEqualTo(5);
    assertThat(halfOpen()).isTrue();
    succeed(1);
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
    succeed(1);
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
      breaker.take(a);
      succeed(1);
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
    breaker.ended(a);
    assertThat(takeAll()).isEqualTo(1);
    breaker.giveBack(a);
    assertThat(takeAll()).isEqualTo(1);
    assertThat(halfOpen()).isTrue();
  }

  @Test
  void aCallThatIsNotMadeLetsAnotherTryThoughOldCallsAreOpen() {
    takeAll();
    fail(5);
    probe(true);
    assertThat(takeAll()).as("five are open from before, and no strike is left").isEqualTo(1);
    breaker.giveBack(a);
    assertThat(takeAll()).isEqualTo(1);
  }

  @Test
  void aCallFromBeforeTheOpeningThatIsNotMadeIsNoTry() {
    breaker.take(b);
    open();
    probe(true);
    breaker.giveBack(b);
    assertThat(takeAll()).isEqualTo(1);
  }

  @Test
  void aTryThatIsNotMadeMakesNoOldCallNews() {
    takeAll();
    fail(5);
    probe(true);
    breaker.take(a);
    breaker.giveBack(a);
    for (int old = 0; old < 5; old++) {
      assertThat(breaker.failed(a, true, clock.now())).as("old call %d", old).isFalse();
    }
    assertThat(halfOpen()).isTrue();
  }

  @Test
  void aProbeSaysNothingOnceACallGotThrough() {
    takeAll();
    fail(5);
    int late = breaker.probe();
    succeed(2);
    breaker.probed(late, true, clock.now());
    assertThat(takeAll()).as("four at once, not one").isEqualTo(4);
  }

  @Test
  void failuresOfCallsFromBeforeTheOpeningAreNoNews() {
    takeAll();
    fail(5);
    assertThat(breaker.failed(a, true, clock.now())).as("while open").isFalse();
    probe(true);
    assertThat(breaker.failed(a, true, clock.now())).as("while half-open").isFalse();
    assertThat(halfOpen()).isTrue();
    assertThat(takeAll()).as("three are still open from before").isEqualTo(1);
    fail(3);
    assertThat(halfOpen()).isTrue();
    fail(1);
    assertThat(breaker.isOpen()).as("the last one may be the new one").isTrue();
    assertThat(breaker.inFlight()).isZero();
  }

  @Test
  void aCallFromBeforeTheOpeningThatGetsThroughOpensItByHalf() {
    takeAll();
    fail(5);
    int late = breaker.probe();
    succeed(1);
    assertThat(halfOpen()).isTrue();
    assertThat(takeAll()).isEqualTo(2);
    breaker.probed(late, false, clock.now());
    assertThat(halfOpen()).as("the call says more than the probe").isTrue();
  }

  @Test
  void aProbeOfAnEarlierOpeningSaysNothingOfThisOne() {
    takeAll();
    fail(5);
    int late = breaker.probe();
    succeed(1);
    takeAll();
    fail(5);
    assertThat(breaker.isOpen()).isTrue();
    assertThat(breaker.probeDueNanos()).as("one at a time").isEqualTo(Long.MAX_VALUE);
    breaker.probed(late, true, clock.now());
    assertThat(breaker.isOpen()).isTrue();
    assertThat(probeDueIn()).isEqualTo(Duration.ofSeconds(1));
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
      breaker.take(a);
      breaker.failed(a, false, clock.now());
    }
    assertThat(breaker.isClosed()).isTrue();
    assertThat(takeAll(breaker, b)).as("a slot is left to find out by").isEqualTo(1);
    breaker.failed(b, false, clock.now());
    assertThat(breaker.isOpen()).isTrue();
  }

  @Test
  void whatIsSurelyTheAddressNeedsNoSecondEnvironment() {
    for (int i = 0; i < 4; i++) {
      breaker.take(a);
      breaker.failed(a, false, clock.now());
    }
    breaker.take(a);
    breaker.failed(a, true, clock.now());
    assertThat(breaker.isOpen()).isTrue();
  }

  @Test
  void anEnvironmentThatFailsAloneDoesNotOpenTheHalfOpenAddressAgain() {
    takeAll();
    fail(5);
    breaker.ended(a);
    probe(true);
    breaker.take(b);
    breaker.succeeded(b, clock.now());
    Share c = new Share();
    breaker.take(c);
    breaker.failed(c, false, clock.now());
    assertThat(halfOpen()).isTrue();
    breaker.take(b);
    breaker.failed(b, false, clock.now());
    assertThat(breaker.isOpen()).as("two of them").isTrue();
  }

  @Test
  void anotherEnvironmentsTryIsJudgedThoughOldCallsAreOpen() {
    takeAll();
    fail(5);
    probe(true);
    breaker.take(b);
    assertThat(breaker.failed(b, false, clock.now())).isTrue();
    assertThat(breaker.isOpen()).isTrue();
  }

  @Test
  void noSlotIsFreedThatWasNotTaken() {
    breaker.take(a);
    assertThatIllegalStateException().isThrownBy(() -> breaker.ended(b));
    assertThatIllegalStateException().isThrownBy(() -> breaker.giveBack(b));
    assertThat(breaker.inFlight()).isEqualTo(1);
  }

  /** However calls end, those that failed in a row and those open are no more than the slots. */
  @RepeatedTest(30)
  void noMoreCallsFailInARowThanThereAreSlots(RepetitionInfo repetition) {
    long seed = repetition.getCurrentRepetition();
    Random random = new Random(seed);
    int slots = 1 + random.nextInt(12);
    Breaker some = new Breaker(slots, random);
    List<Share> shares = List.of(new Share(), new Share(), new Share());
    List<Share> open = new ArrayList<>();
    int failedInARow = 0;
    for (int step = 0; step < 3_000; step++) {
      clock.advance(Duration.ofMillis(random.nextInt(2_000)));
      int what = random.nextInt(20);
      if (what < 10 && some.admits()) {
        Share share = shares.get(random.nextInt(3));
        some.take(share);
        open.add(share);
      } else if (what < 14 && !open.isEmpty()) {
        boolean news = some.failed(take(open, random), random.nextBoolean(), clock.now());
        failedInARow += news ? 1 : 0;
      } else if (what == 14 && !open.isEmpty()) {
        some.succeeded(take(open, random), clock.now());
        failedInARow = 0;
      } else if (what == 15 && !open.isEmpty()) {
        some.ended(take(open, random));
      } else if (what == 16 && some.probeDueNanos() <= clock.now().nanos()) {
        boolean answers = random.nextBoolean();
        some.probed(some.probe(), answers, clock.now());
        failedInARow = answers ? 0 : failedInARow;
      }
      assertThat(some.inFlight())
          .as("seed %d step %d", seed, step)
          .isEqualTo(open.size())
          .isLessThanOrEqualTo(slots);
      if (!some.isOpen() && slots > 1) {
        assertThat(Math.min(failedInARow, slots - 1) + open.size())
            .as("seed %d step %d: a strike keeps its slot", seed, step)
            .isLessThanOrEqualTo(slots);
      }
    }
  }

  private static Share take(List<Share> open, Random random) {
    return open.remove(random.nextInt(open.size()));
  }
}
