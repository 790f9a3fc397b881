package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayDeque;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LongQueueTest {
  private final LongQueue queue = new LongQueue();

  @Test
  void anEmptyOneHasNoFirst() {
    assertThat(queue.isEmpty()).isTrue();
    assertThat(queue.size()).isZero();
    assertThat(queue.firstUpTo(5)).isEmpty();
    assertThatExceptionOfType(NoSuchElementException.class).isThrownBy(queue::first);
    assertThatExceptionOfType(NoSuchElementException.class).isThrownBy(queue::removeFirst);
  }

  @Test
  void whatComesFirstLeavesFirst() {
    queue.add(3);
    queue.add(5);
    queue.add(9);
    assertThat(queue.isEmpty()).isFalse();
    assertThat(queue.size()).isEqualTo(3);
    assertThat(queue.first()).isEqualTo(3);
    assertThat(queue.removeFirst()).isEqualTo(3);
    assertThat(queue.first()).isEqualTo(5);
    assertThat(queue.removeFirst()).isEqualTo(5);
    assertThat(queue.removeFirst()).isEqualTo(9);
    assertThat(queue.isEmpty()).isTrue();
  }

  @Test
  void offsetsOnlyRise() {
    queue.add(3);
    assertThatIllegalStateException()
        .isThrownBy(() -> queue.add(3))
        .withMessage("offset 3 after offset 3");
    assertThatIllegalStateException().isThrownBy(() -> queue.add(2));
    assertThatIllegalStateException()
        .isThrownBy(() -> queue.addFirst(3))
        .withMessage("offset 3 before offset 3");
    assertThatIllegalStateException().isThrownBy(() -> queue.addFirst(4));
    assertThat(queue.firstUpTo(5)).containsExactly(3);
    queue.removeFirst();
    queue.add(1);
    assertThat(queue.first()).as("an empty queue begins anywhere").isEqualTo(1);
  }

  @Test
  void whatIsPutBackComesBeforeTheOthers() {
    queue.addFirst(8);
    queue.addFirst(7);
    queue.add(9);
    assertThat(queue.firstUpTo(9)).containsExactly(7, 8, 9);
    assertThat(queue.removeFirst()).isEqualTo(7);
    queue.addFirst(6);
    assertThat(queue.firstUpTo(9)).containsExactly(6, 8, 9);
  }

  @Test
  void lookingAtTheFirstOnesLeavesThem() {
    LongStream.range(0, 5_000).forEach(queue::add);
    for (int removed = 0; removed < 3; removed++) {
      for (int most : new int[] {0, 1, 7, 8, 9, 1_000, 3_000}) {
        assertThat(queue.firstUpTo(most))
            .containsExactly(LongStream.range(removed, removed + most).toArray());
      }
      assertThat(queue.firstUpTo(Integer.MAX_VALUE)).hasSize(5_000 - removed);
      assertThat(queue.size()).isEqualTo(5_000 - removed);
      queue.removeFirst();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void anyHistoryGivesWhatADequeGives(long seed) {
    Random random = new Random(seed);
    ArrayDeque<Long> model = new ArrayDeque<>();
    // Grows and drains in turns, by more than the largest piece holds.
    int adding = 0;
    for (int step = 0; step < 60_000; step++) {
      if (step % 6_000 == 0) {
        adding = step % 12_000 == 0 ? 75 : 20;
      }
      boolean add = random.nextInt(100) < adding;
      if (add && random.nextInt(4) == 0) {
        long offset = (model.isEmpty() ? 1_000_000 : model.getFirst()) - 1 - random.nextInt(3);
        queue.addFirst(offset);
        model.addFirst(offset);
      } else if (add) {
        long offset = (model.isEmpty() ? 1_000_000 : model.getLast()) + 1 + random.nextInt(3);
        queue.add(offset);
        model.addLast(offset);
      } else if (!model.isEmpty()) {
        assertThat(queue.removeFirst()).isEqualTo(model.removeFirst());
      }
      String when = "seed " + seed + " step " + step;
      assertThat(queue.size()).as("%s", when).isEqualTo(model.size());
      assertThat(queue.isEmpty()).as("%s", when).isEqualTo(model.isEmpty());
      if (!model.isEmpty()) {
        assertThat(queue.first()).as("%s", when).isEqualTo(model.getFirst());
      }
      if (random.nextInt(100) == 0) {
        int most = random.nextInt(3_000);
        assertThat(queue.firstUpTo(most))
            .as("%s", when)
            .containsExactly(model.stream().limit(most).mapToLong(Long::longValue).toArray());
      }
    }
  }

  @Test
  void aMillionTakeLittleMoreThanEightBytesEach() {
    long most = 9_000_000;
    Heap.Kept<LongQueue> million =
        Heap.keptBy(
            () -> {
              LongQueue filled = new LongQueue();
              LongStream.range(0, 1_000_000).forEach(filled::add);
              return filled;
            },
            most);
    assertThat(million.made().size()).isEqualTo(1_000_000);
    assertThat(million.bytes()).isLessThan(most);
  }
}
