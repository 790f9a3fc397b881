package io.dbimport.engine;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A storage that gives as many blocks of a few kilobytes as it was allowed to, and then waits; it
 * notes how many files were read at once. Thread-safe.
 */
class MeteringStorage implements Storage {
  private static final int BLOCK_BYTES = 4096;
  private static final int MANY = 1_000_000;

  private final Storage behind;
  private final Semaphore blocks;
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicInteger reading = new AtomicInteger();
  private final AtomicInteger mostReading = new AtomicInteger();

  /** Files that are read without being metered. */
  final Set<String> free = ConcurrentHashMap.newKeySet();

  MeteringStorage(Storage behind, int blocks) {
    this.behind = behind;
    this.blocks = new Semaphore(blocks);
  }

  void allow(int more) {
    blocks.release(more);
  }

  void allowAll() {
    blocks.release(MANY);
  }

  /**
   * A file is read until its end is met: it is closed later, when its job may have ended and the
   * next one begun.
   */
  int mostReadAtOnce() {
    return mostReading.get();
  }

  int openNow() {
    return open.get();
  }

  /** How many readers wait for more. */
  int waiting() {
    return blocks.getQueueLength();
  }

  @Override
  public InputStream open(String env, String path, String version, long position)
      throws IOException {
    InputStream in = behind.open(env, path, version, position);
    open.incrementAndGet();
    mostReading.accumulateAndGet(reading.incrementAndGet(), Math::max);
    boolean metered = !free.contains(path);
    return new FilterInputStream(in) {
      private boolean closed;
      private boolean ended;

      @Override
      public int read(byte[] bytes, int from, int length) throws IOException {
        if (metered) {
          try {
            blocks.acquire();
          } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException();
          }
        }
        int read = super.read(bytes, from, Math.min(BLOCK_BYTES, length));
        if (read < 0) {
          end();
        }
        return read;
      }

      private void end() {
        if (!ended) {
          ended = true;
          reading.decrementAndGet();
        }
      }

      @Override
      public void close() throws IOException {
        if (!closed) {
          closed = true;
          open.decrementAndGet();
          end();
        }
        super.close();
      }
    };
  }

  @Override
  public long store(String env, String path, InputStream body) throws IOException {
    return behind.store(env, path, body);
  }

  @Override
  public Stored look(String env, String path) throws IOException {
    return behind.look(env, path);
  }

  @Override
  public long used(String env) throws IOException {
    return behind.used(env);
  }

  @Override
  public boolean delete(String env, String path) throws IOException {
    return behind.delete(env, path);
  }
}
