package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Batches grow while they are written fast, and never so much that a claim runs out. */
final class BatchSizeTest {
  private static final Duration CLAIM = Duration.ofSeconds(30);

  private static long millis(long millis) {
    return Duration.ofMillis(millis).toNanos();
  }

  @Test
  void itGrowsWhileBatchesAreFastUpToTheMost() {
    BatchSize size = new BatchSize(10_000, CLAIM);
    assertThat(size.records()).isEqualTo(1000);

    size.written(millis(1499));
    assertThat(size.records()).isEqualTo(2000);
    for (int i = 0; i < 40; i++) {
      size.written(millis(1));
    }
    assertThat(size.records()).isEqualTo(10_000);
  }

  @Test
  void itStaysWhereABatchTakesAFairPartOfTheClaim() {
    BatchSize size = new BatchSize(10_000, CLAIM);
    size.written(millis(1501));
    size.written(millis(3749));

    assertThat(size.records()).isEqualTo(1000);
  }

  @Test
  void itShrinksWhenTheDatabaseIsSlow() {
    BatchSize size = new BatchSize(10_000, CLAIM);
    size.written(millis(3751));
    assertThat(size.records()).isEqualTo(500);
    for (int i = 0; i < 40; i++) {
      size.written(millis(20_000));
    }
    assertThat(size.records()).isEqualTo(50);
    size.written(millis(1));
    assertThat(size.records()).isEqualTo(100);
  }

  @Test
  void itIsNeverAboveTheMost() {
    BatchSize size = new BatchSize(1, CLAIM);
    size.written(millis(1));
    assertThat(size.records()).isEqualTo(1);
    size.written(millis(20_000));
    assertThat(size.records()).isEqualTo(1);
    assertThat(new BatchSize(Integer.MAX_VALUE, CLAIM).records()).isEqualTo(1000);
  }
}
