package io.dbimport.event;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.Outcome.Failed;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeadLettersTest {
  private static final Source SOURCE = new Source("dbimport.requests", 3, 42);
  private static final Instant MADE = Instant.ofEpochMilli(1_234_567_890_123L);
  private static final Failed FAILED =
      new Failed(40101, "missing parameter", ErrorClass.INVALID, "missing: env", 0);

  @Test
  void keyValueHeadersAndTimestampAreTheRequestsOwn() {
    byte[] key = {1, 0, -1};
    byte[] value = {'[', 0, -2};
    List<Header> headers =
        List.of(
            Header.of("traceparent", "one"),
            new Header("empty", null),
            Header.of("traceparent", "two"),
            new Header("bytes", new byte[] {-1, 0}),
            Header.of("ce_id", "17"),
            Header.of("", "no name"));
    Message letter = letter(new Delivery(SOURCE, MADE, key, value, headers), FAILED, "group");
    assertThat(letter.kind()).isEqualTo(Message.Kind.DEAD_LETTERS);
    assertThat(letter.partition()).isEqualTo(3);
    assertThat(letter.timestamp()).isEqualTo(MADE);
    assertThat(letter.key()).isSameAs(key);
    assertThat(letter.value()).isSameAs(value);
    assertThat(letter.headers().subList(0, headers.size())).isEqualTo(headers);
    assertThat(shown(letter.headers().subList(headers.size(), letter.headers().size())))
        .containsExactly(
            "__dlq.errors.topic=dbimport.requests",
            "__dlq.errors.partition=3",
            "__dlq.errors.offset=42",
            "__dlq.errors.group=group",
            "__dlq.errors.delivery.count=0",
            "__dlq.errors.message=40101 MISSING_PARAMETER: missing parameter: missing: env",
            "dlq.class=invalid",
            "dlq.errcode=40101",
            "dlq.request_id=order-7",
            "dlq.failed_at=2026-01-02T03:05:06.789Z",
            "dlq.replay.count=0");
  }

  @Test
  void aTombstoneWithoutKeyStaysOne() {
    Message letter = letter(new Delivery(SOURCE, MADE, null, null, List.of()), FAILED, "group");
    assertThat(letter.key()).isNull();
    assertThat(letter.value()).isNull();
  }

  @Test
  void headersOfAnEarlierRoundAreReplacedAndItsReplaysKept() {
    List<Header> earlier =
        List.of(
            Header.of("dlq.class", "internal"),
            Header.of("__dlq.errors.offset", "1"),
            Header.of("mine", "kept"),
            Header.of("dlq.replay.count", "2"),
            Header.of("dlq.class", "token"));
    Message letter = letter(new Delivery(SOURCE, MADE, null, null, earlier), FAILED, "group");
    assertThat(shown(letter.headers()))
        .hasSize(12)
        .contains("mine=kept", "dlq.class=invalid", "__dlq.errors.offset=42", "dlq.replay.count=2");
  }

  @Test
  void aReplayCountThatIsNoNumberCountsAsNone() {
    for (String count : List.of("", "-1", "2x", "9".repeat(5000), "\n7", "１")) {
      List<Header> headers = List.of(Header.of("dlq.replay.count", count));
      Message letter = letter(new Delivery(SOURCE, MADE, null, null, headers), FAILED, "group");
      assertThat(shown(letter.headers())).as(count).contains("dlq.replay.count=0");
    }
  }

  @Test
  void ourHeadersAreBoundedWhateverComesIn() {
    String huge = "集".repeat(50_000);
    List<Header> hostile = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      hostile.add(Header.of("h".repeat(5000) + i, huge));
      hostile.add(Header.of("dlq.replay.count", huge));
      hostile.add(Header.of("__dlq.errors.message", huge));
    }
    Delivery delivery =
        new Delivery(
            new Source("t".repeat(249), Integer.MAX_VALUE, Long.MAX_VALUE),
            MADE,
            null,
            null,
            hostile);
    Failed failed =
        new Failed(Integer.MIN_VALUE, huge, ErrorClass.OUTCOME_UNKNOWN, huge, Integer.MAX_VALUE);
    Message letter = new DeadLetters(huge).letter(delivery, "😀".repeat(128), failed, MADE);
    assertThat(letter.headers()).hasSize(300 + 11);
    int all = 0;
    for (Header ours : letter.headers().subList(300, 311)) {
      int bytes = ours.text().getBytes(StandardCharsets.UTF_8).length;
      assertThat(bytes).as(ours.name()).isPositive().isLessThanOrEqualTo(2048);
      all += ours.name().length() + bytes;
    }
    assertThat(all).isLessThanOrEqualTo(16 * 1024);
  }

  @Test
  void theMessageNamesTheCodeOnceAndDoesNotRepeatWhatTheApiSaid() {
    Failed said =
        new Failed(-503003, "file not found", ErrorClass.MISSING, "file not found: a.json", 1);
    Failed unlisted = new Failed(12345, "odd", ErrorClass.REFUSED, "HTTP 200", 1);
    assertThat(message(said)).isEqualTo("-503003 FILE_ABSENT: file not found: a.json");
    assertThat(message(unlisted)).isEqualTo("12345: odd: HTTP 200");
  }

  private static String message(Failed failed) {
    Message letter = letter(new Delivery(SOURCE, MADE, null, null, List.of()), failed, "group");
    return shown(letter.headers()).stream()
        .filter(header -> header.startsWith("__dlq.errors.message="))
        .map(header -> header.substring("__dlq.errors.message=".length()))
        .findFirst()
        .orElseThrow();
  }

  private static Message letter(Delivery delivery, Failed failed, String group) {
    return new DeadLetters(group).letter(delivery, "order-7", failed, Produced.AT);
  }

  private static List<String> shown(List<Header> headers) {
    return headers.stream().map(header -> header.name() + "=" + header.text()).toList();
  }
}
