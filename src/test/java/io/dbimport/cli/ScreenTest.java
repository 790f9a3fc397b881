package io.dbimport.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.jline.utils.AttributedString;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is drawn over again must not be longer than a line, or its rest would stay. */
final class ScreenTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "checking a.jsonl",
        "uploading a-file-with-a-name-that-is-longer-than-many-terminals-are-wide.jsonl",
        "uploading 价格表价格表价格表价格表价格表价格表价格表价格表.csv",
        ""
      })
  void aBarIsNoLongerThanItsLine(String what) {
    for (int columns = 1; columns <= 120; columns++) {
      for (long of : new long[] {-1, 0, 1, 7, 41_377_780}) {
        assertThat(Screen.bar(what, of / 2, of, columns).columnLength())
            .isLessThanOrEqualTo(columns);
      }
    }
  }

  @Test
  void aBarSaysWhatItIsAboutAndHowFarItIs() {
    AttributedString bar = Screen.bar("uploading a.jsonl", 500_000, 1_000_000, 60);
    assertThat(bar.toString())
        .isEqualTo("  uploading a.jsonl " + "━".repeat(22) + " 500,000/1,000,000");
    assertThat(Screen.bar("a name that is long", 0, 5, 30).toString())
        .isEqualTo("  a name that … ━━━━━━━━━━ 0/5");
    assertThat(Screen.bar("a part starts", 0, 1, 100).toString())
        .isEqualTo("  a part starts " + "━".repeat(40));
  }
}
