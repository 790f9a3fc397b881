package io.dbimport.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** The lines of a stream, none of them and not all of them too long. Not thread-safe. */
final class BoundedLines {
  private static final int MAX_LINE_BYTES = 16 << 10;

  private final InputStream in;
  private final long maxBytes;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private final byte[] block = new byte[16 << 10];
  private int at;
  private int end;
  private long bytes;

  BoundedLines(InputStream in, long maxBytes) {
    this.in = in;
    this.maxBytes = maxBytes;
  }

  /** The next line that is not empty, without its line break; empty at the end. */
  Optional<byte[]> next() throws IOException {
    line.reset();
    while (at < end || fill()) {
      byte b = block[at++];
      if (b != '\n') {
        line.write(b);
      } else if (line.size() > 0) {
        return Optional.of(line.toByteArray());
      }
      if (line.size() > MAX_LINE_BYTES) {
        throw new OutOfBounds("a line of it is longer than %,d bytes".formatted(MAX_LINE_BYTES));
      }
    }
    return line.size() > 0 ? Optional.of(line.toByteArray()) : Optional.empty();
  }

  private boolean fill() throws IOException {
    at = 0;
    end = in.read(block);
    bytes += Math.max(0, end);
    if (bytes > maxBytes) {
      throw new OutOfBounds("it is longer than %,d bytes".formatted(maxBytes));
    }
    return end > 0;
  }
}
