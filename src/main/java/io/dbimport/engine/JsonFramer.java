package io.dbimport.engine;

import io.dbimport.engine.RecordReader.UnreadableFile;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Optional;

/**
 * Cuts a stream of bytes into JSON objects without parsing them: it only follows strings and
 * braces, and knows where each object begins and ends. Not thread-safe.
 *
 * <p>Objects may stand one a line, several on a line, or spread over lines. What is no object ends
 * at the next line that begins with a brace, so that one broken record costs itself and not the
 * file.
 */
final class JsonFramer implements Closeable {
  /** The longest record, as in the databases imported into. */
  static final int MAX_RECORD_BYTES = 16 << 20;

  private static final int BLOCK = 1 << 16;

  /** A piece of the file: an object, or something else that could not be one. */
  static final class Frame {
    final long line;
    final byte[] buffer;
    final int start;
    final int length;
    final Optional<String> broken;

    private Frame(long line, byte[] buffer, int start, int length, Optional<String> broken) {
      this.line = line;
      this.buffer = buffer;
      this.start = start;
      this.length = length;
      this.broken = broken;
    }
  }

  private final InputStream in;
  private byte[] buffer = new byte[BLOCK];
  private int head;
  private int tail;
  private boolean ended;
  private long headPosition;
  private long line;

  /**
   * Begins at the stream's start.
   *
   * @param position of the stream's first byte in the file
   * @param line of that byte, from 1
   */
  JsonFramer(InputStream in, long position, long line) {
    this.in = in;
    this.headPosition = position;
    this.line = line;
  }

  long position() {
    return headPosition;
  }

  long line() {
    return line;
  }

  /**
   * The next piece; its bytes stay as they are until the next call. Empty at the end.
   *
   * @throws UnreadableFile for an array of objects, or objects with commas between them
   */
  Optional<Frame> next() throws IOException, UnreadableFile {
    skipBlanks();
    if (!has(0)) {
      return Optional.empty();
    }
    if (headPosition == 0 && has(1) && isUtf16()) {
      throw new UnreadableFile("line 1: the file is UTF-16; save it as UTF-8");
    }
    byte first = buffer[head];
    if (first == '[') {
      throw new UnreadableFile(
          "line "
              + line
              + ": the file is a JSON array; write one object a line, without [ ] around them and"
              + " without commas between them");
    }
    if (first == ',') {
      throw new UnreadableFile(
          "line " + line + ": a comma between records; separate them by line breaks alone");
    }
    return Optional.of(first == '{' ? object() : resync("a record must be a JSON object"));
  }

  private Frame object() throws IOException {
    long startLine = line;
    int depth = 0;
    boolean inString = false;
    boolean escaped = false;
    byte before = ',';
    long lines = 0;
    for (int at = 0; ; at++) {
      if (!has(at)) {
        return resync("the record does not end: a brace or a quote is missing");
      }
      if (at >= MAX_RECORD_BYTES) {
        return resync("the record is longer than 16 MB");
      }
      byte b = buffer[head + at];
      if (inString) {
        if (b == '\n') {
          return resync("a line break inside a string: a quote is missing, or write \\n");
        }
        inString = escaped || b != '"';
        escaped = !escaped && b == '\\';
        continue;
      }
      switch (b) {
        case '"' -> inString = true;
        case '{', '[' -> {
          if (before != ',' && before != ':' && before != '[') {
            return resync("the record does not end before the next begins");
          }
          depth++;
        }
        case '}', ']' -> depth--;
        case '\n' -> lines++;
        default -> {} // names, numbers and blanks: the parser looks at them
      }
      if (depth == 0) {
        Frame frame = new Frame(startLine, buffer, head, at + 1, Optional.empty());
        consume(at + 1);
        line += lines;
        return frame;
      }
      if (b > ' ') {
        before = b;
      }
    }
  }

  /** Gives up what stands here, up to the next line that begins with a brace. */
  private Frame resync(String why) throws IOException {
    long startLine = line;
    while (has(0)) {
      int at = 0;
      while (at < BLOCK && has(at) && buffer[head + at] != '\n') {
        at++;
      }
      boolean lineEnds = has(at) && buffer[head + at] == '\n';
      consume(lineEnds ? at + 1 : at);
      if (lineEnds) {
        line++;
        if (has(0) && buffer[head] == '{') {
          break;
        }
      }
    }
    return new Frame(startLine, buffer, head, 0, Optional.of(why));
  }

  private void skipBlanks() throws IOException {
    if (headPosition == 0 && has(2) && isBom()) {
      consume(3);
    }
    while (has(0) && isBlank(buffer[head])) {
      if (buffer[head] == '\n') {
        line++;
      }
      consume(1);
    }
  }

  /** What JSON itself calls blank: a file full of NULs is broken, and must not pass for empty. */
  private static boolean isBlank(byte b) {
    return b == ' ' || b == '\n' || b == '\r' || b == '\t';
  }

  private boolean isUtf16() {
    int mark = (buffer[head] & 0xFF) << 8 | (buffer[head + 1] & 0xFF);
    return mark == 0xFFFE || mark == 0xFEFF;
  }

  private boolean isBom() {
    return buffer[head] == (byte) 0xEF
        && buffer[head + 1] == (byte) 0xBB
        && buffer[head + 2] == (byte) 0xBF;
  }

  private void consume(int bytes) {
    head += bytes;
    headPosition += bytes;
  }

  /** Makes sure that the byte this far from the head is in the buffer; false at the file's end. */
  private boolean has(int ahead) throws IOException {
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
    int kept = tail - head;
    // A frame given out points into the old array: never move bytes within it.
    byte[] next = new byte[kept > buffer.length / 2 ? buffer.length * 2 : buffer.length];
    System.arraycopy(buffer, head, next, 0, kept);
    buffer = next;
    head = 0;
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
