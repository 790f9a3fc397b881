package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class S3PartTest {
  @TempDir private Path folder = Path.of("");

  private static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String text(S3Part part) throws IOException {
    try (InputStream in = part.body().contentStreamProvider().newStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void aPartIsReadAsOftenAsItIsSentAndThenTheNextTakesItsPlace() throws IOException {
    InputStream body = stream("0123456789");
    try (S3Part part = S3Part.open(folder)) {
      part.fill(body, 7);
      assertThat(text(part)).isEqualTo("0123456");
      assertThat(text(part)).isEqualTo("0123456");
      part.fill(body, 7);
      assertThat(text(part)).isEqualTo("789");
      assertThat(part.length()).isEqualTo(3);
      part.fill(body, 7);
      assertThat(part.length()).isZero();
    }
  }

  @Test
  void nothingOfAPartCanBeLeftBehind() throws IOException {
    try (S3Part part = S3Part.open(folder)) {
      part.fill(stream("secret"), 7);

      assertThat(folder).isEmptyDirectory();
    }
  }
}
