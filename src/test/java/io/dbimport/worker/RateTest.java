package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How often calls may be made. */
final class RateTest {
  private final ManualClock clock = new ManualClock();

  private int takeAll(Rate rate) {
    int taken = 0;
    while (taken < 10_000 && rate.allows(clock.now())) {
      rate.take(clock.now());
      taken++;
    }
    return taken;
  }

  @Test
  void withoutARateEverythingIsAllowedAtOnce() {
    Rate rate = new Rate(null);
    assertThat(takeAll(rate)).isEqualTo(10_000);
    rate.giveBack();
    assertThat(rate.nextNanos()).isLessThan(clock.now().nanos());
  }

  @Test
  void aSlowRateGivesOnePermitAtATime() {
    Rate rate = new Rate(0.5);
    assertThat(takeAll(rate)).isEqualTo(1);
    assertThat(rate.nextNanos()).isEqualTo(clock.now().plus(Duration.ofSeconds(2)).nanos());
    clock.advance(Duration.ofMillis(1_999));
    assertThat(takeAll(rate)).isZero();
    clock.advance(Duration.ofMillis(1));
    assertThat(takeAll(rate)).isEqualTo(1);
    clock.advance(Duration.ofHours(1));
    assertThat(takeAll(rate)).as("an idle hour is not saved up").isEqualTo(1);
  }

  @Test
  void aFastRateSavesUpATenthOfASecond() {
    Rate rate = new Rate(1_000.0);
    clock.advance(Duration.ofHours(1));
    assertThat(takeAll(rate)).isEqualTo(100);
    clock.advance(Duration.ofMillis(20));
    assertThat(takeAll(rate)).isEqualTo(20);
  }

  @Test
  void aPermitThatWasNotUsedIsGivenBack() {
    Rate rate = new Rate(1.0);
    rate.take(clock.now());
    rate.giveBack();
    assertThat(takeAll(rate)).isEqualTo(1);
  }

  @Test
  void theSlowestRateDoesNotOverflow() {
    Rate rate = new Rate(Double.MIN_VALUE);
    assertThat(takeAll(rate)).isEqualTo(1);
    assertThat(rate.nextNanos()).isGreaterThan(clock.now().plus(Duration.ofDays(36_000)).nanos());
  }

  /** In any span no more than the rate gives in it and one burst; and no less over a long one. */
  @RepeatedTest(20)
  void anySpanOfTimeHoldsTheRate(RepetitionInfo repetition) {
    long seed = repetition.getCurrentRepetition();
    Random random = new Random(seed);
    double perSecond = Math.pow(10, random.nextDouble(-1, 3));
    Rate rate = new Rate(perSecond);
    List<Long> taken = new ArrayList<>();
    long begin = clock.now().nanos();
    while (taken.size() < 500) {
      int most = 1 + random.nextInt(20);
      for (int i = 0; i < most && rate.allows(clock.now()); i++) {
        rate.take(clock.now());
        taken.add(clock.now().nanos());
      }
      clock.advance(Duration.ofNanos((long) (random.nextDouble() * 2e9 / perSecond)));
    }
    double burst = Math.max(1, perSecond * Rate.BURST.toMillis() / 1e3);
    for (int from = 0; from < taken.size(); from++) {
      for (int to = from; to < taken.size(); to++) {
        double seconds = (taken.get(to) - taken.get(from)) / 1e9;
        assertThat((double) (to - from + 1))
            .as("seed %d: %d to %d at %f", seed, from, to, perSecond)
            .isLessThanOrEqualTo(seconds * perSecond + burst + 1e-3);
      }
    }
    double seconds = (clock.now().nanos() - begin) / 1e9;
    assertThat((double) taken.size()).as("seed %d", seed).isGreaterThan(seconds * perSecond / 3);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
  void aRateIsMoreThanNothingAndHasAnEnd(double rate) {
    assertThatIllegalArgumentException().isThrownBy(() -> new Limits(1, 1, rate, null));
    assertThatIllegalArgumentException().isThrownBy(() -> new Limits(1, 1, null, rate));
  }

  @Test
  void thereIsRoomForACall() {
    assertThatIllegalArgumentException().isThrownBy(() -> new Limits(0, 1, null, null));
    assertThatIllegalArgumentException().isThrownBy(() -> new Limits(1, 0, null, null));
  }
}
