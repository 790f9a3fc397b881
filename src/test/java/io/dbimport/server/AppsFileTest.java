package io.dbimport.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The file of apps: what it may say, and what its mistakes are called. */
final class AppsFileTest {
  private static final String SECRET = "s3cr3t-value";

  @TempDir Path folder;

  @Test
  void appsHaveTheirTokensAndEnvironments() throws IOException {
    List<App> apps =
        AppsFile.read(
            file(
                """
                [{"appid":"one","secret":"s3c","component_verify_ticket":"tic","tokens":["t1",
                   {"token":"t2","expires_at":"2026-01-31T16:00:00+08:00"}],
                  "environments":["e1","e2"]},
                 {"appid":"two","tokens":[],"environments":[],"cloud_development":false}]
                """));

    assertThat(apps)
        .containsExactly(
            new App(
                "one",
                "s3c",
                new App.Token("tic", null),
                List.of(
                    new App.Token("t1", null),
                    new App.Token("t2", Instant.parse("2026-01-31T08:00:00Z"))),
                List.of("e1", "e2"),
                true),
            new App("two", List.of(), List.of(), false));
    assertThat(apps.toString())
        .doesNotContain("s3c")
        .doesNotContain("tic")
        .doesNotContain("t1")
        .doesNotContain("t2");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "is not JSON (line 1)          | [{\"appid\":\"s3cr3t-value\",]",
        "array of at least one app     | []",
        "array of at least one app     | {\"appid\":\"s3cr3t-value\"}",
        "app 1, tokens must be         | [7]",
        "app 1, tokens must be         | [{\"appid\":\"a\",\"environments\":[]}]",
        "app 1, environments must be   | [{\"appid\":\"a\",\"tokens\":[]}]",
        "app 1, appid must be a string | [{\"tokens\":[],\"environments\":[]}]",
        "unknown field token; known    | [{\"appid\":\"a\",\"token\":\"s3cr3t-value\"}]",
        "same token is there twice     |"
            + " [{\"appid\":\"a\",\"tokens\":[\"s3cr3t-value\",\"s3cr3t-value\"],\"environments\":[]}]",
        "app 2, tokens: the same       |"
            + " [{\"appid\":\"a\",\"tokens\":[\"s3cr3t-value\"],\"environments\":[]},{\"appid\":\"b\",\"tokens\":[\"s3cr3t-value\"],\"environments\":[]}]",
        "same appid is there twice     |"
            + " [{\"appid\":\"a\",\"tokens\":[],\"environments\":[]},{\"appid\":\"a\",\"tokens\":[],\"environments\":[]}]",
        "secret must be a string       |"
            + " [{\"appid\":\"a\",\"secret\":\"\",\"tokens\":[],\"environments\":[]}]",
        "token must be a string        | [{\"appid\":\"a\",\"tokens\":[7],\"environments\":[]}]",
        "must be a string              | [{\"appid\":\"a\",\"tokens\":[\"\"],\"environments\":[]}]",
        "expires_at must be an instant |"
            + " [{\"appid\":\"a\",\"tokens\":[{\"token\":\"s3cr3t-value\",\"expires_at\":\"soon\"}],\"environments\":[]}]",
        "app 1, environments: one is   |"
            + " [{\"appid\":\"a\",\"tokens\":[],\"environments\":[\"a/b\"]}]",
        "app 1, environments: one is   |"
            + " [{\"appid\":\"a\",\"tokens\":[],\"environments\":[\"e\",\"..\"]}]",
        "app 1, environments: one is   |"
            + " [{\"appid\":\"a\",\"tokens\":[],\"environments\":[\".\"]}]",
        "must be true or false         |"
            + " [{\"appid\":\"a\",\"tokens\":[],\"environments\":[],\"cloud_development\":\"yes\"}]",
      })
  void aMistakeIsNamedWithItsPlaceAndNoSecret(String what, String text) throws IOException {
    Path file = file(text);

    assertThatThrownBy(() -> AppsFile.read(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(what)
        .satisfies(mistake -> assertThat(mistake.toString()).doesNotContain(SECRET));
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    Path absent = folder.resolve("absent.json");

    assertThatThrownBy(() -> AppsFile.read(absent))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(absent + " cannot be read");
  }

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("apps.json"), text);
  }
}
