package io.dbimport.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jline.utils.Signals;

/**
 * SIGINT and SIGTERM. The first asks for an orderly end; the second ends the process at once.
 * Thread-safe.
 */
public final class StopSignal {
  private final CountDownLatch first = new CountDownLatch(1);
  private final AtomicInteger count = new AtomicInteger();
  private volatile String name = "";

  private StopSignal() {}

  /**
   * Takes both signals over from the JVM.
   *
   * @param onSecond the exit code of a process that is told twice
   */
  public static StopSignal listen(int onSecond) {
    StopSignal signal = new StopSignal();
    for (String name : new String[] {"INT", "TERM"}) {
      Signals.register(name, () -> signal.arrived(name, onSecond));
    }
    return signal;
  }

  private void arrived(String signal, int onSecond) {
    if (count.incrementAndGet() > 1) {
      // Not exit: a shutdown hook that hangs would keep the process from ending.
      Runtime.getRuntime().halt(onSecond);
    }
    name = signal;
    first.countDown();
  }

  /** Whether the process was told to stop. */
  public boolean arrived() {
    return first.getCount() == 0;
  }

  /** Which signal came: {@code INT} or {@code TERM}; empty before. */
  public String name() {
    return name;
  }

  /** Waits for the first signal. */
  public void await() throws InterruptedException {
    first.await();
  }

  /** Waits this long at most; true when it came. */
  public boolean await(Duration atMost) throws InterruptedException {
    return first.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
  }
}
