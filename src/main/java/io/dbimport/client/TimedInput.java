package io.dbimport.client;

import io.dbimport.client.FailureListClient.Patience;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A stream that is waited for so long and no longer; the time between reads does not count. For one
 * reader.
 */
final class TimedInput extends InputStream {
  private static final Duration LOOK_EVERY = Duration.ofMillis(200);

  private final InputStream in;
  private final Patience patience;
  private final CountDownLatch closed = new CountDownLatch(1);
  private long waitedNanos;

  // Shared with the thread that watches.
  private volatile boolean waiting;
  private volatile long sinceNanos;
  private volatile boolean stalled;

  TimedInput(InputStream in, Patience patience) {
    this.in = in;
    this.patience = patience;
    Thread.ofVirtual().name("stalled-download").start(this::watch);
  }

  private void watch() {
    try {
      while (!closed.await(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
        long since = sinceNanos;
        if (waiting && System.nanoTime() - since > patience.stall().toNanos()) {
          stalled = true;
          // Whoever reads gets an exception.
          in.close();
          return;
        }
      }
    } catch (InterruptedException nobodyDoes) {
      Thread.currentThread().interrupt();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] bytes, int from, int length) throws IOException {
    long began = System.nanoTime();
    sinceNanos = began;
    waiting = true;
    int read;
    try {
      read = in.read(bytes, from, length);
    } catch (IOException broken) {
      throw stalled ? stalled() : broken;
    } finally {
      waiting = false;
    }
    if (stalled) {
      throw stalled();
    }
    waitedNanos += System.nanoTime() - began;
    if (waitedNanos > patience.all().toNanos()) {
      throw new OutOfBounds("it was waited for longer than " + patience.all().toSeconds() + " s");
    }
    return read;
  }

  private OutOfBounds stalled() {
    return new OutOfBounds("no byte came for " + patience.stall().toSeconds() + " s");
  }

  @Override
  public void close() throws IOException {
    closed.countDown();
    in.close();
  }
}
