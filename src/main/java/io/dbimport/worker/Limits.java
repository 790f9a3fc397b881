package io.dbimport.worker;

import org.jspecify.annotations.Nullable;

/**
 * How many calls at once and how often, for one instance: a group has the sum of its instances.
 * Immutable.
 *
 * @param maxInFlight import calls at once, at least 1
 * @param envMaxInFlight import calls at once for one environment, at least 1
 * @param ratePerEnv import calls per second for one environment; null for unlimited
 * @param rateTotal import calls per second in all; null for unlimited
 */
public record Limits(
    int maxInFlight, int envMaxInFlight, @Nullable Double ratePerEnv, @Nullable Double rateTotal) {

  public Limits {
    if (maxInFlight < 1 || envMaxInFlight < 1) {
      throw new IllegalArgumentException(
          "at least 1 call at once, not " + maxInFlight + " and " + envMaxInFlight);
    }
    if (!isRate(ratePerEnv) || !isRate(rateTotal)) {
      throw new IllegalArgumentException(
          "more than 0 calls per second, not " + ratePerEnv + " and " + rateTotal);
    }
  }

  private static boolean isRate(@Nullable Double perSecond) {
    return perSecond == null || (perSecond > 0 && Double.isFinite(perSecond));
  }
}
