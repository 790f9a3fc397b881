package io.dbimport.engine;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The lines that the {@code _id}s of a file stand on, so that one that is there again is found. An
 * {@code _id} is remembered as 88 bits of its SHA-256: that two of {@link #MOST} are taken for one
 * another has a chance of less than 1 in 10^13. It takes 16 bytes for each of at most 2^23 slots,
 * 134 MB, and half of that besides while it grows; a small file takes 16 KB. Not thread-safe.
 */
final class KnownIds {
  /** So many are remembered; later ones are only looked up. */
  static final int MOST = 5_000_000;

  private static final int FIRST_SLOTS = 1 << 10;
  private static final int LINE_BITS = 40;
  private static final long MAX_LINE = (1L << LINE_BITS) - 1;

  private final int most;
  private final MessageDigest sha256;

  // Slot i is the pair at 2i: 64 bits of the hash, then 24 more and the line; no line is 0.
  private long[] slots = new long[2 * FIRST_SLOTS];
  private int size;
  private long beyond;

  KnownIds(int most) {
    this.most = most;
    try {
      this.sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException everyJvmHasIt) {
      throw new IllegalStateException(everyJvmHasIt);
    }
  }

  /**
   * The line of an earlier record with this {@code _id}; 0 when there is none among those that are
   * remembered, which this one then becomes if there is room.
   *
   * @param line from 1; beyond 2^40 any line counts as that one
   */
  long firstLine(String id, long line) {
    ByteBuffer hash = ByteBuffer.wrap(sha256.digest(id.getBytes(StandardCharsets.UTF_8)));
    long high = hash.getLong();
    long low = hash.getLong() & ~MAX_LINE;
    int at = slot(high, low);
    if (slots[at + 1] != 0) {
      return slots[at + 1] & MAX_LINE;
    }
    if (size >= most) {
      beyond++;
      return 0;
    }
    slots[at] = high;
    slots[at + 1] = low | Math.min(line, MAX_LINE);
    size++;
    if (size > slots.length / 2 * 3 / 4) {
      grow();
    }
    return 0;
  }

  /** How many were not remembered for want of room, so that nothing was compared with them. */
  long beyond() {
    return beyond;
  }

  /** Where this hash is, or where there is room for it. */
  private int slot(long high, long low) {
    int mask = slots.length / 2 - 1;
    int slot = (int) high & mask;
    while (slots[2 * slot + 1] != 0
        && (slots[2 * slot] != high || (slots[2 * slot + 1] & ~MAX_LINE) != low)) {
      slot = (slot + 1) & mask;
    }
    return 2 * slot;
  }

  private void grow() {
    long[] old = slots;
    slots = new long[2 * old.length];
    for (int i = 0; i < old.length; i += 2) {
      if (old[i + 1] != 0) {
        int at = slot(old[i], old[i + 1] & ~MAX_LINE);
        slots[at] = old[i];
        slots[at + 1] = old[i + 1];
      }
    }
  }
}
