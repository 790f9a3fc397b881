package io.dbimport.engine;

import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;

/** Reads a file record by record, in memory that does not grow with it. Not thread-safe. */
interface RecordReader extends Closeable {

  /** The longest record, as in the databases imported into. */
  int MAX_RECORD_BYTES = 16 << 20;

  /**
   * The next record; empty at the end of the file.
   *
   * @throws UnreadableFile when the file must not be imported any further, whatever is done about
   *     single records; who only looks for problems may call again where it {@code goesOn}
   * @throws IOException when the storage fails
   */
  Optional<FileRecord> next() throws IOException, UnreadableFile;

  /** Where reading stands after the last record: a reader that is opened there goes on. */
  Place place();

  /**
   * A place in a file. Immutable.
   *
   * @param position in bytes, from 0
   * @param line from 1
   * @param column in characters, from 1
   */
  record Place(long position, long line, long column) {
    static final Place START = new Place(0, 1, 1);
  }

  /** The file is not to be imported any further. */
  final class UnreadableFile extends Exception {
    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial") // never serialised
    private final Problem problem;

    private final boolean goesOn;

    /**
     * The end of an import.
     *
     * @param goesOn whether more problems may be found behind it
     */
    UnreadableFile(Problem problem, boolean goesOn) {
      super(problem.sentence());
      this.problem = problem;
      this.goesOn = goesOn;
    }

    boolean goesOn() {
      return goesOn;
    }

    Problem problem() {
      return problem;
    }
  }
}
