package io.dbimport.worker;

import java.time.Duration;
import java.time.Instant;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Prints how fast a million requests are remembered, found and forgotten. Stateless. */
final class RememberedBench {
  private static final int COUNT = 1_000_000;
  private static final Instant START = Instant.parse("2026-11-25T12:00:00Z");

  private RememberedBench() {}

  public static void main(String[] args) {
    for (int round = 0; round < 5; round++) {
      RequestKey[] keys = keys(round);
      RequestKey[] others = keys(round + 1_000);
      Remembered remembered = new Remembered();
      report(
          "claim",
          () -> {
            for (int i = 0; i < COUNT; i++) {
              remembered.open(keys[i], i);
            }
          });
      report(
          "answer",
          () -> {
            for (int i = 0; i < COUNT; i++) {
              remembered.accepted(keys[i], i, i, START.plusMillis(i), 1);
            }
          });
      report("find what is there", () -> find(remembered, keys, COUNT));
      report("find what is not", () -> find(remembered, others, 0));
      report(
          "expire a thousand times",
          () -> {
            for (int i = 1; i <= 1_000; i++) {
              remembered.expire(START.plusMillis(i * 100L));
            }
          });
      report(
          "forget",
          () -> {
            for (RequestKey key : keys) {
              remembered.forget(key);
            }
          });
      report(
          "make keys",
          () -> {
            for (int i = 0; i < COUNT; i++) {
              keys[i] = RequestKey.of("3f2b8c1e-5d4a-4c7e-9b1a-" + i, i);
            }
          });
    }
  }

  private static void find(Remembered remembered, RequestKey[] keys, int expected) {
    int found = 0;
    for (int i = 0; i < COUNT; i++) {
      // Not in the order in which they came.
      Remembered.@Nullable Entry entry = remembered.find(keys[(int) (i * 7_919L % COUNT)]);
      found += entry == null ? 0 : 1;
    }
    if (found != expected) {
      throw new IllegalStateException("found " + found + ", not " + expected);
    }
  }

  private static RequestKey[] keys(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    RequestKey[] keys = new RequestKey[COUNT];
    for (int i = 0; i < COUNT; i++) {
      keys[i] = new RequestKey(random.nextLong(), random.nextLong(), random.nextLong());
    }
    return keys;
  }

  private static void report(String what, Runnable run) {
    long start = System.nanoTime();
    run.run();
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    System.out.printf(
        "%-24s %,12.0f/s %6d ms%n", what, COUNT * 1e9 / took.toNanos(), took.toMillis());
  }
}
