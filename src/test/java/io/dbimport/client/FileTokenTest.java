package io.dbimport.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.client.AccessTokens.TokenReply;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileTokenTest {
  private static final FileTime SOME_TIME = FileTime.from(Instant.parse("2026-01-02T03:04:05Z"));

  @TempDir Path folder;
  private Path file;
  private FileToken tokens;

  @BeforeEach
  void aFile() {
    file = folder.resolve("token");
    tokens = new FileToken(file);
  }

  /** In place, with a time of its own choosing: nothing but the content tells it was written. */
  private void write(String text) throws IOException {
    Files.writeString(file, text);
    Files.setLastModifiedTime(file, SOME_TIME);
  }

  private void assertToken(String value) {
    assertThat(tokens.token(null, Duration.ZERO)).isEqualTo(new TokenReply.Token(value));
  }

  @Test
  void whiteSpaceAroundATokenIsNotPartOfIt() throws IOException {
    write("\n token-1 \r\n");
    assertToken("token-1");
  }

  @Test
  void aFileThatChangedIsReadAgain() throws IOException {
    write("token-1");
    assertToken("token-1");
    write("token-two");
    assertToken("token-two");
  }

  @Test
  void aFileThatWasReplacedIsReadAgainEvenWithTheSameTimeAndLength() throws IOException {
    write("token-1");
    assertToken("token-1");
    Path next = folder.resolve("next");
    Files.writeString(next, "token-2");
    Files.setLastModifiedTime(next, SOME_TIME);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    assertToken("token-2");
  }

  @Test
  void aFileThatLooksTheSameIsReadAgainOnlyAfterItsTokenWasNotTaken() throws IOException {
    write("token-1");
    assertToken("token-1");
    write("token-2");
    assertToken("token-1");
    tokens.rejected(null, "token-1");
    assertToken("token-2");
  }

  @Test
  void withoutAReadableTokenThereIsNoneAndItComesBackWithTheFile() throws IOException {
    assertThat(tokens.token(null, Duration.ZERO)).isInstanceOf(TokenReply.NoToken.class);
    write("token-1");
    assertToken("token-1");
    Files.delete(file);
    assertThat(tokens.token(null, Duration.ZERO)).isInstanceOf(TokenReply.NoToken.class);
    write("");
    assertThat(tokens.token(null, Duration.ZERO)).isInstanceOf(TokenReply.NoToken.class);
    write("x".repeat(5000));
    assertThat(tokens.token(null, Duration.ZERO)).isInstanceOf(TokenReply.NoToken.class);
    write("token-1");
    assertToken("token-1");
  }

  @Test
  void thereIsOneApp() throws IOException {
    write("token-1");
    assertThat(tokens.token("wx1", Duration.ZERO)).isEqualTo(new TokenReply.UnknownApp("wx1"));
  }

  @Test
  void noTextHoldsTheToken() throws Exception {
    write("s3cret");
    assertThat(tokens.token(null, Duration.ZERO).toString()).doesNotContain("s3cret");
    assertThat(AccessTokens.fixed("s3cret").token(null, Duration.ZERO).toString())
        .doesNotContain("s3cret");
  }
}
