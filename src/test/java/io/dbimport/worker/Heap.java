package io.dbimport.worker;

import java.util.function.Supplier;

/** Measures what objects take on the heap. Stateless. */
final class Heap {
  private static final int LOOKS = 3;

  private Heap() {}

  /** A made object and the bytes it keeps. */
  record Kept<T>(T made, long bytes) {}

  /**
   * What is made and how much it keeps. Whatever else lives in this process may grow meanwhile: the
   * least of a few looks is taken, unless the first is small enough.
   */
  static <T> Kept<T> keptBy(Supplier<T> maker, long smallEnoughBytes) {
    Kept<T> least = look(maker);
    for (int look = 1; look < LOOKS && least.bytes() > smallEnoughBytes; look++) {
      Kept<T> again = look(maker);
      least = again.bytes() < least.bytes() ? again : least;
    }
    return least;
  }

  private static <T> Kept<T> look(Supplier<T> maker) {
    long before = usedBytes();
    T made = maker.get();
    return new Kept<>(made, usedBytes() - before);
  }

  /** The bytes in use after collecting garbage. */
  static long usedBytes() {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      System.gc();
      Runtime runtime = Runtime.getRuntime();
      least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
    }
    return least;
  }
}
