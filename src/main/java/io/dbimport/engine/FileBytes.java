package io.dbimport.engine;

import io.dbimport.engine.RecordReader.Place;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;

/**
 * The bytes of a file ahead of where reading stands, as many as are asked for, and the line and
 * column of that place. Not thread-safe.
 */
final class FileBytes implements Closeable {
  static final int BLOCK = 1 << 16;

  private final InputStream in;
  private OutputStream passedOver = OutputStream.nullOutputStream();
  private byte[] buffer = new byte[BLOCK];
  private int head;
  private int tail;
  private boolean ended;
  private long position;
  private long line;

  // Columns are counted only when asked for: from here, which is on the head's line.
  private int counted;
  private long column;

  /**
   * Begins at a place.
   *
   * @param in the file from that place on
   */
  FileBytes(InputStream in, Place place) {
    this.in = in;
    this.position = place.position();
    this.line = place.line();
    this.column = place.column();
  }

  /** What {@link #passOver} passes over goes there. */
  void copyTo(OutputStream out) {
    passedOver = out;
  }

  byte[] buffer() {
    return buffer;
  }

  /** Index in the buffer of the place where reading stands. */
  int head() {
    return head;
  }

  long position() {
    return position;
  }

  long line() {
    return line;
  }

  long column() {
    column += Utf8.characters(buffer, counted, head);
    counted = head;
    return column;
  }

  Place place() {
    return new Place(position, line, column());
  }

  byte at(int ahead) {
    return buffer[head + ahead];
  }

  /** Passes bytes among which no line ends. */
  void consume(int bytes) {
    head += bytes;
    position += bytes;
  }

  /** What was passed on this line is no part of it. */
  void restartColumn() {
    column = 1;
    counted = head;
  }

  /** Passes bytes among which lines end, the last of them before {@code lineStart} bytes. */
  void consume(int bytes, long lines, int lineStart) {
    if (lines > 0) {
      line += lines;
      column = 1;
      counted = head + lineStart;
    }
    consume(bytes);
  }

  /** Passes bytes that are no record, the last of which ends a line if that is said. */
  void passOver(int bytes, boolean lineEnds) throws IOException {
    passedOver.write(buffer, head, bytes);
    consume(bytes, lineEnds ? 1 : 0, bytes);
  }

  /** How many bytes are ahead in the buffer. */
  int seen() {
    return tail - head;
  }

  /** Goes forward to a place without looking at what is between. */
  void skipTo(Place place) throws IOException {
    int read = tail - head;
    long ahead = place.position() - position;
    if (ahead <= read) {
      head += (int) ahead;
    } else {
      in.skipNBytes(ahead - read);
      head = tail;
    }
    position = place.position();
    line = place.line();
    column = place.column();
    counted = head;
  }

  /** Makes sure that the byte this far ahead is in the buffer; false at the file's end. */
  boolean has(int ahead) throws IOException {
    return head + ahead < tail || read(ahead);
  }

  private boolean read(int ahead) throws IOException {
    while (head + ahead >= tail) {
      if (ended) {
        return false;
      }
      if (tail == buffer.length) {
        makeRoom();
      }
      int read = in.read(buffer, tail, buffer.length - tail);
      if (read < 0) {
        ended = true;
      } else {
        tail += read;
      }
    }
    return true;
  }

  private void makeRoom() {
    var _ = column();
    int kept = tail - head;
    // What was given out points into the old array: never move bytes within it.
    byte[] next = new byte[kept > buffer.length / 2 ? buffer.length * 2 : buffer.length];
    System.arraycopy(buffer, head, next, 0, kept);
    buffer = next;
    head = 0;
    counted = 0;
    tail = kept;
    if (kept == 0 && buffer.length > BLOCK) {
      buffer = Arrays.copyOf(buffer, BLOCK);
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
