package io.dbimport.engine;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A storage in which one environment may store so many bytes and no more. An upload takes room as
 * it arrives; one that replaces a file needs room for both. Thread-safe.
 *
 * <p>What lies in an environment is measured when an upload begins, whoever stored it, and again
 * before an upload is refused; to that are added the uploads that arrive here and those that ended
 * since. So one server never passes the quota. Servers that share a storage see what the others
 * stored, not what they are receiving: an environment passes its quota at most by what other
 * servers were receiving for it when its last upload began.
 */
public final class QuotaStorage implements Storage {
  private final Storage behind;
  private final long quotaBytes;
  private final Map<String, Room> rooms = new ConcurrentHashMap<>();

  /** Over another storage, with so many bytes for each environment. */
  public QuotaStorage(Storage behind, long quotaBytes) {
    this.behind = behind;
    this.quotaBytes = quotaBytes;
  }

  /** An upload would pass the quota; nothing of it is stored. */
  public static final class QuotaExceeded extends IOException {
    private static final long serialVersionUID = 1L;

    QuotaExceeded(long storedBytes, long arrivingBytes, long askedBytes, long quotaBytes) {
      super(
          "%d bytes are stored, %d others are arriving, at least %d more are asked for, and %d are allowed"
              .formatted(storedBytes, arrivingBytes, askedBytes, quotaBytes));
    }
  }

  /** What one environment holds. */
  private final class Room {
    private final String env;

    /** Held while the environment is measured; uploads that arrive go on meanwhile. */
    private final Lock measuring = new ReentrantLock();

    private boolean measured;
    private long measuredFrom;
    private long stored;
    private long arriving;
    private long endedSince;

    Room(String env) {
      this.env = env;
    }

    /** Uploads that wait for the same measurement share it, if it is no older than all of them. */
    void measure(long since) throws IOException {
      measuring.lock();
      try {
        if (measured && measuredFrom - since >= 0) {
          return;
        }
        long from = System.nanoTime();
        synchronized (this) {
          endedSince = 0;
        }
        long found = behind.used(env);
        synchronized (this) {
          // Never too few: a file that the measurement has met already counts twice until the next.
          stored = found + endedSince;
        }
        measuredFrom = from;
        measured = true;
      } finally {
        measuring.unlock();
      }
    }

    /**
     * Refuses what has no room.
     *
     * @param taken what the upload has taken so far
     * @param more what it takes besides
     */
    void require(long taken, long more) throws IOException {
      if (hasRoom(more)) {
        return;
      }
      measure(System.nanoTime());
      synchronized (this) {
        if (!hasRoom(more)) {
          throw new QuotaExceeded(stored, arriving - taken, taken + more, quotaBytes);
        }
      }
    }

    private synchronized boolean hasRoom(long more) {
      return more <= quotaBytes - stored - arriving;
    }

    synchronized boolean take(long bytes) {
      boolean room = hasRoom(bytes);
      arriving += room ? bytes : 0;
      return room;
    }

    synchronized void end(long bytes, boolean whole) {
      arriving -= bytes;
      stored += whole ? bytes : 0;
      endedSince += whole ? bytes : 0;
    }
  }

  /** Takes room for what is read. */
  private static final class Taking extends FilterInputStream {
    private final Room room;
    private long taken;

    Taking(InputStream in, Room room) {
      super(in);
      this.room = room;
    }

    @Override
    public int read() throws IOException {
      int next = super.read();
      take(next < 0 ? 0 : 1);
      return next;
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
      int read = super.read(bytes, from, length);
      take(Math.max(0, read));
      return read;
    }

    private void take(int bytes) throws IOException {
      while (bytes > 0 && !room.take(bytes)) {
        room.require(taken, bytes);
      }
      taken += bytes;
    }
  }

  @Override
  public long store(String env, String path, InputStream body) throws IOException {
    return store(env, path, body, 0);
  }

  @Override
  public long store(String env, String path, InputStream body, long atLeast) throws IOException {
    Room room = rooms.computeIfAbsent(env, Room::new);
    room.measure(System.nanoTime());
    room.require(0, atLeast);
    Taking taking = new Taking(body, room);
    boolean whole = false;
    try {
      long length = behind.store(env, path, taking, atLeast);
      whole = true;
      return length;
    } finally {
      room.end(taking.taken, whole);
    }
  }

  @Override
  public long used(String env) throws IOException {
    return behind.used(env);
  }

  @Override
  public InputStream open(String env, String path, String version, long position)
      throws IOException {
    return behind.open(env, path, version, position);
  }

  @Override
  public Stored look(String env, String path) throws IOException {
    return behind.look(env, path);
  }

  @Override
  public boolean delete(String env, String path) throws IOException {
    return behind.delete(env, path);
  }

  @Override
  public void close() {
    behind.close();
  }
}
