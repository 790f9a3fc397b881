package io.dbimport.engine;

/** One record of a file. Immutable. */
sealed interface FileRecord {

  /** The line it starts on, or its problem stands on, from 1. */
  long line();

  /**
   * A document to write.
   *
   * @param column that it starts at, in characters, from 1
   * @param id the column {@code _id}: the string itself, or the JSON text of an id that is no
   *     string
   * @param object the whole document, {@code _id} included, on one line
   * @param idMade whether the record had no {@code _id} and was given one
   */
  record Document(long line, long column, String id, Utf8Text object, boolean idMade)
      implements FileRecord {}

  /** A record that cannot become a document. */
  record Bad(Problem problem) implements FileRecord {
    @Override
    public long line() {
      return problem.line();
    }
  }
}
