package io.dbimport.worker;

/**
 * The offset that is safe to commit in one partition while its deliveries settle out of order: the
 * lowest one still open, or where reading stands when none is. Confined to the loop thread.
 *
 * <p>8 bytes a delivery, and as much again for room.
 */
final class OffsetTracker {
  private static final int SMALLEST = 16;

  /**
   * The offsets taken on, rising, from the lowest open one up; settled ones wait here for those
   * below them, with their bits turned. A ring whose length is a power of two.
   */
  private long[] window = new long[SMALLEST];

  private int first;
  private int size;
  private long position;

  /** Begins where the partition is read from. */
  OffsetTracker(long position) {
    this.position = position;
  }

  /** Takes a delivery on; offsets only rise. */
  void track(long offset) {
    if (offset < position) {
      throw new IllegalStateException("offset " + offset + " after position " + position);
    }
    if (size == window.length) {
      grow();
    }
    window[slot(size++)] = offset;
    position = offset + 1;
  }

  /** Reading stands here now; gaps (markers, aborted or skipped records) count as settled. */
  void advance(long newPosition) {
    position = Math.max(position, newPosition);
  }

  /** A delivery that was taken on has ended for good. Each may be settled once. */
  void settle(long offset) {
    int place = place(offset);
    if (place == size || window[slot(place)] != offset) {
      throw new IllegalStateException("offset " + offset + " is not open");
    }
    window[slot(place)] = ~offset;
    while (size > 0 && window[first] < 0) {
      first = slot(1);
      size--;
    }
  }

  /** The next offset to read after a restart. */
  long committable() {
    return size == 0 ? position : window[first];
  }

  /** Deliveries between the committable offset and where reading stands, settled ones included. */
  int window() {
    return size;
  }

  /** How many in the window are below the offset. */
  private int place(long offset) {
    int low = 0;
    int high = size;
    while (low < high) {
      int middle = (low + high) >>> 1;
      long there = window[slot(middle)];
      if ((there < 0 ? ~there : there) < offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private int slot(int place) {
    return (first + place) & (window.length - 1);
  }

  private void grow() {
    long[] wider = new long[window.length * 2];
    int toEnd = window.length - first;
    System.arraycopy(window, first, wider, 0, toEnd);
    System.arraycopy(window, 0, wider, toEnd, first);
    window = wider;
    first = 0;
  }
}
