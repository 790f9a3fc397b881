package io.dbimport.event;

import io.dbimport.event.Message.Kind;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A result as whoever sent the request reads it. Immutable. */
public sealed interface ResultEvent {

  /** The request it is about. */
  String requestId();

  /**
   * The API started a job.
   *
   * @param duplicate whether for an earlier delivery of this request
   */
  record Accepted(String requestId, long jobId, int attempts, boolean duplicate)
      implements ResultEvent {}

  /** The request failed for good. */
  record Failed(
      String requestId,
      int errcode,
      String errmsg,
      String errorClass,
      String detail,
      String solution)
      implements ResultEvent {}

  /** The job ended: {@code success}, {@code fail} or {@code lost}. */
  record Finished(
      String requestId,
      long jobId,
      String status,
      long recordSuccess,
      long recordFail,
      String errorMsg)
      implements ResultEvent {}

  /** Reads results; thread-safe. */
  final class Decoder {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** The result that lies on a topic of this kind; empty for what is none. */
    public Optional<ResultEvent> decode(Kind kind, byte[] value) {
      JsonNode json;
      try {
        json = JSON.readTree(value);
      } catch (JacksonException notJson) {
        return Optional.empty();
      }
      String id = text(json, "request_id");
      return switch (kind) {
        case ACCEPTED ->
            Optional.of(
                new Accepted(
                    id,
                    json.path("job_id").asLong(0),
                    json.path("attempts").asInt(0),
                    json.path("duplicate").asBoolean(false)));
        case ERRORS ->
            Optional.of(
                new Failed(
                    id,
                    json.path("errcode").asInt(-1),
                    text(json, "errmsg"),
                    text(json, "error_class"),
                    text(json, "detail"),
                    text(json, "solution")));
        case FINISHED ->
            Optional.of(
                new Finished(
                    id,
                    json.path("job_id").asLong(0),
                    text(json, "status"),
                    json.path("record_success").asLong(0),
                    json.path("record_fail").asLong(0),
                    text(json, "error_msg")));
        case REQUESTS, DEAD_LETTERS, LEDGER, OUTCOMES -> Optional.empty();
      };
    }

    private static String text(JsonNode json, String name) {
      return json.path(name).asString("");
    }
  }
}
