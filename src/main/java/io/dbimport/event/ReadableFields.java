package io.dbimport.event;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The request's own fields as far as they could be read, for the error event: name to a value that
 * is a String, Long or Boolean, in the contract's order, each text at most 1 KB of UTF-8.
 * Immutable.
 */
public record ReadableFields(Map<String, Object> values) {
  public ReadableFields {
    values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }
}
