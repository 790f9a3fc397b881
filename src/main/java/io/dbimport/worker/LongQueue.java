package io.dbimport.worker;

import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * A queue of rising offsets. Confined to the loop thread.
 *
 * <p>A lane may have a million deliveries parked, and a partition ten thousand lanes with none: 8
 * bytes for each and a hundredth more, and two references when empty.
 */
final class LongQueue {
  private static final int SMALLEST = 8;
  private static final int LARGEST = 1024;

  /** Offsets that came one after the other. */
  private static final class Chunk {
    final long[] offsets;
    int from;
    int to;
    @Nullable Chunk next;

    Chunk(int capacity, int start) {
      this.offsets = new long[capacity];
      this.from = start;
      this.to = start;
    }
  }

  private @Nullable Chunk head;
  private @Nullable Chunk tail;
  private int size;

  /**
   * Puts an offset at the end.
   *
   * @throws IllegalStateException when it is not above the last one
   */
  void add(long offset) {
    Chunk last = tail;
    if (last != null && offset <= last.offsets[last.to - 1]) {
      throw new IllegalStateException(
          "offset " + offset + " after offset " + last.offsets[last.to - 1]);
    }
    if (last == null || last.to == last.offsets.length) {
      Chunk added = new Chunk(Math.clamp(size, SMALLEST, LARGEST), 0);
      if (last == null) {
        head = added;
      } else {
        last.next = added;
      }
      tail = added;
      last = added;
    }
    last.offsets[last.to++] = offset;
    size++;
  }

  /**
   * Puts an offset before all others.
   *
   * @throws IllegalStateException when it is not below the first one
   */
  void addFirst(long offset) {
    Chunk first = head;
    if (first != null && offset >= first.offsets[first.from]) {
      throw new IllegalStateException(
          "offset " + offset + " before offset " + first.offsets[first.from]);
    }
    if (first == null || first.from == 0) {
      int capacity = Math.clamp(size, SMALLEST, LARGEST);
      Chunk added = new Chunk(capacity, capacity);
      added.next = first;
      if (first == null) {
        tail = added;
      }
      head = added;
      first = added;
    }
    first.offsets[--first.from] = offset;
    size++;
  }

  /**
   * The lowest offset.
   *
   * @throws NoSuchElementException when there is none
   */
  long first() {
    Chunk first = occupied();
    return first.offsets[first.from];
  }

  /**
   * Takes the lowest offset out.
   *
   * @throws NoSuchElementException when there is none
   */
  long removeFirst() {
    Chunk first = occupied();
    long offset = first.offsets[first.from++];
    size--;
    if (first.from == first.to) {
      head = first.next;
      if (head == null) {
        tail = null;
      }
    }
    return offset;
  }

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** The lowest offsets in their order, at most this many; they stay. */
  long[] firstUpTo(int most) {
    long[] offsets = new long[Math.min(most, size)];
    int copied = 0;
    for (Chunk chunk = head; chunk != null && copied != offsets.length; chunk = chunk.next) {
      int count = Math.min(chunk.to - chunk.from, offsets.length - copied);
      System.arraycopy(chunk.offsets, chunk.from, offsets, copied, count);
      copied += count;
    }
    return offsets;
  }

  private Chunk occupied() {
    if (head == null) {
      throw new NoSuchElementException("no offset is queued");
    }
    return head;
  }
}
