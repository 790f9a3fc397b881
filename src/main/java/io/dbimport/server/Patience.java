package io.dbimport.server;

/**
 * How much longer a peer may keep one connection's thread waiting. Waiting uses it up; bytes that
 * move give some back. Thread-safe; times are of {@link System#nanoTime}.
 */
final class Patience {
  private final long fullNanos;
  private final long idleNanos;
  private final long lingerNanos;
  private final long nanosPerByte;
  private long left;
  private boolean waiting;
  private long since;
  private long until;
  private boolean usedUp;

  Patience(ConnectionBounds bounds) {
    this.fullNanos = bounds.patience().toNanos();
    this.idleNanos = bounds.idle().toNanos();
    this.lingerNanos = bounds.linger().toNanos();
    this.nanosPerByte = 1_000_000_000L / bounds.bytesPerSecond();
    this.left = fullNanos;
  }

  /** The thread begins to wait for a request, of which nothing has come. */
  synchronized void idle(long now) {
    begin(now, idleNanos);
  }

  /** The thread begins to wait for bytes of the peer. */
  synchronized void reading(long now) {
    begin(now, left);
  }

  /** The thread begins to wait for the peer to take so many bytes. */
  synchronized void writing(long now, long bytes) {
    begin(now, left + bytes * nanosPerByte);
  }

  private void begin(long now, long nanos) {
    waiting = true;
    since = now;
    until = now + nanos;
  }

  /**
   * The wait is over, and so many bytes have moved. False when the thread was interrupted because
   * the patience was used up.
   */
  synchronized boolean moved(long now, long bytes) {
    waiting = false;
    left = Math.min(fullNanos, left - (now - since) + bytes * nanosPerByte);
    return !usedUp;
  }

  /** The peer has begun a new request. */
  synchronized void renew() {
    left = fullNanos;
  }

  /** From here on there is only the time in which what still comes is thrown away. */
  synchronized void linger() {
    left = lingerNanos;
  }

  /** Interrupts the thread when it waits and the patience is used up; never at other work. */
  synchronized void stopIfOver(Thread thread, long now) {
    if (waiting && !usedUp && now - until > 0) {
      usedUp = true;
      thread.interrupt();
    }
  }
}
