package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.event.Progress;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class AttemptsTest {
  private static final Moment NOW = new ManualClock().now();

  private static Moment after(long seconds) {
    return NOW.plus(Duration.ofSeconds(seconds));
  }

  private static Duration seconds(long seconds) {
    return Duration.ofSeconds(seconds);
  }

  @Test
  void whatABreakerIsOpenSinceTheFirstFailureDoesNotCount() {
    Attempts once = Attempts.NONE.call().unavailable(NOW, seconds(10));
    assertThat(once.unavailableFor(NOW, seconds(10))).isZero();
    assertThat(once.unavailableFor(after(60), seconds(25))).isEqualTo(seconds(45));
    Attempts twice = once.call().unavailable(after(60), seconds(25));
    assertThat(twice.unavailableFor(after(60), seconds(25))).isEqualTo(seconds(45));
    assertThat(twice.unavailableFor(after(100), seconds(65))).isEqualTo(seconds(45));
  }

  @Test
  void aQuotaWindowIsNoAttemptAndItsTimeDoesNotCount() {
    Attempts attempts = Attempts.NONE.call().unavailable(NOW, Duration.ZERO).call();
    assertThat(attempts.made()).isEqualTo(2);
    Attempts held = attempts.throttled(seconds(60), after(5));
    assertThat(held.made()).isEqualTo(1);
    assertThat(held.calls()).as("its intent has the number for good").isEqualTo(2);
    assertThat(held.unavailableFor(after(65), Duration.ZERO)).isEqualTo(seconds(5));
    assertThat(held.throttledFor(after(65))).isEqualTo(seconds(60));
    assertThat(held.call().throttled(seconds(60), after(65)).throttledFor(after(70)))
        .as("since the first time")
        .isEqualTo(seconds(65));
  }

  @Test
  void theNextOwnerGoesOnByItsOwnClock() {
    Attempts attempts =
        Attempts.NONE.call().unanswered(NOW, seconds(9)).call().throttled(seconds(1), after(2));
    Progress progress = attempts.progress(null);
    Moment there = new Moment(after(30).wall(), 7_000_000_000_000L);
    Attempts again = Attempts.of(progress, there);
    assertThat(again.progress(null)).isEqualTo(progress);
    assertThat(again.unavailableFor(there, Duration.ZERO)).isEqualTo(seconds(29));
    assertThat(again.throttledFor(there)).isEqualTo(seconds(28));
    assertThat(Attempts.of(Progress.NONE, there)).isEqualTo(Attempts.NONE);
  }
}
