package io.dbimport.engine;

import static io.dbimport.engine.RecordReader.MAX_RECORD_BYTES;

import io.dbimport.engine.RecordReader.Place;
import io.dbimport.engine.RecordReader.UnreadableFile;
import java.io.Closeable;
import java.io.IOException;
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

  /**
   * A piece of the file: an object, or something that could not be one.
   *
   * @param buffer holds its bytes until the next one is asked for
   * @param broken why it is no object; its bytes end where that was seen
   */
  @SuppressWarnings("ArrayRecordComponent") // made for each record, never compared
  record Frame(
      long line, long column, byte[] buffer, int start, int length, Optional<Problem> broken) {

    /** The problem at an index of the buffer. */
    Problem problem(ProblemKind kind, int at, String what) {
      return Problem.at(at, buffer, start, line, column, kind, what);
    }
  }

  private final FileBytes bytes;
  private long arrays;
  private boolean arrayTold;
  private boolean commaTold;
  private long carriageReturns;

  /** Whether only blanks are before the head on its line. */
  private boolean lineBegins = true;

  JsonFramer(FileBytes bytes) {
    this.bytes = bytes;
  }

  Place place() {
    return bytes.place();
  }

  /** How many stood between the records so far. */
  long carriageReturns() {
    return carriageReturns;
  }

  /**
   * The next piece; its bytes stay as they are until the next call. Empty at the end.
   *
   * @throws UnreadableFile for an array of objects, or objects with commas between them, once: the
   *     next call goes on behind it
   */
  Optional<Frame> next() throws IOException, UnreadableFile {
    if (bytes.position() == 0) {
      begin();
    }
    while (true) {
      skipBlanks();
      if (!bytes.has(0)) {
        return Optional.empty();
      }
      byte first = bytes.at(0);
      if (first == '{') {
        return Optional.of(object());
      }
      if (first == '[') {
        arrays++;
        if (!arrayTold) {
          arrayTold = true;
          throw passed(ProblemKind.ARRAY, "the file is a JSON array");
        }
      } else if (first == ',' && arrays == 0 && !commaTold) {
        commaTold = true;
        throw passed(ProblemKind.COMMA_BETWEEN_RECORDS, "a comma between records");
      } else if (first == ']' && arrays > 0) {
        arrays--;
      } else if (first != ',') {
        return Optional.of(broken(notAnObject(first)));
      }
      bytes.consume(1);
      lineBegins = false;
    }
  }

  private void begin() throws IOException, UnreadableFile {
    Optional<Problem> other = FileStart.problem(bytes);
    if (other.isPresent()) {
      throw new UnreadableFile(other.get(), false);
    }
    FileStart.skipBom(bytes);
  }

  private UnreadableFile passed(ProblemKind kind, String what) {
    Problem problem = here(kind, what);
    bytes.consume(1);
    lineBegins = false;
    return new UnreadableFile(problem, true);
  }

  private Problem here(ProblemKind kind, String what) {
    return new Problem(kind, bytes.line(), bytes.column(), what);
  }

  private Problem notAnObject(byte first) {
    String what =
        first == '}' || first == ']'
            ? "a %c that closes nothing".formatted(first)
            : "this is no JSON object";
    return here(ProblemKind.NOT_AN_OBJECT, what);
  }

  private Frame object() throws IOException {
    int depth = 0;
    boolean inString = false;
    boolean escaped = false;
    byte before = ',';
    int quote = 0;
    int lines = 0;
    int lineStart = 0;
    for (int at = 0; ; at++) {
      if (!bytes.has(at)) {
        return inString ? unclosedString(quote, at) : unclosed("the record does not end", at);
      }
      if (at >= MAX_RECORD_BYTES) {
        return broken(here(ProblemKind.TOO_LONG, "the record is longer than 16 MB"));
      }
      byte b = bytes.at(at);
      if (inString) {
        if (b == '\n') {
          return unclosedString(quote, at);
        }
        inString = escaped || b != '"';
        escaped = !escaped && b == '\\';
        continue;
      }
      if (b <= ' ') {
        if (b == '\n') {
          lines++;
          lineStart = at + 1;
        }
        continue;
      }
      switch (b) {
        case '"' -> {
          inString = true;
          quote = at;
        }
        case '{', '[' -> {
          if (before != ',' && before != ':' && before != '[') {
            return at == lineStart && b == '{'
                ? unclosed("the record does not end before the next begins", at)
                : unclosed("the record does not end", at + 1);
          }
          depth++;
        }
        case '}', ']' -> depth--;
        default -> {} // names and numbers: the parser looks at them
      }
      if (depth == 0) {
        Frame frame = frame(at + 1, Optional.empty());
        bytes.consume(at + 1, lines, lineStart);
        lineBegins = false;
        return frame;
      }
      before = b;
    }
  }

  private Frame frame(int length, Optional<Problem> broken) {
    return new Frame(bytes.line(), bytes.column(), bytes.buffer(), bytes.head(), length, broken);
  }

  private Frame unclosed(String what, int length) throws IOException {
    return broken(frame(length, Optional.of(here(ProblemKind.UNCLOSED_RECORD, what))));
  }

  private Frame unclosedString(int quote, int length) throws IOException {
    Frame seen = frame(length, Optional.empty());
    Problem problem =
        seen.problem(ProblemKind.UNCLOSED_STRING, seen.start() + quote, "a text that does not end");
    return broken(
        new Frame(
            seen.line(), seen.column(), seen.buffer(), seen.start(), length, Optional.of(problem)));
  }

  private Frame broken(Problem problem) throws IOException {
    return broken(frame(0, Optional.of(problem)));
  }

  /** Gives up what stands here, up to the next line that begins with a brace as this one may. */
  private Frame broken(Frame frame) throws IOException {
    long mostBlanks = lineBegins ? frame.column() - 1 : 0;
    while (bytes.has(0)) {
      int at = 0;
      while (at < FileBytes.BLOCK && bytes.has(at) && bytes.at(at) != '\n') {
        at++;
      }
      boolean lineEnds = bytes.has(at) && bytes.at(at) == '\n';
      bytes.passOver(lineEnds ? at + 1 : at, lineEnds);
      if (lineEnds && braceWithin(mostBlanks)) {
        break;
      }
    }
    lineBegins = true;
    return frame;
  }

  private boolean braceWithin(long mostBlanks) throws IOException {
    int at = 0;
    while (at < mostBlanks && bytes.has(at) && (bytes.at(at) == ' ' || bytes.at(at) == '\t')) {
      at++;
    }
    return bytes.has(at) && bytes.at(at) == '{';
  }

  /** What JSON itself calls blank: a file full of NULs is broken, and must not pass for empty. */
  private void skipBlanks() throws IOException {
    while (bytes.has(0)) {
      switch (bytes.at(0)) {
        case '\n' -> {
          bytes.consume(1, 1, 1);
          lineBegins = true;
        }
        case ' ', '\t' -> bytes.consume(1);
        case '\r' -> {
          carriageReturns++;
          bytes.consume(1);
        }
        default -> {
          return;
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    bytes.close();
  }
}
