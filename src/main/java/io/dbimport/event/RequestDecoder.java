package io.dbimport.event;

import io.dbimport.ConflictMode;
import io.dbimport.ErrorClass;
import io.dbimport.ErrorCode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.Outcome.Failed;
import io.dbimport.event.Decoding.Invalid;
import io.dbimport.event.Decoding.Valid;
import io.dbimport.event.RequestFields.Field;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads import requests: parse once, and past this line nothing is checked again. Thread-safe.
 *
 * <p>The codes are those that the API itself would answer: 44002 for an empty value, 47001 for what
 * is no JSON object, 40101 for a missing field (null counts as missing), 40097 for a value that is
 * not allowed. All problems of an event are named at once; a missing field decides the code.
 * Messages name fields, positions and types, never a text of the event: it may hold a secret.
 */
public final class RequestDecoder {
  private static final int MAX_APP_ID_CHARS = 128;
  private static final int MAX_PATH_BYTES = 4096;

  /** Decodes any bytes whatsoever. */
  public Decoding decode(Delivery delivery) {
    byte[] value = delivery.value();
    if (value == null || value.length == 0) {
      return malformed(delivery, ErrorCode.EMPTY_POST_DATA, "the event has no value");
    }
    return switch (RequestFields.read(value)) {
      case RequestFields.Unreadable(String why) ->
          malformed(delivery, ErrorCode.DATA_FORMAT_ERROR, why);
      case RequestFields.Read fields -> new Check(delivery, fields).decoding();
    };
  }

  private static Invalid malformed(Delivery delivery, ErrorCode code, String detail) {
    return new Invalid(
        requestId(delivery, null).orElse(delivery.source().requestId()),
        ReadableFields.NONE,
        new Failed(code.code(), code.message(), ErrorClass.MALFORMED, detail, 0));
  }

  /** The id by field, by headers, or by position; empty when one is there that is too long. */
  private static Optional<String> requestId(Delivery delivery, @Nullable String field) {
    if (field != null) {
      return isRequestId(field) ? Optional.of(field) : Optional.empty();
    }
    String source = null;
    String id = null;
    for (Header header : delivery.headers()) {
      source = header.name().equals("ce_source") ? header.text() : source;
      id = header.name().equals("ce_id") ? header.text() : id;
    }
    if (source == null || source.isEmpty() || id == null || id.isEmpty()) {
      return Optional.of(delivery.source().requestId());
    }
    String both = source + "/" + id;
    return isRequestId(both) ? Optional.of(both) : Optional.empty();
  }

  private static boolean isRequestId(String id) {
    return ImportRequest.isRequestId(id) && RequestFields.isCleanText(id);
  }

  /** The check of one event's fields; it collects every problem. Confined to one call. */
  private static final class Check {
    private final Delivery delivery;
    private final RequestFields.Read fields;
    private final List<String> missing = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();

    Check(Delivery delivery, RequestFields.Read fields) {
      this.delivery = delivery;
      this.fields = fields;
    }

    Decoding decoding() {
      String env = name(Field.ENV);
      String collection = name(Field.COLLECTION_NAME);
      String path = path();
      FileType type =
          choice(Field.FILE_TYPE, "1 (JSON) or 2 (CSV)").flatMap(FileType::of).orElse(null);
      Boolean stopOnError = required(Field.STOP_ON_ERROR) ? bool(Field.STOP_ON_ERROR) : null;
      ConflictMode mode =
          choice(Field.CONFLICT_MODE, "1 (INSERT) or 2 (UPSERT)")
              .flatMap(ConflictMode::of)
              .orElse(null);
      Instant deadline = deadline();
      String appId = appId();
      Boolean rerunSafe = fields.has(Field.RERUN_SAFE) ? bool(Field.RERUN_SAFE) : null;
      String idField = fields.has(Field.REQUEST_ID) ? text(Field.REQUEST_ID) : null;
      Optional<String> requestId = requestId(delivery, idField);
      if (requestId.isEmpty()) {
        refused.add(
            (idField == null ? "ce_source/ce_id" : "request_id")
                + " must have 1 to 128 characters, none of them a control character");
      }
      if (!missing.isEmpty()
          || !refused.isEmpty()
          || env == null
          || collection == null
          || path == null
          || type == null
          || stopOnError == null
          || mode == null
          || requestId.isEmpty()) {
        return invalid(requestId.orElse(delivery.source().requestId()));
      }
      return new Valid(
          new ImportRequest(
              requestId.get(),
              appId,
              new ImportParameters(env, collection, path, type, stopOnError, mode),
              deadline,
              rerunSafe == null ? mode == ConflictMode.UPSERT : rerunSafe));
    }

    private Invalid invalid(String requestId) {
      ErrorCode code = missing.isEmpty() ? ErrorCode.INVALID_ARGS : ErrorCode.MISSING_PARAMETER;
      List<String> problems = new ArrayList<>();
      if (!missing.isEmpty()) {
        problems.add("missing: " + String.join(", ", missing));
      }
      problems.addAll(refused);
      return new Invalid(
          requestId,
          fields.readable(),
          new Failed(
              code.code(), code.message(), ErrorClass.INVALID, String.join("; ", problems), 0));
    }

    private boolean required(Field field) {
      if (!fields.has(field)) {
        missing.add(field.wireName());
        return false;
      }
      return true;
    }

    private @Nullable String text(Field field) {
      Object value = fields.get(field);
      if (value instanceof String text) {
        return text;
      }
      refused.add(field.wireName() + " must be a string, not " + RequestFields.typeOf(value));
      return null;
    }

    private @Nullable Boolean bool(Field field) {
      Object value = fields.get(field);
      if (value instanceof Boolean bool) {
        return bool;
      }
      refused.add(field.wireName() + " must be true or false, not " + RequestFields.typeOf(value));
      return null;
    }

    private @Nullable String name(Field field) {
      String name = required(field) ? text(field) : null;
      if (name != null && !(ImportParameters.isName(name) && RequestFields.isCleanText(name))) {
        refused.add(
            field.wireName()
                + " must have 1 to 63 bytes of UTF-8, none of them a control character");
        return null;
      }
      return name;
    }

    private @Nullable String path() {
      String path = required(Field.FILE_PATH) ? text(Field.FILE_PATH) : null;
      if (path != null
          && (path.isEmpty()
              || RequestFields.utf8Length(path) > MAX_PATH_BYTES
              || !RequestFields.isCleanText(path))) {
        refused.add(
            "file_path must have 1 to 4096 bytes of UTF-8, none of them a control character");
        return null;
      }
      return path;
    }

    private Optional<Long> choice(Field field, String accepted) {
      if (!required(field)) {
        return Optional.empty();
      }
      Object value = fields.get(field);
      if (value instanceof Long number && (number == 1 || number == 2)) {
        return Optional.of(number);
      }
      refused.add(
          field.wireName() + " must be " + accepted + ", not " + RequestFields.typeOf(value));
      return Optional.empty();
    }

    private @Nullable Instant deadline() {
      String text = fields.has(Field.DEADLINE) ? text(Field.DEADLINE) : null;
      if (text == null) {
        return null;
      }
      Instant deadline = Texts.instant(text).orElse(null);
      if (deadline == null) {
        refused.add("deadline must be an RFC 3339 instant such as 2026-01-31T08:00:00Z");
      }
      return deadline;
    }

    private @Nullable String appId() {
      String appId = fields.has(Field.APP_ID) ? text(Field.APP_ID) : null;
      if (appId != null
          && (appId.isEmpty()
              || appId.codePointCount(0, appId.length()) > MAX_APP_ID_CHARS
              || !RequestFields.isCleanText(appId))) {
        refused.add("app_id must have 1 to 128 characters, none of them a control character");
        return null;
      }
      return appId;
    }
  }
}
