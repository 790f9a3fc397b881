package io.dbimport.cli;

import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Prints lists as JSON for other programs. Stateless. */
final class Json {
  private static final JsonMapper COMPACT = new JsonMapper();
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private Json() {}

  /** Maps, lists, texts and numbers, indented. */
  static String pretty(Object value) {
    return JSON.writeValueAsString(value);
  }

  /** The same on one line. */
  static String compact(Object value) {
    return COMPACT.writeValueAsString(value);
  }
}
