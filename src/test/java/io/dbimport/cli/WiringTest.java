package io.dbimport.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.cli.SettingsReader.Reading;
import io.dbimport.server.App;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WiringTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void aServersTokenIsReadAgainWhenItsFileChanges() throws IOException {
    Path file = Files.writeString(folder.resolve("token"), "token-of-today\n");
    Supplier<List<App>> apps = apps(Map.of("DBIMPORT_TOKEN_FILE", file.toString()));
    assertThat(token(apps)).isEqualTo("token-of-today");
    Files.writeString(file, "token-of-tomorrow\n");
    assertThat(token(apps)).isEqualTo("token-of-tomorrow");
    Files.delete(file);
    assertThat(token(apps)).as("the last that could be read").isEqualTo("token-of-tomorrow");
  }

  @Test
  void onLoopbackTheBuiltInTokenIsTaken() {
    assertThat(token(apps(Map.of()))).isEqualTo("dev-token");
  }

  @Test
  void environmentsAreSplitAtCommas() {
    assertThat(
            apps(Map.of("DBIMPORT_SERVER_ENVIRONMENTS", "shop-1, shop-2,"))
                .get()
                .getFirst()
                .environments())
        .containsExactly("shop-1", "shop-2");
  }

  private static String token(Supplier<List<App>> apps) {
    return apps.get().getFirst().tokens().getFirst().value();
  }

  private static Supplier<List<App>> apps(Map<String, String> environment) {
    return Wiring.apps(
        ((Reading.Good) SettingsReader.read(Map.of(), environment, null)).settings());
  }
}
