package io.dbimport.engine;

/** One record of a file. Immutable. */
sealed interface FileRecord {

  /** The line it starts on, from 1. */
  long line();

  /**
   * A document to write.
   *
   * @param id the column {@code _id}: the string itself, or the JSON text of an id that is no
   *     string
   * @param json the whole document, {@code _id} included, on one line
   * @param idMade whether the record had no {@code _id} and was given one
   */
  record Document(long line, String id, String json, boolean idMade) implements FileRecord {}

  /**
   * A record that cannot become a document.
   *
   * @param reason for people: what is wrong, and what is accepted
   */
  record Bad(long line, String reason) implements FileRecord {}
}
