package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

final class OffsetTrackerTest {
  // The steps of a history: an offset from 0 to 4 is settled, or the next one is taken on or
  // passed.
  private static final int TRACK = -1;
  private static final int PASS = -2;

  /** By h(p, n) = h(p + 1, n + 1) + h(p + 1, n) + n h(p, n - 1), with n open ones, p below 5. */
  private static final int HISTORIES_OF_FIVE = 2431;

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

  /** A window that grows while its start is anywhere in the ring, and drains from any side. */
  @RepeatedTest(10)
  void largeWindowsGiveWhatTheNaiveTrackerGives(RepetitionInfo repetition) {
    long seed = repetition.getCurrentRepetition();
    Random random = new Random(seed);
    OffsetTracker tracker = new OffsetTracker(0);
    Naive naive = new Naive();
    for (int round = 0; round < 6; round++) {
      List<Long> taken = new ArrayList<>(naive.open());
      for (int i = random.nextInt(1, 300); i > 0; i--) {
        long offset = naive.position + random.nextInt(2);
        tracker.track(offset);
        naive.track(offset);
        taken.add(offset);
      }
      switch (round % 3) {
        case 0 -> Collections.shuffle(taken, random);
        case 1 -> Collections.reverse(taken);
        default -> {
          // From the oldest on.
        }
      }
      for (long offset : taken.subList(0, random.nextInt(taken.size() + 1))) {
        tracker.settle(offset);
        naive.settle(offset);
        assertLike(naive, tracker, "seed " + seed + " round " + round + " settled " + offset);
      }
    }
  }

  /** Every history in which each of five offsets is taken on and settled, or passed as a gap. */
  @Test
  void allHistoriesOfFiveOffsetsAreRight() {
    assertThat(historiesFrom(new ArrayList<>())).isEqualTo(HISTORIES_OF_FIVE);
  }

  private static int historiesFrom(List<Integer> history) {
    OffsetTracker tracker = new OffsetTracker(0);
    Naive naive = new Naive();
    for (int step : history) {
      step(naive, tracker, step);
    }
    String when = "after " + history;
    assertLike(naive, tracker, when);
    List<Long> open = naive.open();
    for (long offset = -1; offset <= 5; offset++) {
      long wrong = offset;
      if (!open.contains(offset)) {
        assertThatIllegalStateException().as(when).isThrownBy(() -> tracker.settle(wrong));
      }
      if (offset < naive.position) {
        assertThatIllegalStateException().as(when).isThrownBy(() -> tracker.track(wrong));
        tracker.advance(wrong);
      }
    }
    assertLike(naive, tracker, when + " and what is not allowed");

    List<Integer> next = new ArrayList<>(open.stream().map(Long::intValue).toList());
    if (naive.position < 5) {
      next.add(TRACK);
      next.add(PASS);
    }
    int histories = next.isEmpty() ? 1 : 0;
    for (int step : next) {
      history.addLast(step);
      histories += historiesFrom(history);
      history.removeLast();
    }
    return histories;
  }

  private static void step(Naive naive, OffsetTracker tracker, int step) {
    switch (step) {
      case TRACK -> {
        tracker.track(naive.position);
        naive.track(naive.position);
      }
      case PASS -> {
        tracker.advance(naive.position + 1);
        naive.advance(naive.position + 1);
      }
      default -> {
        tracker.settle(step);
        naive.settle(step);
      }
    }
  }

  @Test
  void aFullWindowTakesSixteenBytesADelivery() {
    long most = 100 * 180_000;
    Heap.Kept<List<OffsetTracker>> hundred =
        Heap.keptBy(() -> IntStream.range(0, 100).mapToObj(_ -> filled(10_000)).toList(), most);
    assertThat(hundred.made()).allSatisfy(each -> assertThat(each.window()).isEqualTo(10_000));
    assertThat(hundred.bytes()).isLessThan(most);
  }

  private static OffsetTracker filled(int deliveries) {
    OffsetTracker tracker = new OffsetTracker(0);
    for (int offset = 0; offset < deliveries; offset++) {
      tracker.track(offset);
    }
    return tracker;
  }
}
