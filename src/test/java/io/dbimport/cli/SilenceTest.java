package io.dbimport.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.cli.Waiting.Silence;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What {@code submit --wait} says of those that it hears nothing from. */
final class SilenceTest {
  private static final String SILENT = "  silent    nothing from Kafka for 10 s; still waiting\n";
  private static final String BACK = "  back      Kafka answers again\n";

  private final StringWriter out = new StringWriter();
  private final Silence kafka = new Silence(Screen.plain(new PrintWriter(out, true)), "Kafka");

  private String heard(boolean answers, double second) {
    int before = out.toString().length();
    // A clock may begin anywhere, below 0 as well.
    kafka.heard(answers, -5_000 + Duration.ofMillis((long) (second * 1000)).toNanos());
    return out.toString().substring(before);
  }

  @Test
  void silenceIsToldOnceAfterTenSecondsAndItsEndOnce() {
    assertThat(heard(true, 0)).isEmpty();
    assertThat(heard(false, 1)).isEmpty();
    assertThat(heard(false, 9.9)).isEmpty();
    assertThat(heard(false, 10)).isEqualTo(SILENT);
    assertThat(heard(false, 60)).isEmpty();
    assertThat(heard(true, 61)).isEqualTo(BACK);
    assertThat(heard(true, 62)).isEmpty();
    assertThat(heard(false, 71.9)).isEmpty();
    assertThat(heard(false, 72)).isEqualTo(SILENT);
  }

  @Test
  void whoNeverAnsweredIsSilentTenSecondsAfterTheFirstQuestion() {
    assertThat(heard(false, 100)).isEmpty();
    assertThat(heard(false, 109.9)).isEmpty();
    assertThat(heard(false, 110)).isEqualTo(SILENT);
  }
}
