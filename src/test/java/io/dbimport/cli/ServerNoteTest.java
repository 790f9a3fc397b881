package io.dbimport.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a server says of where it is. */
final class ServerNoteTest {
  private static final URI HERE = URI.create("http://127.0.0.1:8080");

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "localhost", "::1"})
  void onLoopbackItNamesItsAddressAlone(String bind) {
    assertThat(ServerCommand.at(HERE, bind))
        .isEqualTo("server at http://127.0.0.1:8080, metrics and health included");
  }

  @Test
  void offLoopbackItSaysThatOthersReachIt() {
    assertThat(ServerCommand.at(HERE, "0.0.0.0"))
        .isEqualTo(
            "server at http://127.0.0.1:8080, metrics and health included; bound to 0.0.0.0, so"
                + " others reach it too");
  }
}
