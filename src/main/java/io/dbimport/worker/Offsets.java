package io.dbimport.worker;

import java.util.Map;

/**
 * Offsets to commit, and in which assignment: while that is under way a partition may be let go,
 * and even be assigned anew. Immutable.
 *
 * @param next partition to the offset that is to be read next
 * @param epochs partition to the epoch of its assignment
 */
public record Offsets(Map<Integer, Long> next, Map<Integer, Long> epochs) {
  /** None. */
  public static final Offsets NONE = new Offsets(Map.of(), Map.of());

  public Offsets {
    next = Map.copyOf(next);
    epochs = Map.copyOf(epochs);
  }

  public boolean isEmpty() {
    return next.isEmpty();
  }
}
