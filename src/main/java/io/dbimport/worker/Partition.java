package io.dbimport.worker;

import io.dbimport.event.Delivery;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An assigned partition: its deliveries, lanes and offsets. Confined to the loop thread. */
final class Partition {
  final int number;
  final long epoch;
  final OffsetTracker offsets;
  final Map<LaneKey, Lane> lanes = new HashMap<>();

  /** Deliveries without a committed outcome, in the order in which they came. */
  private final Map<Long, Delivery> open = new LinkedHashMap<>();

  private final Set<Long> done;

  /** Deliveries being called. */
  int calling;

  /** Deliveries whose outcome is known and not yet committed. */
  int settling;

  /** No new call is admitted here: the partition is being given up. */
  boolean closing;

  long committed;
  private long openBytes;

  Partition(int number, long epoch, Restored restored) {
    this.number = number;
    this.epoch = epoch;
    this.offsets = new OffsetTracker(restored.start());
    this.done = new HashSet<>(restored.done());
    this.committed = restored.start();
  }

  /** Takes a delivery on; false when the ledger knows it as done. */
  boolean open(Delivery delivery) {
    long offset = delivery.source().offset();
    if (done.remove(offset)) {
      offsets.advance(offset + 1);
      return false;
    }
    offsets.track(offset);
    open.put(offset, delivery);
    openBytes += delivery.sizeBytes();
    return true;
  }

  /** The delivery's outcome is committed. */
  void committed(Delivery delivery) {
    settling--;
    open.remove(delivery.source().offset());
    openBytes -= delivery.sizeBytes();
  }

  int openDeliveries() {
    return open.size();
  }

  /** Whether no more should be read for now. Settled ones ahead of the frontier count too. */
  boolean full(int maxDeliveries, long maxBytes) {
    return offsets.window() >= maxDeliveries || openBytes >= maxBytes;
  }

  @Nullable Instant oldest() {
    return open.isEmpty() ? null : open.values().iterator().next().timestamp();
  }
}
