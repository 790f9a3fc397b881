package io.dbimport.engine;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.Arrays;
import java.util.Random;

/** Stores a long file in a bucket and reads it back, in as little memory as it is started with. */
final class S3MemoryProcess {
  private S3MemoryProcess() {}

  /**
   * Ends with an exception when what is read is not what was stored.
   *
   * @param args the location, the endpoint, how many bytes
   */
  public static void main(String[] args) throws Exception {
    long bytes = Long.parseLong(args[2]);
    try (S3Storage storage = S3Storage.open(S3Location.of(args[0], URI.create(args[1])), _ -> {})) {
      long stored = storage.store("env", "f", new Noise(bytes));
      try (InputStream read = storage.open("env", "f", storage.look("env", "f").version(), 0)) {
        long same = same(read, new Noise(bytes));
        if (stored != bytes || same != bytes) {
          throw new IllegalStateException(stored + " stored, " + same + " the same");
        }
      }
    }
  }

  private static long same(InputStream left, InputStream right) throws IOException {
    byte[] block = new byte[64 * 1024];
    byte[] other = new byte[block.length];
    long same = 0;
    while (true) {
      int read = left.readNBytes(block, 0, block.length);
      int expected = right.readNBytes(other, 0, other.length);
      if (read != expected || !Arrays.equals(block, other)) {
        return -1;
      }
      if (read == 0) {
        return same;
      }
      same += read;
    }
  }

  /** The same bytes each time, none of them kept. */
  private static final class Noise extends InputStream {
    private final Random random = new Random(1);
    private long left;

    Noise(long bytes) {
      left = bytes;
    }

    @Override
    public int read() {
      return left-- > 0 ? random.nextInt(256) : -1;
    }

    @Override
    public int read(byte[] bytes, int from, int length) {
      int given = (int) Math.min(left, length);
      for (int i = 0; i < given; i++) {
        bytes[from + i] = (byte) random.nextInt(256);
      }
      left -= given;
      return given == 0 && length > 0 ? -1 : given;
    }
  }
}
