package io.dbimport.event;

import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The request's own fields as far as they could be read, for the error event: name to a value that
 * is a String, Long or Boolean, in the contract's order, each text cut to 1 KB of UTF-8. Immutable.
 */
public record ReadableFields(Map<String, Object> values) {
  /** Nothing could be read. */
  public static final ReadableFields NONE = new ReadableFields(Map.of());

  static final int MAX_TEXT_BYTES = 1024;

  public ReadableFields {
    Map<String, Object> cut = new LinkedHashMap<>();
    values.forEach(
        (name, value) ->
            cut.put(name, value instanceof String text ? Texts.cut(text, MAX_TEXT_BYTES) : value));
    values = Collections.unmodifiableMap(cut);
  }

  /** All fields of a request but its id, uncut: they are within their bounds already. */
  static Map<String, Object> of(ImportRequest request) {
    ImportParameters parameters = request.parameters();
    Map<String, Object> fields = new LinkedHashMap<>();
    if (request.appId() != null) {
      fields.put("app_id", request.appId());
    }
    fields.put("env", parameters.env());
    fields.put("collection_name", parameters.collectionName());
    fields.put("file_path", parameters.filePath());
    fields.put("file_type", (long) parameters.fileType().code());
    fields.put("stop_on_error", parameters.stopOnError());
    fields.put("conflict_mode", (long) parameters.conflictMode().code());
    if (request.deadline() != null) {
      fields.put("deadline", Texts.instant(request.deadline()));
    }
    fields.put("rerun_safe", request.rerunSafe());
    return fields;
  }

  /** The key of results for a request without one: {@code env/collection_name}. */
  static byte[] key(ImportParameters parameters) {
    return (parameters.env() + "/" + parameters.collectionName()).getBytes(StandardCharsets.UTF_8);
  }
}
