package io.dbimport.event;

import io.dbimport.ErrorClass;
import io.dbimport.ErrorCode;
import io.dbimport.ImportRequest;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.Outcome.Failed;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** All kinds of messages that the encoder really makes, for every case there is. Stateless. */
final class Produced {
  static final Instant AT = Instant.parse("2026-01-02T03:05:06.789Z");
  static final String TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  static final EventEncoder EVENTS = new EventEncoder("dbimport", "dbimport-worker");

  /** A surrogate without its other half, which no UTF-8 can hold. */
  static final String HALF = "\ud83d";

  private static final RequestDecoder DECODER = new RequestDecoder();
  private static final JsonMapper MAPPER = new JsonMapper();

  private Produced() {}

  private static final List<Message> ALL = produce();

  /** What comes of every case of the specification; built once, for it is much. */
  static List<Message> all() {
    return ALL;
  }

  private static List<Message> produce() {
    List<Message> all = new ArrayList<>();
    List<Failed> failures = everyFailure();
    for (RequestCase given : RequestCase.all()) {
      Delivery delivery = withTrace(given.delivery());
      switch (DECODER.decode(delivery)) {
        case Decoding.Valid valid -> {
          all.addAll(results(delivery, valid));
          all.addAll(failures(delivery, valid, failures));
          failures = failures.subList(failures.size() - 2, failures.size());
        }
        case Decoding.Invalid invalid ->
            all.addAll(failures(delivery, invalid, List.of(invalid.failed())));
      }
    }
    return all;
  }

  static List<Message> of(Message.Kind kind) {
    return all().stream().filter(message -> message.kind() == kind).toList();
  }

  static AcceptedJob job(Delivery delivery, ImportRequest request) {
    return new AcceptedJob(
        delivery.source(),
        request,
        delivery.key(),
        EventEncoder.trace(delivery),
        100074947L,
        1,
        AT);
  }

  static Decoding decode(Delivery delivery) {
    return DECODER.decode(delivery);
  }

  static Delivery delivery(String value, Header... headers) {
    return new Delivery(
        new Source("dbimport.requests", 3, 42),
        RequestCase.REQUESTED_AT,
        null,
        value.getBytes(StandardCharsets.UTF_8),
        List.of(headers));
  }

  static JsonNode json(Message message) {
    byte[] value = message.value();
    if (value == null) {
      throw new IllegalArgumentException("a message without value");
    }
    return MAPPER.readTree(value);
  }

  static JsonNode headers(Message message) {
    Map<String, String> headers = new LinkedHashMap<>();
    message.headers().forEach(header -> headers.put(header.name(), header.text()));
    return MAPPER.valueToTree(headers);
  }

  static List<String> names(JsonNode object) {
    return List.copyOf(object.propertyNames());
  }

  private static List<Message> results(Delivery delivery, Decoding.Valid valid) {
    AcceptedJob job = job(delivery, valid.request());
    List<Message> results = new ArrayList<>();
    results.add(EVENTS.request(valid.request(), AT));
    results.add(EVENTS.accepted(job, delivery.timestamp(), false));
    results.add(EVENTS.accepted(job, delivery.timestamp(), true));
    results.add(EVENTS.resolved(job, delivery.timestamp()));
    String text = "导出完成." + HALF + "x".repeat(9000);
    results.add(EVENTS.finished(job, ended(JobStatus.SUCCESS, "导出完成."), AT));
    results.add(EVENTS.finished(job, ended(JobStatus.FAIL, text), AT));
    results.add(EVENTS.finished(job, new JobEnd.Lost(text), AT));
    return results;
  }

  private static JobEnd ended(JobStatus status, String text) {
    return new JobEnd.Ended(new JobState(status, Long.MAX_VALUE, 3, text));
  }

  private static List<Message> failures(
      Delivery delivery, Decoding decoding, List<Failed> failures) {
    List<Message> messages = new ArrayList<>();
    for (Failed failed : failures) {
      messages.add(EVENTS.error(delivery, decoding, failed, AT, false));
      messages.add(EVENTS.error(delivery, decoding, failed, AT, true));
      messages.add(EVENTS.shortError(delivery, decoding, failed, AT, false));
      messages.add(EVENTS.deadLetter(delivery, decoding, failed, AT));
    }
    return messages;
  }

  /** A failure of each class, of each known code, and some that only the API could think of. */
  static List<Failed> everyFailure() {
    List<Failed> failures = new ArrayList<>();
    for (ErrorClass errorClass : ErrorClass.values()) {
      failures.add(new Failed(-1, "system error", errorClass, "why", 0));
    }
    for (ErrorCode code : ErrorCode.values()) {
      if (code != ErrorCode.OK) {
        failures.add(new Failed(code.code(), code.message(), code.errorClass(), "why", 1));
      }
    }
    String hostile = HALF + "\u0000\r\n\"<集>" + "集".repeat(100_000) + HALF;
    failures.add(
        new Failed(
            Integer.MIN_VALUE, hostile, ErrorClass.REFUSED, hostile + "!", Integer.MAX_VALUE));
    failures.add(new Failed(Integer.MAX_VALUE, "", ErrorClass.REFUSED, "", 1));
    return failures;
  }

  private static Delivery withTrace(Delivery delivery) {
    List<Header> headers = new ArrayList<>(delivery.headers());
    headers.add(Header.of("traceparent", TRACEPARENT));
    headers.add(Header.of("tracestate", "vendor=1"));
    return new Delivery(
        delivery.source(), delivery.timestamp(), delivery.key(), delivery.value(), headers);
  }
}
