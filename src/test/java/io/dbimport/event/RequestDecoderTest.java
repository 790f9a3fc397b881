package io.dbimport.event;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorCode;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.Outcome.Failed;
import io.dbimport.event.Decoding.Invalid;
import io.dbimport.event.Decoding.Valid;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

class RequestDecoderTest {
  private static final RequestDecoder DECODER = new RequestDecoder();

  static List<RequestCase> cases() {
    return RequestCase.all();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void everyCaseOfTheSpecificationIsDecodedAsItSays(RequestCase given) {
    JsonNode expect = given.expect();
    switch (DECODER.decode(given.delivery())) {
      case Valid(ImportRequest request) ->
          assertThat(shown(request)).isEqualTo(shown(expect.path("request")));
      case Invalid(String requestId, ReadableFields fields, Failed failed) -> {
        assertThat(expect.has("errcode")).as("refused: %s", failed).isTrue();
        assertThat(failed.errcode()).isEqualTo(expect.get("errcode").intValue());
        assertThat(failed.errmsg())
            .isEqualTo(ErrorCode.of(failed.errcode()).map(ErrorCode::message).orElseThrow());
        assertThat(failed.errorClass().tag()).isEqualTo(expect.get("error_class").stringValue());
        assertThat(failed.detail()).contains(expect.get("detail").stringValue());
        assertThat(failed.attempts()).isZero();
        assertThat(requestId).isEqualTo(expect.get("request_id").stringValue());
        if (expect.has("fields")) {
          assertThat(fields.values().toString()).isEqualTo(shown(expect.get("fields")).toString());
        }
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void noTextOfAnEventReachesWhatIsSaidOfIt(RequestCase given) {
    if (DECODER.decode(given.delivery()) instanceof Invalid invalid) {
      assertThat(invalid.failed().toString() + invalid.requestId())
          .doesNotContain("SECRET")
          .doesNotContain("tools.jackson")
          .doesNotContain("Unexpected")
          .doesNotContain("[Source");
      assertThat(invalid.failed().detail()).hasSizeLessThan(1024);
    }
  }

  @Test
  void theSpecificationHasManyCasesEachWithItsOwnName() {
    List<RequestCase> cases = RequestCase.all();
    assertThat(cases).hasSizeGreaterThan(150);
    Set<String> ids = cases.stream().map(RequestCase::id).collect(Collectors.toSet());
    assertThat(ids).hasSameSizeAs(cases);
    assertThat(cases.stream().filter(c -> c.text().contains("SECRET"))).hasSizeGreaterThan(15);
  }

  /** Such names collide in every table that multiplies by 33, whatever its seed. */
  @Test
  void namesMadeToCollideInHashTablesAreRefused() {
    String names =
        IntStream.range(0, 4096)
            .mapToObj(bits ->
                IntStream.range(0, 12)
                    .mapToObj(bit -> (bits >> bit & 1) == 0 ? "Aa" : "B@")
                    .collect(Collectors.joining("", "\"", "\":0,")))
            .collect(Collectors.joining());
    assertThat(decode("{" + names + body().substring(1))).isInstanceOf(Invalid.class);
  }

  @Test
  void aNameOfAMegabyteIsNoWayToFillTheMemory() {
    Decoding decoding = decode("{\"" + "n".repeat(1 << 20) + "\":1," + body().substring(1));
    assertThat(decoding).isInstanceOf(Invalid.class);
  }

  @Test
  void whatCanBeReadOfARefusedRequestIsCutToAKilobyteEach() {
    String text = "集".repeat(5000);
    Decoding decoding = decode("{\"env\":\"%s\",\"file_path\":\"%s\"}".formatted(text, text));
    assertThat(decoding).isInstanceOf(Invalid.class);
    Set<String> names = new HashSet<>();
    if (decoding instanceof Invalid invalid) {
      invalid
          .fields()
          .values()
          .forEach((name, value) -> {
            names.add(name);
            assertThat(value.toString().getBytes(StandardCharsets.UTF_8))
                .hasSizeBetween(1020, 1024);
          });
    }
    assertThat(names).containsExactlyInAnyOrder("env", "file_path");
  }

  private static String body() {
    return RequestCase.all().getFirst().text();
  }

  private static Decoding decode(String json) {
    return DECODER.decode(
        new Delivery(
            new Source("dbimport.requests", 0, 7),
            RequestCase.REQUESTED_AT,
            null,
            json.getBytes(StandardCharsets.UTF_8),
            List.of()));
  }

  private static Map<String, @Nullable Object> shown(ImportRequest request) {
    ImportParameters parameters = request.parameters();
    Instant deadline = request.deadline();
    Map<String, @Nullable Object> shown = new LinkedHashMap<>();
    shown.put("env", parameters.env());
    shown.put("collection_name", parameters.collectionName());
    shown.put("file_path", parameters.filePath());
    shown.put("file_type", (long) parameters.fileType().code());
    shown.put("stop_on_error", parameters.stopOnError());
    shown.put("conflict_mode", (long) parameters.conflictMode().code());
    shown.put("request_id", request.requestId());
    shown.put("app_id", request.appId());
    shown.put("deadline", deadline == null ? null : deadline.toString());
    shown.put("rerun_safe", request.rerunSafe());
    return shown;
  }

  private static Map<String, @Nullable Object> shown(JsonNode object) {
    Map<String, @Nullable Object> shown = new LinkedHashMap<>();
    object
        .properties()
        .forEach(field -> {
          JsonNode value = field.getValue();
          shown.put(
              field.getKey(),
              value.isString()
                  ? value.stringValue()
                  : value.isBoolean()
                      ? (Object) value.booleanValue()
                      : value.isNumber() ? (Object) value.longValue() : null);
        });
    return shown;
  }
}
