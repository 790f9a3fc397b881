package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Which {@code _id}s a file has had before. */
final class KnownIdsTest {

  @Test
  void whatIsSaidIsWhatAMapSays() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    KnownIds ids = new KnownIds(KnownIds.MOST);
    Map<String, Long> first = new HashMap<>();
    for (long line = 1; line <= 50_000; line++) {
      String id = Integer.toString(random.nextInt(25_000));
      Long earlier = first.putIfAbsent(id, line);
      assertThat(ids.firstLine(id, line))
          .as("seed " + seed)
          .isEqualTo(earlier == null ? 0 : earlier);
    }
    assertThat(ids.beyond()).isZero();
  }

  @Test
  void aMillionIdsFit() {
    KnownIds ids = new KnownIds(KnownIds.MOST);
    long known = 0;
    for (int line = 1; line <= 1_000_000; line++) {
      known += ids.firstLine("id-" + line, line);
    }
    assertThat(known).isZero();
    assertThat(ids.firstLine("id-1", 1_000_001)).isEqualTo(1);
    assertThat(ids.firstLine("id-1000000", 1_000_001)).isEqualTo(1_000_000);
    assertThat(ids.beyond()).isZero();
  }

  @Test
  void beyondTheBoundIdsAreComparedWithTheFirstAndCounted() {
    KnownIds ids = new KnownIds(2);
    assertThat(ids.firstLine("a", 1)).isZero();
    assertThat(ids.firstLine("b", 2)).isZero();
    assertThat(ids.firstLine("c", 3)).isZero();
    assertThat(ids.firstLine("a", 4)).isEqualTo(1);
    assertThat(ids.firstLine("c", 5)).isZero();
    assertThat(ids.beyond()).isEqualTo(2);
  }

  @Test
  void aLineBeyondWhatFitsIsTheLastThatDoes() {
    KnownIds ids = new KnownIds(2);
    assertThat(ids.firstLine("a", Long.MAX_VALUE)).isZero();
    assertThat(ids.firstLine("a", 1)).isEqualTo((1L << 40) - 1);
  }
}
