package io.dbimport.server;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * Counts wrong secrets, so that a guesser is slowed. By appid and caller's address: nobody else is
 * locked out. Thread-safe: every method holds the one lock.
 */
final class WrongSecrets {
  static final int A_MINUTE = 10;
  private static final int MOST_CALLERS = 10_000;

  private record Caller(String appid, String address) {}

  private final Map<Caller, Integer> counts = new HashMap<>();
  private long minute;

  /** Whether this caller gave so many that even the right one is not looked at in this minute. */
  synchronized boolean tooMany(String appid, String address, Instant now) {
    startMinute(now);
    return counts.getOrDefault(new Caller(appid, address), 0) >= A_MINUTE
        || counts.size() >= MOST_CALLERS;
  }

  synchronized void count(String appid, String address, Instant now) {
    startMinute(now);
    counts.merge(new Caller(appid, address), 1, Integer::sum);
  }

  private void startMinute(Instant now) {
    long current = now.getEpochSecond() / 60;
    if (current != minute) {
      counts.clear();
      minute = current;
    }
  }
}
