package io.dbimport.worker;

import java.util.random.RandomGenerator;

/**
 * A random that always draws at the same place between its bounds: the lowest at 0, the highest at
 * 1. Immutable.
 */
record FixedRandom(double place) implements RandomGenerator {
  static final FixedRandom LOWEST = new FixedRandom(0);
  static final FixedRandom HIGHEST = new FixedRandom(1);

  @Override
  public long nextLong() {
    throw new UnsupportedOperationException("only bounded numbers are drawn");
  }

  @Override
  public long nextLong(long bound) {
    return place == 1 ? bound - 1 : (long) (place * bound);
  }
}
