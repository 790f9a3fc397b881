package io.dbimport.client;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClientSettingsTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"api.weixin.qq.com", "ftp://host", "https:///path", "mailto:a@b"})
  void aUrlThatNamesNoHttpHostIsRefused(String url) {
    assertThatThrownBy(
            () -> new ClientSettings(URI.create(url), ApiFamily.APP, Duration.ofSeconds(1), null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(url);
  }

  @Test
  void aFileWithoutACertificateIsRefusedByName() throws Exception {
    Path file = Files.writeString(folder.resolve("ca.pem"), "");
    assertThatThrownBy(() -> Trust.context(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(file.toString());
    assertThatThrownBy(() -> Trust.context(folder.resolve("absent.pem")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("absent.pem");
  }
}
