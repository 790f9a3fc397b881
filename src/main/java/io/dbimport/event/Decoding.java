package io.dbimport.event;

import io.dbimport.ImportRequest;
import io.dbimport.Outcome;

/** What came of reading a delivery; past this line nothing is checked again. Immutable. */
public sealed interface Decoding {

  /** A request that may be called. */
  record Valid(ImportRequest request) implements Decoding {}

  /**
   * It can never be called.
   *
   * @param requestId as far as it could be read, else topic, partition and offset
   * @param fields what could be read, for the error event
   * @param failed why, with its errcode and class
   */
  record Invalid(String requestId, ReadableFields fields, Outcome.Failed failed)
      implements Decoding {}
}
