package io.dbimport.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.dbimport.event.LedgerCodec.Fields;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.NoSuchElementException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LedgerFieldsTest {

  private static Fields fields(String json) {
    return Fields.read(json.getBytes(StandardCharsets.UTF_8));
  }

  private static Instant instant(String text) {
    return fields("{\"at\":\"" + text + "\"}").instant("at");
  }

  @Test
  void whatIsOfNoKindThatARecordHasCountsAsAbsent() {
    Fields fields =
        fields("{\"a\":null,\"b\":{\"c\":[1]},\"c\":[2,{}],\"d\":1.5,\"e\":1e2,\"f\":7}");
    for (String name : new String[] {"a", "b", "c", "d", "e", "g"}) {
      assertThat(fields.has(name)).as(name).isFalse();
      assertThatExceptionOfType(NoSuchElementException.class).isThrownBy(() -> fields.number(name));
    }
    assertThat(fields.number("f")).isEqualTo(7);
    assertThatExceptionOfType(NoSuchElementException.class).isThrownBy(() -> fields.text("f"));
    assertThatExceptionOfType(NoSuchElementException.class).isThrownBy(() -> fields.flag("f"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\":1,\"a\":1}",
        "{\"a\":null,\"a\":1}",
        "{\"a\":1,\"b\":2,\"\\u0061\":{}}",
      })
  void aRepeatedFieldIsBroken(String json) {
    assertThatExceptionOfType(NoSuchElementException.class)
        .isThrownBy(() -> fields(json))
        .withMessageContaining("a stands twice");
  }

  @Test
  void anyInstantIsReadAsItWasWritten() {
    long seed = Long.getLong("seed", 20261125L);
    System.out.println("LedgerFieldsTest seed " + seed);
    Random random = new Random(seed);
    for (int i = 0; i < 50_000; i++) {
      long seconds =
          switch (i % 3) {
            case 0 -> random.nextLong(0, 4_102_444_800L);
            case 1 -> random.nextLong(-62_167_219_200L, 253_402_300_800L);
            default -> random.nextLong(Instant.MIN.getEpochSecond(), Instant.MAX.getEpochSecond());
          };
      int nanos =
          switch (random.nextInt(4)) {
            case 0 -> 0;
            case 1 -> random.nextInt(1_000) * 1_000_000;
            case 2 -> random.nextInt(1_000_000) * 1_000;
            default -> random.nextInt(1_000_000_000);
          };
      Instant instant = Instant.ofEpochSecond(seconds, nanos);
      assertThat(instant(instant.toString())).as("seed %d", seed).isEqualTo(instant);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2026-11-25T12:00:00Z",
        "2026-11-25T23:59:59.9Z",
        "2026-11-25T12:00:00.12Z",
        "2026-11-25T12:00:00.1234567Z",
        "2026-11-25T24:00:00Z",
        "2016-12-31T23:59:60Z",
        "2024-02-29T00:00:00Z",
        "2026-11-25T12:00:00+08:00",
        "2026-11-25t12:00:00z",
        "2026-11-25T12:00:00.Z",
        "2026-11-25T12:00Z",
        "+10000-01-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-11-31T00:00:00Z",
        "2026-11-25T25:00:00Z",
        "2026-11-25T12:60:00Z",
        "2026-11-25T12:00:61Z",
        "2026-11-25T12:00:00.1234567890Z",
        "2026-11-25T12:00:00,123Z",
        "2026-11-25 12:00:00Z",
        "2026/11/25T12:00:00Z",
        "2026-11/25T12:00:00Z",
        "2026-11-25T12.00:00Z",
        "2026-11-25T12:00.00Z",
        "2026-11-25T12:00:00X",
        "2026-11-2aT12:00:00Z",
        "2026-1 -25T12:00:00Z",
        "2026-11-25T1/:00:00Z",
        "2026-11-25T12:0::00Z",
        "2026-11-25T12:00:00.12+Z",
        "-026-11-25T12:00:00Z",
        "٢٠٢٦-11-25T12:00:00Z",
        "",
        "Z"
      })
  void anOddTextIsReadAsJavaReadsIt(String text) {
    Instant expected;
    try {
      expected = Instant.parse(text);
    } catch (DateTimeException none) {
      assertThatExceptionOfType(DateTimeException.class).isThrownBy(() -> instant(text));
      return;
    }
    assertThat(instant(text)).isEqualTo(expected);
  }
}
