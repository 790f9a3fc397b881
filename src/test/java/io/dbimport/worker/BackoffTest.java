package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class BackoffTest {
  private static final Duration INITIAL = Duration.ofMillis(500);
  private static final Duration MAX = Duration.ofSeconds(60);
  private static final Backoff LONGEST = new Backoff(INITIAL, MAX, FixedRandom.HIGHEST);
  private static final Backoff SHORTEST = new Backoff(INITIAL, MAX, FixedRandom.LOWEST);

  @Test
  void theCeilingDoublesUntilItIsTheLongest() {
    List<Long> longest =
        IntStream.range(0, 10).mapToObj(earlier -> LONGEST.after(earlier).toMillis()).toList();
    assertThat(longest)
        .containsExactly(
            500L, 1_000L, 2_000L, 4_000L, 8_000L, 16_000L, 32_000L, 60_000L, 60_000L, 60_000L);
  }

  @Test
  void theJitterIsFullSoTheShortestWaitIsNone() {
    assertThat(IntStream.range(0, 100).mapToObj(SHORTEST::after)).containsOnly(Duration.ZERO);
  }

  @Test
  void waitsAreSpreadEvenlyUpToTheCeiling() {
    long seed = 42;
    Backoff backoff = new Backoff(INITIAL, MAX, new Random(seed));
    int[] tenths = new int[10];
    for (int i = 0; i < 10_000; i++) {
      Duration wait = backoff.after(2);
      assertThat(wait).isBetween(Duration.ZERO, Duration.ofSeconds(2));
      tenths[(int) Math.min(9, wait.toMillis() / 200)]++;
    }
    for (int count : tenths) {
      assertThat(count).as("seed %d", seed).isBetween(850, 1_150);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {30, 36, 37, 60, 61, 62, 63, 64, 65, 1_000, Integer.MAX_VALUE})
  void aHugeNumberOfAttemptsDoesNotOverflow(int earlier) {
    assertThat(LONGEST.after(earlier)).isEqualTo(MAX);
  }

  @Test
  void theLongestCeilingsDoNotOverflowEither() {
    Duration century = Duration.ofDays(36_500);
    Backoff backoff = new Backoff(Duration.ofNanos(3), century, FixedRandom.HIGHEST);
    Duration before = Duration.ZERO;
    for (int earlier = 0; earlier < 100; earlier++) {
      Duration wait = backoff.after(earlier);
      assertThat(wait).as("after %d", earlier).isBetween(before, century);
      before = wait;
    }
    assertThat(before).isEqualTo(century);
  }

  @Test
  void aCeilingJustBelowTheLongestIsNotRoundedUpToIt() {
    Backoff backoff = new Backoff(Duration.ofNanos(1), Duration.ofNanos(7), FixedRandom.HIGHEST);
    assertThat(backoff.after(2)).isEqualTo(Duration.ofNanos(4));
    assertThat(backoff.after(3)).isEqualTo(Duration.ofNanos(7));
  }

  @Test
  void theLongestThereIsIsReached() {
    Duration longest = Duration.ofNanos(Long.MAX_VALUE - 1);
    Backoff backoff = new Backoff(Duration.ofNanos(1), longest, FixedRandom.HIGHEST);
    assertThat(backoff.after(61)).isEqualTo(Duration.ofNanos(1L << 61));
    assertThat(backoff.after(62)).isEqualTo(longest);
  }

  @Test
  void anInitialAboveTheLongestIsTheLongest() {
    assertThat(new Backoff(Duration.ofMinutes(5), MAX, FixedRandom.HIGHEST).after(0))
        .isEqualTo(MAX);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 20, 61, 62, 63, 64, 1_000, Integer.MAX_VALUE})
  void noInitialMeansNoWait(int earlier) {
    assertThat(new Backoff(Duration.ZERO, MAX, FixedRandom.HIGHEST).after(earlier))
        .isEqualTo(Duration.ZERO);
  }
}
