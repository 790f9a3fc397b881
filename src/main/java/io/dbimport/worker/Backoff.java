package io.dbimport.worker;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Exponential backoff with full jitter: anything between nothing and the ceiling, so that requests
 * that failed together do not come back together. Immutable but for the random passed in.
 *
 * @param initial the first ceiling
 * @param max the highest ceiling
 */
record Backoff(Duration initial, Duration max, RandomGenerator random) {

  /** The wait after this many earlier backoffs, from 0 to the ceiling. */
  Duration after(int earlier) {
    long first = initial.toNanos();
    long ceiling = max.toNanos();
    if (first == 0 || (earlier < 62 && first <= ceiling >> earlier)) {
      ceiling = first << earlier;
    }
    return Duration.ofNanos(random.nextLong(ceiling + 1));
  }
}
