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
 * notes how many files were open at once. Thread-safe.
 */
class MeteringStorage implements Storage {
  private static final int BLOCK_BYTES = 4096;
  private static final int MANY = 1_000_000;

  private final Storage behind;
  private final Semaphore blocks;
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicInteger mostOpen = new AtomicInteger();

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

  int mostOpenAtOnce() {
    return mostOpen.get();
  }

  int openNow() {
    return open.get();
  }

  /** How many readers wait for more. */
  int waiting() {
    return blocks.getQueueLength();
  }

  @Override
  public InputStream open(String env, String path, long position) throws IOException {
    InputStream in = behind.open(env, path, position);
    mostOpen.accumulateAndGet(open.incrementAndGet(), Math::max);
    boolean metered = !free.contains(path);
    return new FilterInputStream(in) {
      private boolean closed;

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
        return super.read(bytes, from, Math.min(BLOCK_BYTES, length));
      }

      @Override
      public void close() throws IOException {
        if (!closed) {
          closed = true;
          open.decrementAndGet();
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
  public boolean exists(String env, String path) throws IOException {
    return behind.exists(env, path);
  }

  @Override
  public long length(String env, String path) throws IOException {
    return behind.length(env, path);
  }

  @Override
  public boolean delete(String env, String path) throws IOException {
    return behind.delete(env, path);
  }
}
