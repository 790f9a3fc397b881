package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

final class OffsetTrackerTest {

  /** The obvious tracker: every delivery ever taken on, and whether it is settled. */
  private static final class Naive {
    final TreeMap<Long, Boolean> settled = new TreeMap<>();
    long position;

    void track(long offset) {
      settled.put(offset, false);
      position = offset + 1;
    }

    void advance(long newPosition) {
      position = Math.max(position, newPosition);
    }

    void settle(long offset) {
      settled.put(offset, true);
    }

    long committable() {
      return settled.entrySet().stream()
          .filter(entry -> !entry.getValue())
          .mapToLong(java.util.Map.Entry::getKey)
          .findFirst()
          .orElse(position);
    }

    int window() {
      return settled.tailMap(committable(), true).size();
    }

    List<Long> open() {
      return settled.keySet().stream()
          .filter(offset -> !settled.getOrDefault(offset, true))
          .toList();
    }
  }

  private static void assertLike(Naive naive, OffsetTracker tracker, String when) {
    assertThat(tracker.committable()).as("committable %s", when).isEqualTo(naive.committable());
    assertThat(tracker.window()).as("window %s", when).isEqualTo(naive.window());
  }

  @Test
  void withNothingOpenItIsWhereReadingStands() {
    OffsetTracker tracker = new OffsetTracker(17);
    assertThat(tracker.committable()).isEqualTo(17);
    assertThat(tracker.window()).isZero();
  }

  @Test
  void theLowestOpenDeliveryHoldsTheFrontier() {
    OffsetTracker tracker = new OffsetTracker(5);
    tracker.track(5);
    tracker.track(6);
    tracker.track(7);
    tracker.settle(6);
    tracker.settle(7);
    assertThat(tracker.committable()).isEqualTo(5);
    assertThat(tracker.window()).as("settled ones ahead of the frontier count").isEqualTo(3);
    tracker.settle(5);
    assertThat(tracker.committable()).isEqualTo(8);
    assertThat(tracker.window()).isZero();
  }

  @Test
  void gapsCountAsSettled() {
    OffsetTracker tracker = new OffsetTracker(0);
    tracker.track(3);
    tracker.track(9);
    assertThat(tracker.committable()).isEqualTo(3);
    tracker.settle(3);
    assertThat(tracker.committable()).isEqualTo(9);
    tracker.settle(9);
    assertThat(tracker.committable()).isEqualTo(10);
    tracker.advance(14);
    assertThat(tracker.committable()).isEqualTo(14);
  }

  @Test
  void readingNeverGoesBack() {
    OffsetTracker tracker = new OffsetTracker(10);
    tracker.advance(4);
    assertThat(tracker.committable()).isEqualTo(10);
    tracker.track(10);
    assertThatIllegalStateException().isThrownBy(() -> tracker.track(10));
    assertThatIllegalStateException().isThrownBy(() -> tracker.track(3));
  }

  @Test
  void onlyWhatIsOpenCanBeSettled() {
    OffsetTracker tracker = new OffsetTracker(0);
    assertThatIllegalStateException().as("nothing").isThrownBy(() -> tracker.settle(0));
    tracker.track(1);
    tracker.track(4);
    tracker.track(5);
    tracker.settle(4);
    for (long notOpen : new long[] {0, 3, 4, 6}) {
      assertThatIllegalStateException()
          .as("settling %d", notOpen)
          .isThrownBy(() -> tracker.settle(notOpen));
    }
    tracker.settle(1);
    assertThatIllegalStateException().as("behind").isThrownBy(() -> tracker.settle(1));
    tracker.settle(5);
    assertThat(tracker.committable()).isEqualTo(6);
  }

  @RepeatedTest(20)
  void anyHistoryGivesWhatTheNaiveTrackerGives(RepetitionInfo repetition) {
    long seed = repetition.getCurrentRepetition();
    Random random = new Random(seed);
    long start = random.nextInt(100);
    OffsetTracker tracker = new OffsetTracker(start);
    Naive naive = new Naive();
    naive.position = start;
    for (int step = 0; step < 1_000; step++) {
      List<Long> open = naive.open();
      int what = random.nextInt(10);
      if (what < 4 || open.isEmpty()) {
        long offset = naive.position + (random.nextInt(4) == 0 ? random.nextInt(5) : 0);
        tracker.track(offset);
        naive.track(offset);
      } else if (what < 9) {
        // Mostly among the oldest, so that the frontier moves.
        long offset = open.get(random.nextInt(Math.min(open.size(), 1 + random.nextInt(8))));
        tracker.settle(offset);
        naive.settle(offset);
      } else {
        long position = naive.position - 2 + random.nextInt(6);
        tracker.advance(position);
        naive.advance(position);
      }
      assertLike(naive, tracker, "seed " + seed + " step " + step);
    }
  }

  /** Offsets 0, 2 and 3 with reading passing the gap after them, in every possible order. */
  @Test
  void allInterleavingsOfASmallCaseAreRight() {
    List<List<String>> histories = new ArrayList<>();
    interleave(List.of(), histories);
    for (List<String> history : histories) {
      OffsetTracker tracker = new OffsetTracker(0);
      Naive naive = new Naive();
      for (String event : history) {
        long offset = Long.parseLong(event.substring(1));
        switch (event.charAt(0)) {
          case 't' -> {
            tracker.track(offset);
            naive.track(offset);
          }
          case 's' -> {
            tracker.settle(offset);
            naive.settle(offset);
          }
          default -> {
            tracker.advance(offset);
            naive.advance(offset);
          }
        }
        assertLike(naive, tracker, "at " + event + " of " + history);
      }
      assertThat(tracker.committable()).as("%s", history).isEqualTo(6);
    }
    // Into t0 t2 t3 a6, s3 goes at 2 places, then s2 at 4, then s0 at 6.
    assertThat(histories).hasSize(2 * 4 * 6);
  }

  private static void interleave(List<String> history, List<List<String>> histories) {
    List<String> reading = List.of("t0", "t2", "t3", "a6");
    List<String> next = new ArrayList<>();
    reading.stream().filter(event -> !history.contains(event)).findFirst().ifPresent(next::add);
    for (String offset : List.of("0", "2", "3")) {
      if (history.contains("t" + offset) && !history.contains("s" + offset)) {
        next.add("s" + offset);
      }
    }
    if (next.isEmpty()) {
      histories.add(history);
    }
    for (String event : next) {
      List<String> longer = new ArrayList<>(history);
      longer.add(event);
      interleave(longer, histories);
    }
  }
}
