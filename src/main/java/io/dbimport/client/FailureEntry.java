package io.dbimport.client;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A record that a job refused, as the server's list has it. Immutable.
 *
 * @param line of the imported file, from 1
 * @param column in characters, from 1
 * @param kind what is wrong, for programs; a newer server may know more kinds than this client
 * @param what what is wrong there, for people
 * @param advice what to change; may be empty
 */
public record FailureEntry(long line, long column, String kind, String what, String advice) {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final int MAX_CHARS = 500;

  /** What a line of a list says; empty when it is no line of one. */
  static Optional<FailureEntry> of(byte[] line) {
    JsonNode json;
    try {
      json = JSON.readTree(line);
    } catch (JacksonException notJson) {
      return Optional.empty();
    }
    boolean whole =
        isPlace(json.path("line"))
            && isPlace(json.path("column"))
            && json.path("kind").isString()
            && json.path("what").isString();
    return whole
        ? Optional.of(
            new FailureEntry(
                json.path("line").longValue(),
                json.path("column").longValue(),
                text(json, "kind"),
                text(json, "what"),
                text(json, "advice")))
        : Optional.empty();
  }

  private static boolean isPlace(JsonNode number) {
    return number.isIntegralNumber() && number.canConvertToLong() && number.longValue() >= 0;
  }

  /** On one line: others may have written it. */
  private static String text(JsonNode json, String name) {
    String text = json.path(name).asString("").replaceAll("\\s+", " ");
    return text.length() <= MAX_CHARS ? text : text.substring(0, MAX_CHARS) + "…";
  }

  /** The same for programs, under the list's own names. */
  public Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("line", line);
    fields.put("column", column);
    fields.put("kind", kind);
    fields.put("what", what);
    fields.put("advice", advice);
    return fields;
  }
}
