package io.dbimport.dev;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What {@code dev} says to paste. */
final class DevCommandTest {
  @Test
  void aTokenOfOnesOwnIsNamedAndNotShown() {
    assertThat(DevCommand.tokenLine(Optional.empty()))
        .isEqualTo("  # and DBIMPORT_TOKEN, the one you gave");
    assertThat(DevCommand.tokenLine(Optional.of("dev-token")))
        .isEqualTo("  export DBIMPORT_TOKEN=dev-token");
  }
}
