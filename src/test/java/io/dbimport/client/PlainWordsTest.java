package io.dbimport.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Failures are told without the names that Java has for them. */
final class PlainWordsTest {

  static Stream<Arguments> failures() {
    return Stream.of(
        Arguments.of(
            new UnknownHostException("nowhere.invalid: Name or service not known"),
            "no address is known for the host nowhere.invalid"),
        Arguments.of(
            new UnknownHostException("nowhere.invalid"),
            "no address is known for the host nowhere.invalid"),
        Arguments.of(new UnresolvedAddressException(), "no address is known for the host"),
        Arguments.of(new ConnectException("Connection refused"), "Connection refused"),
        Arguments.of(new SocketTimeoutException("Read timed out"), "no answer in time"),
        Arguments.of(new NoSuchFileException("a.json"), "it is not there"),
        Arguments.of(new AccessDeniedException("a.json"), "it may not be read or written"),
        Arguments.of(
            new FileSystemException("a", "b", "No space left on device"),
            "No space left on device"),
        Arguments.of(new MalformedInputException(1), "it is not UTF-8"),
        Arguments.of(
            new SSLHandshakeException("(certificate_unknown) PKIX path building failed"),
            "its certificate is not trusted; (certificate_unknown) PKIX path building failed"),
        Arguments.of(
            new SSLHandshakeException("Remote host terminated the handshake"),
            "no secure connection; Remote host terminated the handshake"),
        Arguments.of(new IOException("longer than 65536 bytes"), "longer than 65536 bytes"),
        Arguments.of(new EOFException(), "a failure of the kind EOFException"),
        Arguments.of(
            new IllegalStateException("GET /?access_token=x"),
            "a failure of the kind IllegalStateException"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void aFailureIsToldInWords(Throwable failure, String words) {
    assertThat(PlainWords.of(failure)).isEqualTo(words);
  }

  @Test
  void whoCallsAHostThatHasNoAddressReadsThat() throws Exception {
    ClientSettings settings =
        new ClientSettings(
            URI.create("http://nowhere.invalid"), ApiFamily.APP, Duration.ofSeconds(5), null);
    try (HttpImportApi api = new HttpImportApi(settings, AccessTokens.fixed("any"))) {
      assertThat(api.state(null, "env", 1).toString())
          .contains("no address is known for the host")
          .doesNotContain("Exception");
    }
  }

  @Test
  void aTokensFileThatIsNotThereIsNamed(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("token");
    assertThat(new FileToken(file).token(null, Duration.ZERO).toString())
        .contains("no token can be read from " + file + ": it is not there");
    Files.createFile(file);
    assertThat(new FileToken(file).token(null, Duration.ZERO).toString())
        .contains(": the file is empty");
  }
}
