package io.dbimport.event;

import io.dbimport.ErrorClass;
import io.dbimport.ErrorCode;
import io.dbimport.ImportRequest;
import io.dbimport.Outcome.Failed;
import io.dbimport.event.Message.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes the events of the contract: JSON values under CloudEvents headers. Nothing is copied from
 * a request but the fields that the contract names; only a dead letter holds the original bytes.
 * Thread-safe.
 */
public final class EventEncoder {
  private static final int MAX_DETAIL_BYTES = 4096;
  private static final String LOOK_IT_UP =
      "Look up the errcode and the detail, and check the API's address.";
  private static final List<String> TRACE = List.of("traceparent", "tracestate");
  private static final int MAX_TRACE_CHARS = 512;

  private final String ceSource;
  private final DeadLetters deadLetters;

  /**
   * Writes events for one deployment.
   *
   * @param topicPrefix the prefix of its topics, {@code ce_source} of every event
   * @param groupId the consumer group, told in dead letters
   */
  public EventEncoder(String topicPrefix, String groupId) {
    this.ceSource = topicPrefix;
    this.deadLetters = new DeadLetters(groupId);
  }

  /** The request a producer sends: {@code submit} does. Keyed by environment and collection. */
  public Message request(ImportRequest request, Instant at) {
    byte[] value =
        EventJson.write(json ->
            json.putAll(ReadableFields.required(request.parameters()))
                .put("request_id", request.requestId())
                .putAll(ReadableFields.optional(request)));
    return new Message(
        Kind.REQUESTS,
        null,
        at,
        ReadableFields.key(request.parameters()),
        value,
        cloudEvent(request.requestId(), "io.dbimport.request.made", at, List.of()));
  }

  /**
   * The API started a job.
   *
   * @param requestedAt the time of the request itself
   * @param duplicate whether it is answered from the ledger
   */
  public Message accepted(AcceptedJob job, Instant requestedAt, boolean duplicate) {
    return accepted(job, requestedAt, duplicate, null);
  }

  /** The API had started a job after all: corrects an error event that said nobody knows. */
  public Message resolved(AcceptedJob job, Instant requestedAt) {
    return accepted(job, requestedAt, false, ErrorClass.OUTCOME_UNKNOWN.tag());
  }

  private Message accepted(
      AcceptedJob job, Instant requestedAt, boolean duplicate, @Nullable String resolves) {
    byte[] value =
        EventJson.write(json ->
            json.putAll(ReadableFields.of(job.request()))
                .put("request_id", job.request().requestId())
                .put("job_id", job.jobId())
                .put("errcode", ErrorCode.OK.code())
                .put("errmsg", ErrorCode.OK.message())
                .put("attempts", job.attempts())
                .put("requested_at", requestedAt)
                .put("accepted_at", job.acceptedAt())
                .put("source", job.source())
                .put("duplicate", duplicate)
                .put("resolves", resolves));
    return new Message(
        Kind.ACCEPTED,
        null,
        null,
        keyOf(job),
        value,
        cloudEvent(
            job.request().requestId(), "io.dbimport.job.accepted", job.acceptedAt(), job.trace()));
  }

  /** The delivery failed for good. */
  public Message error(
      Delivery delivery, Decoding decoding, Failed failed, Instant failedAt, boolean duplicate) {
    return error(delivery, decoding, failed, failedAt, duplicate, fieldsOf(decoding).values());
  }

  /** The same without the request's fields, for a broker that finds the whole one too large. */
  public Message shortError(
      Delivery delivery, Decoding decoding, Failed failed, Instant failedAt, boolean duplicate) {
    return error(delivery, decoding, failed, failedAt, duplicate, Map.of());
  }

  private Message error(
      Delivery delivery,
      Decoding decoding,
      Failed failed,
      Instant failedAt,
      boolean duplicate,
      Map<String, Object> fields) {
    String requestId = requestId(decoding);
    byte[] value =
        EventJson.write(json ->
            json.putAll(fields)
                .put("request_id", requestId)
                .put("errcode", failed.errcode())
                .put("errmsg", Texts.cut(failed.errmsg(), ReadableFields.MAX_TEXT_BYTES))
                .put("error_class", failed.errorClass().tag())
                .put("detail", Texts.cut(failed.detail(), MAX_DETAIL_BYTES))
                .put("solution", solution(failed))
                .put("attempts", failed.attempts())
                .put("requested_at", delivery.timestamp())
                .put("failed_at", failedAt)
                .put("source", delivery.source())
                .put("duplicate", duplicate));
    return new Message(
        Kind.ERRORS,
        null,
        null,
        keyOf(delivery, decoding),
        value,
        cloudEvent(requestId, "io.dbimport.request.failed", failedAt, trace(delivery)));
  }

  /** The original, whole, with text headers that say why it is there. */
  public Message deadLetter(Delivery delivery, Decoding decoding, Failed failed, Instant failedAt) {
    return deadLetters.letter(delivery, requestId(decoding), failed, failedAt);
  }

  /** The job of an accepted request has ended, or nobody can say how. */
  public Message finished(AcceptedJob job, JobEnd end, Instant finishedAt) {
    byte[] value =
        EventJson.write(json -> {
          json.put("request_id", job.request().requestId())
              .putAll(ReadableFields.of(job.request()))
              .put("job_id", job.jobId())
              .put("status", LedgerCodec.status(end));
          switch (end) {
            case JobEnd.Ended(var state) ->
                json.put("record_success", state.recordSuccess())
                    .put("record_fail", state.recordFail())
                    .put("error_msg", Texts.cut(state.errorMsg(), MAX_DETAIL_BYTES));
            case JobEnd.Lost(String why) ->
                json.put("record_success", 0)
                    .put("record_fail", 0)
                    .put("error_msg", Texts.cut(why, MAX_DETAIL_BYTES));
          }
          json.put("accepted_at", job.acceptedAt()).put("finished_at", finishedAt);
        });
    return new Message(
        Kind.FINISHED,
        null,
        null,
        keyOf(job),
        value,
        cloudEvent(job.request().requestId(), "io.dbimport.job.finished", finishedAt, job.trace()));
  }

  /**
   * The request's trace headers, bounded, each at most once (the last, as everywhere in Kafka):
   * they are copied onto every event.
   */
  public static List<Header> trace(Delivery delivery) {
    return TRACE.stream()
        .flatMap(name -> last(delivery.headers(), name).stream())
        .filter(h -> !h.text().isEmpty() && h.text().length() <= MAX_TRACE_CHARS)
        .toList();
  }

  private static Optional<Header> last(List<Header> headers, String name) {
    return headers.reversed().stream().filter(h -> h.name().equals(name)).findFirst();
  }

  /** The id that a delivery is known by. */
  public static String requestId(Decoding decoding) {
    return switch (decoding) {
      case Decoding.Valid(ImportRequest request) -> request.requestId();
      case Decoding.Invalid invalid -> invalid.requestId();
    };
  }

  private static ReadableFields fieldsOf(Decoding decoding) {
    return switch (decoding) {
      case Decoding.Valid(ImportRequest request) -> new ReadableFields(ReadableFields.of(request));
      case Decoding.Invalid invalid -> invalid.fields();
    };
  }

  private static byte @Nullable [] keyOf(Delivery delivery, Decoding decoding) {
    byte[] key = delivery.key();
    return key == null ? fieldsOf(decoding).key() : key;
  }

  private static byte[] keyOf(AcceptedJob job) {
    byte[] key = job.key();
    return key == null ? ReadableFields.key(job.request().parameters()) : key;
  }

  private static String solution(Failed failed) {
    return switch (failed.errorClass()) {
      case OUTCOME_UNKNOWN -> ErrorCode.CLOUD_TIMED_OUT.solution();
      case EXPIRED -> "Send a fresh request, with a later deadline or none.";
      case INTERNAL -> "Report the fault with this event; the dead letter can be sent again.";
      case REFUSED -> LOOK_IT_UP; // by definition a code that no page lists, or none at all
      case MALFORMED, INVALID, TOKEN, FORBIDDEN, THROTTLED, UNAVAILABLE, MISSING ->
          ErrorCode.of(failed.errcode()).map(ErrorCode::solution).orElse(LOOK_IT_UP);
    };
  }

  private List<Header> cloudEvent(String requestId, String type, Instant time, List<Header> trace) {
    String kind = type.substring("io.dbimport.".length());
    List<Header> headers = new ArrayList<>(trace.size() + 6);
    headers.add(new Header("ce_specversion", "1.0".getBytes(StandardCharsets.US_ASCII)));
    headers.add(Header.of("ce_id", requestId + ":" + kind));
    headers.add(Header.of("ce_source", ceSource));
    headers.add(Header.of("ce_type", type));
    headers.add(Header.of("ce_time", Texts.instant(time)));
    headers.add(Header.of("content-type", "application/json"));
    headers.addAll(trace);
    return headers;
  }
}
