package io.dbimport.worker;

import java.util.Map;

/**
 * Parked deliveries whose bytes are to be read again now; they must be brought back. Immutable by
 * use.
 */
public final class Fetch {
  final Partition partition;

  /** The lane of each offset; a late reply waits for those that are not there. */
  final Map<Long, Lane> lanes;

  private final long[] offsets;

  Fetch(Partition partition, Map<Long, Lane> lanes, long[] offsets) {
    this.partition = partition;
    this.lanes = lanes;
    this.offsets = offsets;
  }

  /** Partition of the request topic. */
  public int partition() {
    return partition.number;
  }

  /** The offsets to read, rising. */
  public long[] offsets() {
    return offsets.clone();
  }
}
