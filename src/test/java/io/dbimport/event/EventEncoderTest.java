package io.dbimport.event;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.Outcome.Failed;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class EventEncoderTest {
  private static final EventEncoder EVENTS = Produced.EVENTS;
  private static final Instant AT = Produced.AT;
  private static final String[] SIX = {
    "env", "collection_name", "file_path", "file_type", "stop_on_error", "conflict_mode"
  };
  private static final String WHOLE =
      """
      {"env":"demo-env","collection_name":"people","file_path":"in/people.json","file_type":1,
       "stop_on_error":false,"conflict_mode":2,"request_id":"order-7","app_id":"shop",
       "deadline":"2026-01-31T08:00:00Z","rerun_safe":true,
       "access_token":"TOKEN-1","nested":{"access_token":"TOKEN-2"},"note":"NOTE"}
      """;
  private static final Delivery DELIVERY =
      Produced.delivery(WHOLE, Header.of("authorization", "TOKEN-3"));
  private static final Decoding.Valid VALID = valid(DELIVERY);
  private static final AcceptedJob JOB = Produced.job(DELIVERY, VALID.request());
  private static final Failed FAILED =
      new Failed(-502005, "collection not found rid: 1-2-3", ErrorClass.MISSING, "HTTP 200", 2);

  @Test
  void aRequestHasItsFieldsInTheContractsOrder() {
    Message message = EVENTS.request(VALID.request(), AT);
    assertThat(Produced.names(Produced.json(message)))
        .containsExactly(with(SIX, "request_id", "app_id", "deadline", "rerun_safe"));
    assertThat(text(message.key())).isEqualTo("demo-env/people");
    assertThat(message.timestamp()).isEqualTo(AT);
    assertThat(headers(message))
        .containsExactly(
            "ce_specversion=1.0",
            "ce_id=order-7:request.made",
            "ce_source=dbimport",
            "ce_type=io.dbimport.request.made",
            "ce_time=2026-01-02T03:05:06.789Z",
            "content-type=application/json");
  }

  @Test
  void aRequestThatWasWrittenIsReadBackAsItWas() {
    byte[] value = EVENTS.request(VALID.request(), AT).value();
    assertThat(value).isNotNull();
    Delivery again = Produced.delivery(text(value));
    assertThat(valid(again).request()).isEqualTo(VALID.request());
  }

  @Test
  void anAcceptedEventHasItsFieldsInTheContractsOrder() {
    Message message = EVENTS.resolved(JOB, DELIVERY.timestamp());
    assertThat(text(message.value()))
        .isEqualTo(
            "{\"env\":\"demo-env\",\"collection_name\":\"people\",\"file_path\":\"in/people.json\","
                + "\"file_type\":1,\"stop_on_error\":false,\"conflict_mode\":2,\"app_id\":\"shop\","
                + "\"deadline\":\"2026-01-31T08:00:00.000Z\",\"rerun_safe\":true,"
                + "\"request_id\":\"order-7\",\"job_id\":100074947,\"errcode\":0,\"errmsg\":\"ok\","
                + "\"attempts\":1,\"requested_at\":\"2026-01-02T03:04:05.678Z\","
                + "\"accepted_at\":\"2026-01-02T03:05:06.789Z\","
                + "\"source\":{\"topic\":\"dbimport.requests\",\"partition\":3,\"offset\":42},"
                + "\"duplicate\":false,\"resolves\":\"outcome_unknown\"}");
    assertThat(headers(message))
        .containsExactly(
            "ce_specversion=1.0",
            "ce_id=order-7:job.accepted",
            "ce_source=dbimport",
            "ce_type=io.dbimport.job.accepted",
            "ce_time=2026-01-02T03:05:06.789Z",
            "content-type=application/json");
  }

  @Test
  void onlyAnAnswerFromTheLedgerIsADuplicateAndOnlyACorrectionResolves() {
    JsonNode first = Produced.json(EVENTS.accepted(JOB, AT, false));
    JsonNode second = Produced.json(EVENTS.accepted(JOB, AT, true));
    assertThat(first.get("duplicate").booleanValue()).isFalse();
    assertThat(second.get("duplicate").booleanValue()).isTrue();
    assertThat(first.has("resolves")).isFalse();
    assertThat(second.has("resolves")).isFalse();
  }

  @Test
  void anErrorEventHasItsFieldsInTheContractsOrder() {
    Message message = EVENTS.error(DELIVERY, VALID, FAILED, AT, true);
    assertThat(text(message.value()))
        .isEqualTo(
            "{\"env\":\"demo-env\",\"collection_name\":\"people\",\"file_path\":\"in/people.json\","
                + "\"file_type\":1,\"stop_on_error\":false,\"conflict_mode\":2,\"app_id\":\"shop\","
                + "\"deadline\":\"2026-01-31T08:00:00.000Z\",\"rerun_safe\":true,"
                + "\"request_id\":\"order-7\",\"errcode\":-502005,"
                + "\"errmsg\":\"collection not found rid: 1-2-3\",\"error_class\":\"missing\","
                + "\"detail\":\"HTTP 200\",\"solution\":\"Create the collection first.\","
                + "\"attempts\":2,\"requested_at\":\"2026-01-02T03:04:05.678Z\","
                + "\"failed_at\":\"2026-01-02T03:05:06.789Z\","
                + "\"source\":{\"topic\":\"dbimport.requests\",\"partition\":3,\"offset\":42},"
                + "\"duplicate\":true}");
    assertThat(headers(message))
        .containsExactly(
            "ce_specversion=1.0",
            "ce_id=order-7:request.failed",
            "ce_source=dbimport",
            "ce_type=io.dbimport.request.failed",
            "ce_time=2026-01-02T03:05:06.789Z",
            "content-type=application/json");
  }

  @Test
  void aRefusedRequestShowsItsReadableFieldsInTheContractsOrder() {
    Delivery delivery =
        Produced.delivery(
            """
            {"rerun_safe":1,"deadline":"never","app_id":7,"conflict_mode":9,"stop_on_error":"no",
             "file_type":[],"file_path":"","env":"","request_id":"x"}
            """);
    Decoding decoding = Produced.decode(delivery);
    JsonNode event = Produced.json(EVENTS.error(delivery, decoding, FAILED, AT, false));
    assertThat(Produced.names(event))
        .startsWith(
            "env",
            "file_path",
            "stop_on_error",
            "conflict_mode",
            "app_id",
            "deadline",
            "rerun_safe",
            "request_id",
            "errcode");
  }

  @Test
  void aShortErrorEventLeavesOutOnlyTheRequestsFields() {
    JsonNode whole = Produced.json(EVENTS.error(DELIVERY, VALID, FAILED, AT, false));
    JsonNode brief = Produced.json(EVENTS.shortError(DELIVERY, VALID, FAILED, AT, false));
    assertThat(Produced.names(brief))
        .isEqualTo(Produced.names(whole).subList(9, whole.size()))
        .startsWith("request_id");
  }

  @Test
  void aFinishedEventHasItsFieldsInTheContractsOrder() {
    JobEnd end = new JobEnd.Ended(new JobState(JobStatus.SUCCESS, 5, 1, "导入完成."));
    Message message = EVENTS.finished(JOB, end, AT.plusSeconds(60));
    assertThat(text(message.value()))
        .isEqualTo(
            "{\"request_id\":\"order-7\",\"env\":\"demo-env\",\"collection_name\":\"people\","
                + "\"file_path\":\"in/people.json\",\"file_type\":1,\"stop_on_error\":false,"
                + "\"conflict_mode\":2,\"app_id\":\"shop\","
                + "\"deadline\":\"2026-01-31T08:00:00.000Z\",\"rerun_safe\":true,"
                + "\"job_id\":100074947,\"status\":\"success\",\"record_success\":5,"
                + "\"record_fail\":1,\"error_msg\":\"导入完成.\","
                + "\"accepted_at\":\"2026-01-02T03:05:06.789Z\","
                + "\"finished_at\":\"2026-01-02T03:06:06.789Z\"}");
    assertThat(headers(message))
        .containsExactly(
            "ce_specversion=1.0",
            "ce_id=order-7:job.finished",
            "ce_source=dbimport",
            "ce_type=io.dbimport.job.finished",
            "ce_time=2026-01-02T03:06:06.789Z",
            "content-type=application/json");
  }

  @Test
  void aLostJobIsLostAndSaysWhatWasHeardLast() {
    JsonNode event = Produced.json(EVENTS.finished(JOB, new JobEnd.Lost("still writing"), AT));
    assertThat(event.get("status").stringValue()).isEqualTo("lost");
    assertThat(event.get("error_msg").stringValue()).isEqualTo("still writing");
  }

  @Test
  void resultsCarryTheKeyOfTheirRequestByteForByte() {
    byte[] key = {0, -1, 65};
    Delivery keyed =
        new Delivery(DELIVERY.source(), DELIVERY.timestamp(), key, DELIVERY.value(), List.of());
    assertThat(resultsOf(keyed)).hasSize(4).allSatisfy(m -> assertThat(m.key()).isSameAs(key));
  }

  @Test
  void resultsOfARequestWithoutKeyGoUnderItsEnvironmentAndCollection() {
    assertThat(resultsOf(DELIVERY))
        .filteredOn(m -> m.kind() != Message.Kind.DEAD_LETTERS)
        .hasSize(3)
        .allSatisfy(m -> assertThat(text(m.key())).isEqualTo("demo-env/people"));
  }

  @Test
  void anErrorOfARefusedRequestWithoutKeyGoesUnderWhatCouldBeRead() {
    Delivery readable = Produced.delivery("{\"env\":\"e\",\"collection_name\":\"c\"}");
    Delivery half = Produced.delivery("{\"env\":\"e\",\"collection_name\":7}");
    Delivery broken = Produced.delivery("[]");
    assertThat(text(errorOf(readable).key())).isEqualTo("e/c");
    assertThat(errorOf(half).key()).isNull();
    assertThat(errorOf(broken).key()).isNull();
  }

  @Test
  void traceHeadersAreCarriedOnEveryEventExactlyOnceTheLastOfEach() {
    Delivery traced =
        Produced.delivery(
            WHOLE,
            Header.of("tracestate", "a=1"),
            Header.of("traceparent", "first"),
            Header.of("traceparent", Produced.TRACEPARENT),
            Header.of("tracestate", "b=2"));
    assertThat(resultsOf(traced))
        .filteredOn(m -> m.kind() != Message.Kind.DEAD_LETTERS)
        .hasSize(3)
        .allSatisfy(m ->
            assertThat(headers(m))
                .filteredOn(h -> h.startsWith("trace"))
                .containsExactly("traceparent=" + Produced.TRACEPARENT, "tracestate=b=2"));
  }

  @Test
  void traceHeadersThatAreEmptyNullOrHugeAreNotCarried() {
    Delivery hostile =
        Produced.delivery(
            WHOLE,
            new Header("traceparent", null),
            Header.of("tracestate", "x".repeat(513)),
            Header.of("Traceparent", "other name"));
    assertThat(EventEncoder.trace(hostile)).isEmpty();
    assertThat(EventEncoder.trace(Produced.delivery(WHOLE, Header.of("traceparent", ""))))
        .isEmpty();
    Header longest = Header.of("tracestate", "x".repeat(512));
    assertThat(EventEncoder.trace(Produced.delivery(WHOLE, longest))).containsExactly(longest);
  }

  @Test
  void aTokenInARequestIsCopiedNowhereButIntoTheDeadLettersOriginal() {
    Delivery refused = Produced.delivery(WHOLE.replace("\"env\"", "\"Env\""), Header.of("h", "v"));
    List<Message> messages = new ArrayList<>(resultsOf(DELIVERY));
    messages.add(errorOf(refused));
    messages.add(EVENTS.request(VALID.request(), AT));
    assertThat(messages).hasSize(6);
    for (Message message : messages) {
      boolean letter = message.kind() == Message.Kind.DEAD_LETTERS;
      assertThat(text(message.value()).contains("TOKEN-1")).as("%s", message).isEqualTo(letter);
      assertThat(text(message.value()).contains("NOTE")).isEqualTo(letter);
      assertThat(headers(message))
          .filteredOn(h -> h.contains("TOKEN") && !h.equals("authorization=TOKEN-3"))
          .isEmpty();
      assertThat(headers(message).contains("authorization=TOKEN-3")).isEqualTo(letter);
    }
    Message letter = EVENTS.deadLetter(refused, Produced.decode(refused), FAILED, AT);
    assertThat(letter.value()).isSameAs(refused.value());
  }

  @Test
  void noTextOfAnErrorEventIsLargerThanItsBound() {
    int checked = 0;
    for (Message message : Produced.of(Message.Kind.ERRORS)) {
      for (var field : Produced.json(message).properties()) {
        if (field.getValue().isString()) {
          int most = field.getKey().equals("detail") ? 4096 : 1024;
          byte[] text = field.getValue().stringValue().getBytes(StandardCharsets.UTF_8);
          assertThat(text.length).as(field.getKey()).isLessThanOrEqualTo(most);
          checked++;
        }
      }
      assertThat(message.value()).hasSizeLessThan(64 * 1024);
    }
    assertThat(checked).isGreaterThan(1000);
  }

  @Test
  void textsThatNoUtf8CanHoldAreMendedInsteadOfStoppingTheEvent() {
    String half = Produced.HALF;
    Failed failed = new Failed(-9, half + "said", ErrorClass.REFUSED, "so" + half, 1);
    JsonNode error = Produced.json(EVENTS.error(DELIVERY, VALID, failed, AT, false));
    assertThat(error.get("errmsg").stringValue()).isEqualTo("?said");
    assertThat(error.get("detail").stringValue()).isEqualTo("so?");
    Delivery refused = Produced.delivery("{\"env\":\"a\\ud83d\",\"app_id\":\"\\ude00\\ud83d\"}");
    JsonNode event = Produced.json(errorOf(refused));
    assertThat(event.get("env").stringValue()).isEqualTo("a?");
    assertThat(event.get("app_id").stringValue()).isEqualTo("??");
  }

  @Test
  void everyFailureComesWithSomethingToDo() {
    assertThat(Produced.everyFailure())
        .allSatisfy(failed ->
            assertThat(
                    Produced.json(EVENTS.error(DELIVERY, VALID, failed, AT, false))
                        .path("solution")
                        .asString(""))
                .as(failed.errorClass().tag())
                .endsWith("."));
  }

  @Test
  void instantsThatRfc3339CannotWriteBecomeTheNearestItCan() {
    Delivery late = at(Instant.ofEpochMilli(Long.MAX_VALUE));
    Delivery early = at(Instant.ofEpochMilli(Long.MIN_VALUE));
    assertThat(requestedAt(late)).isEqualTo("9999-12-31T23:59:59.999Z");
    assertThat(requestedAt(early)).isEqualTo("0000-01-01T00:00:00.000Z");
  }

  private static String requestedAt(Delivery delivery) {
    return Produced.json(EVENTS.error(delivery, VALID, FAILED, AT, false))
        .get("requested_at")
        .stringValue();
  }

  private static Delivery at(Instant timestamp) {
    return new Delivery(DELIVERY.source(), timestamp, null, DELIVERY.value(), List.of());
  }

  private static Message errorOf(Delivery delivery) {
    return EVENTS.error(delivery, Produced.decode(delivery), FAILED, AT, false);
  }

  /** Accepted, finished, error and dead letter of one and the same delivery. */
  private static List<Message> resultsOf(Delivery delivery) {
    Decoding.Valid decoding = valid(delivery);
    AcceptedJob job = Produced.job(delivery, decoding.request());
    return List.of(
        EVENTS.accepted(job, delivery.timestamp(), false),
        EVENTS.finished(job, new JobEnd.Lost("why"), AT),
        EVENTS.error(delivery, decoding, FAILED, AT, false),
        EVENTS.deadLetter(delivery, decoding, FAILED, AT));
  }

  private static Decoding.Valid valid(Delivery delivery) {
    return switch (Produced.decode(delivery)) {
      case Decoding.Valid valid -> valid;
      case Decoding.Invalid invalid -> throw new AssertionError(invalid.failed().toString());
    };
  }

  private static List<String> headers(Message message) {
    Function<Header, String> shown = header -> header.name() + "=" + header.text();
    return message.headers().stream().map(shown).toList();
  }

  private static String text(byte @Nullable [] bytes) {
    return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
  }

  private static String[] with(String[] first, String... rest) {
    List<String> all = new ArrayList<>(List.of(first));
    all.addAll(List.of(rest));
    return all.toArray(String[]::new);
  }
}
