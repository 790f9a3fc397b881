package io.dbimport.worker;

import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;

/**
 * The offset that is safe to commit in one partition while its deliveries settle out of order: the
 * lowest one still open, or where reading stands when none is. Confined to the loop thread.
 */
final class OffsetTracker {
  private final ArrayDeque<Long> open = new ArrayDeque<>();
  private final Set<Long> settledAhead = new HashSet<>();
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
    open.addLast(offset);
    position = offset + 1;
  }

  /** Reading stands here now; gaps (markers, aborted or skipped records) count as settled. */
  void advance(long newPosition) {
    position = Math.max(position, newPosition);
  }

  /** A delivery that was taken on has ended for good. Each may be settled once. */
  void settle(long offset) {
    Long first = open.peekFirst();
    if (first == null || offset < first || offset >= position || !settledAhead.add(offset)) {
      throw new IllegalStateException("offset " + offset + " is not open");
    }
    while (!open.isEmpty() && settledAhead.remove(open.peekFirst())) {
      open.removeFirst();
    }
  }

  /** The next offset to read after a restart. */
  long committable() {
    Long first = open.peekFirst();
    return first == null ? position : first;
  }

  /** Deliveries between the committable offset and where reading stands, settled ones included. */
  int window() {
    return open.size();
  }
}
