package io.dbimport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CommitNoteTest {

  @Test
  void aNoteIsReadBackAsItWasWritten() {
    CommitNote note = new CommitNote(Long.MAX_VALUE, 0, Duration.ofMillis(12_345), true);
    assertThat(note.text().length()).isLessThan(120);
    assertThat(CommitNote.read(note.text())).contains(note);
    CommitNote unclean = new CommitNote(1, 2, Duration.ZERO, false);
    assertThat(CommitNote.read(unclean.text())).contains(unclean);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "dbimport1",
        "dbimport2 ledger=1 journal=2 timeout=3 clean=true",
        "dbimport1 ledger=x journal=2 timeout=3 clean=true",
        "dbimport1 ledger=1 journal=2 clean=true",
        "BgAAAA==",
        "somebody else's note"
      })
  void whatIsNoneOfOursIsNoNote(String text) {
    assertThat(CommitNote.read(text)).isEmpty();
  }
}
