package io.dbimport.engine;

import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;

/** Reads a file record by record, in memory that does not grow with it. Not thread-safe. */
interface RecordReader extends Closeable {

  /**
   * The next record; empty at the end of the file.
   *
   * @throws UnreadableFile when nothing more can be read, whatever is done about single records
   * @throws IOException when the storage fails
   */
  Optional<FileRecord> next() throws IOException, UnreadableFile;

  /**
   * Where reading stands after the last record, in the reader's own measure: a reader that is
   * opened there goes on with the next one.
   */
  long position();

  /** The line that reading stands at, from 1. */
  long line();

  /** Nothing more can be read from the file, and why: what is wrong and what to change. */
  final class UnreadableFile extends Exception {
    private static final long serialVersionUID = 1L;

    UnreadableFile(String why) {
      super(why);
    }

    /** Never null. */
    String why() {
      return String.valueOf(getMessage());
    }
  }
}
