package io.dbimport.event;

import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

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
    values.forEach((name, value) ->
        cut.put(name, value instanceof String text ? Texts.cut(text, MAX_TEXT_BYTES) : value));
    values = Collections.unmodifiableMap(cut);
  }

  /** All fields of a request but its id, uncut: they are within their bounds already. */
  static Map<String, Object> of(ImportRequest request) {
    Map<String, Object> fields = required(request.parameters());
    fields.putAll(optional(request));
    return fields;
  }

  /** The six that every request has. */
  static Map<String, Object> required(ImportParameters parameters) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("env", parameters.env());
    fields.put("collection_name", parameters.collectionName());
    fields.put("file_path", parameters.filePath());
    fields.put("file_type", (long) parameters.fileType().code());
    fields.put("stop_on_error", parameters.stopOnError());
    fields.put("conflict_mode", (long) parameters.conflictMode().code());
    return fields;
  }

  /** Those that follow the request's id. */
  static Map<String, Object> optional(ImportRequest request) {
    Map<String, Object> fields = new LinkedHashMap<>();
    if (request.appId() != null) {
      fields.put("app_id", request.appId());
    }
    if (request.deadline() != null) {
      fields.put("deadline", Texts.instant(request.deadline()));
    }
    fields.put("rerun_safe", request.rerunSafe());
    return fields;
  }

  /**
   * The key of results for a request without one: {@code env/collection_name}; null when either
   * could not be read.
   */
  byte @Nullable [] key() {
    return values.get("env") instanceof String env
            && values.get("collection_name") instanceof String collection
        ? key(env, collection)
        : null;
  }

  /** The key of results for a request without one: {@code env/collection_name}. */
  static byte[] key(ImportParameters parameters) {
    return key(parameters.env(), parameters.collectionName());
  }

  private static byte[] key(String env, String collection) {
    return (env + "/" + collection).getBytes(StandardCharsets.UTF_8);
  }
}
