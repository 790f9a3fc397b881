package io.dbimport.engine;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A storage in which one environment may store so many bytes and no more. An upload takes room as
 * it arrives; one that replaces a file needs room for both. Thread-safe.
 *
 * <p>What lies in an environment is measured at its first upload, and again before an upload is
 * refused; between that, uploads are added up. Servers that share a storage each add up their own,
 * and measure again only when their own count is full: together they may pass the quota.
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

    QuotaExceeded(long quotaBytes) {
      super("the environment may store " + quotaBytes + " bytes");
    }
  }

  /** What one environment holds. Its lock is held while it is measured: its uploads wait then. */
  private final class Room {
    private final String env;
    private boolean measured;
    private long stored;
    private long arriving;

    Room(String env) {
      this.env = env;
    }

    synchronized void take(long bytes) throws IOException {
      if (!measured || stored + arriving + bytes > quotaBytes) {
        stored = behind.used(env);
        measured = true;
        if (stored + arriving + bytes > quotaBytes) {
          throw new QuotaExceeded(quotaBytes);
        }
      }
      arriving += bytes;
    }

    /** Never too few: a file that a measurement has met already counts twice until the next. */
    synchronized void end(long bytes, boolean whole) {
      arriving -= bytes;
      stored += whole ? bytes : 0;
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
      if (bytes > 0) {
        room.take(bytes);
        taken += bytes;
      }
    }
  }

  @Override
  public long store(String env, String path, InputStream body) throws IOException {
    Room room = rooms.computeIfAbsent(env, Room::new);
    Taking taking = new Taking(body, room);
    boolean whole = false;
    try {
      long length = behind.store(env, path, taking);
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
