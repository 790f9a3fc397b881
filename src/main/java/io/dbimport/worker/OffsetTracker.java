package io.dbimport.worker;

import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;

/**
 * The offset that is safe to commit in one partition while its deliveries settle out of order: the
 * lowest one still open, or where reading stands when none is. Confined to the loop thread.
 */
final class OffsetTracker {
  /** Taken on, from the lowest open one up; settled ones wait here for those below them. */
  private final ArrayDeque<Long> window = new ArrayDeque<>();

  private final Set<Long> open = new HashSet<>();
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
    window.addLast(offset);
    open.add(offset);
    position = offset + 1;
  }

  /** Reading stands here now; gaps (markers, aborted or skipped records) count as settled. */
  void advance(long newPosition) {
    position = Math.max(position, newPosition);
  }

  /** A delivery that was taken on has ended for good. Each may be settled once. */
  void settle(long offset) {
    if (!open.remove(offset)) {
      throw new IllegalStateException("offset " + offset + " is not open");
    }
    while (!window.isEmpty() && !open.contains(window.getFirst())) {
      window.removeFirst();
    }
  }

  /** The next offset to read after a restart. */
  long committable() {
    Long first = window.peekFirst();
    return first == null ? position : first;
  }

  /** Deliveries between the committable offset and where reading stands, settled ones included. */
  int window() {
    return window.size();
  }
}
