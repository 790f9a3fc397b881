package io.dbimport.worker;

/**
 * What waits for something known, and what nobody knows, at one moment. Immutable.
 *
 * @param parked deliveries without an outcome whose bytes are not in memory
 * @param unknown deliveries whose outcome is unknown
 * @param behindBreaker queued deliveries that an open breaker holds up
 * @param openBreakers breakers that are not closed
 * @param throttled apps and environments that a quota holds back
 */
public record Waits(int parked, int unknown, int behindBreaker, int openBreakers, int throttled) {
  public static final Waits NONE = new Waits(0, 0, 0, 0, 0);
}
