package io.dbimport.event;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.ErrorCode;
import io.dbimport.Outcome.Failed;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class RequestDecoderFuzzTest {
  /** What an event can be refused with before any call: contract §6. */
  private static final Map<Integer, ErrorClass> CODES =
      Map.of(
          44002, ErrorClass.MALFORMED,
          47001, ErrorClass.MALFORMED,
          40101, ErrorClass.INVALID,
          40097, ErrorClass.INVALID);

  private static final List<String> VALUES =
      List.of(
          "1",
          "2",
          "2",
          "1",
          "true",
          "false",
          "\"e\"",
          "\"集\"",
          "\"2026-01-31T08:00:00Z\"",
          "null",
          "0",
          "-0",
          "1e0",
          "1e400",
          "99999999999999999999",
          "\"\"",
          "\"\\ud83d\"",
          "\"\\u0000\"",
          "\"1\"",
          "[]",
          "[{\"env\":[[]]}]",
          "{}",
          "{\"env\":\"e\",\"x\":{}}");

  /** All that is ever said of an event: our words, field names, places and numbers. */
  private static final Pattern OWN_WORDS =
      Pattern.compile(
          "the event has no value|the value is not UTF-8|the value begins with a byte order"
              + " mark|the value is not a JSON object|(the value is not one JSON object|something"
              + " follows the JSON object)( \\(line [0-9]+, column [0-9]+\\))?|missing: [a-z_]+(,"
              + " [a-z_]+)*|[a-z_/]+ must have 1 to [0-9]+ (characters|bytes of UTF-8), none of"
              + " them a control character|deadline must be an RFC 3339 instant such as"
              + " 2026-01-31T08:00:00Z|[a-z_]+ must be (a string|true or false|1 \\([A-Z]+\\) or 2"
              + " \\([A-Z]+\\)), not (-?[0-9]{1,19}|true|false|a string|an object|an array|a number"
              + " with a fraction or an exponent|a number beyond 64 bits)");

  private static final Set<Integer> SEEN_AT_LEAST = Set.of(0, 47001, 40101, 40097);

  @Test
  void damagedRequestsAreValidOrRefusedByTheContractButNeverThrow() {
    long seed = Long.getLong("seed", 20260101L);
    System.out.println("RequestDecoderFuzzTest seed " + seed);
    Random random = new Random(seed);
    Mutations mutations = new Mutations(random);
    List<byte[]> whole = new ArrayList<>();
    for (RequestCase given : RequestCase.all()) {
      if (given.valid()) {
        whole.add(Objects.requireNonNull(given.delivery().value()));
      }
    }
    Map<Integer, Integer> seen = new TreeMap<>();
    for (int i = 0; i < 20_000; i++) {
      byte[] value =
          i % 2 == 0 ? mutations.of(whole.get(random.nextInt(whole.size()))) : wellFormed(random);
      List<Header> headers =
          List.of(
              new Header("ce_source", mutations.of("shop".getBytes(StandardCharsets.UTF_8))),
              new Header("ce_id", mutations.of("17".getBytes(StandardCharsets.UTF_8))));
      Delivery delivery =
          new Delivery(
              new Source("dbimport.requests", 3, i),
              RequestCase.REQUESTED_AT,
              null,
              value,
              random.nextBoolean() ? List.of() : headers);
      try {
        seen.merge(codeOf(delivery), 1, Integer::sum);
      } catch (RuntimeException | AssertionError thrown) {
        throw new AssertionError(
            "seed %d, round %d: %s".formatted(seed, i, new String(value, StandardCharsets.UTF_8)),
            thrown);
      }
    }
    System.out.println("RequestDecoderFuzzTest errcode=times " + seen);
    assertThat(seen.keySet()).containsAll(SEEN_AT_LEAST);
    SEEN_AT_LEAST.forEach(code -> assertThat(seen.get(code)).isGreaterThan(500));
  }

  /** An object of the request's fields, each with a fitting value or a strange one. */
  private static byte[] wellFormed(Random random) {
    List<String> members = new ArrayList<>();
    for (RequestFields.Field field : RequestFields.Field.values()) {
      String fitting =
          switch (field) {
            case ENV, COLLECTION_NAME, FILE_PATH, REQUEST_ID, APP_ID -> "\"e\"";
            case FILE_TYPE, CONFLICT_MODE -> "2";
            case STOP_ON_ERROR, RERUN_SAFE -> "true";
            case DEADLINE -> "\"2026-01-31T08:00:00Z\"";
          };
      boolean strange = random.nextInt(8) == 0;
      String value = strange ? VALUES.get(random.nextInt(VALUES.size())) : fitting;
      if (random.nextInt(40) != 0) {
        members.add("\"" + field.wireName() + "\":" + value);
      }
    }
    return ("{" + String.join(",", members) + "}").getBytes(StandardCharsets.UTF_8);
  }

  /** The errcode, 0 for a valid request; its event, letter and ledger record must come out too. */
  private static int codeOf(Delivery delivery) {
    Decoding decoding = Produced.decode(delivery);
    int code =
        switch (decoding) {
          case Decoding.Valid(var request) -> {
            AcceptedJob job = Produced.job(delivery, request);
            assertThat(Produced.EVENTS.accepted(job, delivery.timestamp(), false).value())
                .isNotEmpty();
            yield 0;
          }
          case Decoding.Invalid(String requestId, var fields, Failed failed) -> {
            assertThat(CODES).containsEntry(failed.errcode(), failed.errorClass());
            assertThat(failed.errmsg())
                .isEqualTo(ErrorCode.of(failed.errcode()).map(ErrorCode::message).orElseThrow());
            assertThat(failed.detail().split("; "))
                .allSatisfy(d -> assertThat(d).matches(OWN_WORDS));
            assertThat(requestId.codePointCount(0, requestId.length())).isBetween(1, 128);
            assertThat(fields.values()).doesNotContainKey("request_id");
            assertThat(
                    Produced.EVENTS.error(delivery, decoding, failed, Produced.AT, false).value())
                .isNotEmpty();
            assertThat(Produced.EVENTS.deadLetter(delivery, decoding, failed, Produced.AT).value())
                .isSameAs(delivery.value());
            yield failed.errcode();
          }
        };
    return code;
  }
}
