package io.dbimport.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.SelfSigned;
import io.dbimport.client.TokenSource.Fetched;
import io.dbimport.client.TokenSource.Fetched.Failed;
import io.dbimport.client.TokenSource.Fetched.Fresh;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each service over real sockets: what it is sent, and what is made of its answer. */
@Timeout(60)
class TokenServicesTest {
  private static final String SECRET = "s3cret-of-the-app";
  private static final String GOOD = "{\"access_token\":\"tok-1\",\"expires_in\":7200}";

  @TempDir Path folder;

  private static TokenServices services(URI url, @Nullable Path ca) {
    return new TokenServices(new ClientSettings(url, ApiFamily.APP, Duration.ofSeconds(20), ca));
  }

  private static Fetched fetch(
      ScriptedPeer peer, boolean afterRejection, Function<TokenServices, TokenSource> source)
      throws InterruptedException {
    try (TokenServices services = services(peer.uri(), null)) {
      Fetched fetched = source.apply(services).fetch(afterRejection);
      assertThat(fetched.toString()).doesNotContain(SECRET).doesNotContain("tok-1");
      assertThat(peer.requests()).hasSizeLessThan(2);
      return fetched;
    }
  }

  private static Fetched stable(String answer) throws InterruptedException {
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.answer(200, answer))) {
      return fetch(peer, false, services -> services.stable("wx1", () -> SECRET));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void stableForcesARefreshOnlyAfterARejection(boolean afterRejection) throws InterruptedException {
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.answer(200, GOOD))) {
      assertThat(fetch(peer, afterRejection, services -> services.stable("wx1", () -> SECRET)))
          .isEqualTo(new Fresh("tok-1", Duration.ofHours(2)));
      assertThat(peer.requests().getFirst().line())
          .isEqualTo("POST /cgi-bin/stable_token HTTP/1.1");
      assertThat(peer.requests().getFirst().text())
          .isEqualTo(
              "{\"grant_type\":\"client_credential\",\"appid\":\"wx1\",\"secret\":\"%s\","
                      .formatted(SECRET)
                  + "\"force_refresh\":%s}".formatted(afterRejection));
    }
  }

  @Test
  void componentSendsTheTicketAsItIsNow() throws Exception {
    Path file = Files.writeString(folder.resolve("ticket"), "ticket-1");
    String answer = "{\"component_access_token\":\"tok-1\",\"expires_in\":7200}";
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.answer(200, answer));
        TokenServices services = services(peer.uri(), null)) {
      TokenSource source = services.component("wx1", () -> SECRET, () -> Files.readString(file));
      assertThat(source.fetch(false)).isEqualTo(new Fresh("tok-1", Duration.ofHours(2)));
      Files.writeString(file, "ticket-2");
      assertThat(source.fetch(false)).isEqualTo(new Fresh("tok-1", Duration.ofHours(2)));
      assertThat(peer.requests())
          .extracting(ScriptedPeer.Request::line)
          .containsOnly("POST /cgi-bin/component/api_component_token HTTP/1.1");
      String body =
          "{\"component_appid\":\"wx1\",\"component_appsecret\":\""
              + SECRET
              + "\","
              + "\"component_verify_ticket\":\"%s\"}";
      assertThat(peer.requests())
          .extracting(ScriptedPeer.Request::text)
          .containsExactly(body.formatted("ticket-1"), body.formatted("ticket-2"));
    }
  }

  @Test
  void aCompanysServiceIsAskedWithItsQueryAndHeader() throws InterruptedException {
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.answer(200, GOOD))) {
      URI url = URI.create(peer.uri() + "/tokens/shop?a=b%20c&d=%26e");
      assertThat(fetch(peer, true, services -> services.url(url, false, () -> "Bearer " + SECRET)))
          .isEqualTo(new Fresh("tok-1", Duration.ofHours(2)));
      ScriptedPeer.Request sent = peer.requests().getFirst();
      assertThat(sent.line())
          .startsWith("GET /tokens/shop?a=b")
          .contains("&d=%26e")
          .doesNotContain(" c");
      assertThat(sent.head()).containsIgnoringCase("authorization: Bearer " + SECRET + "\r\n");
      assertThat(sent.text()).isEmpty();
    }
  }

  @Test
  void aCompanysServiceMayWantAPostAndNoHeader() throws InterruptedException {
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.answer(200, GOOD))) {
      assertThat(fetch(peer, false, services -> services.url(peer.uri(), true, null)))
          .isInstanceOf(Fresh.class);
      ScriptedPeer.Request sent = peer.requests().getFirst();
      assertThat(sent.line()).isEqualTo("POST / HTTP/1.1");
      assertThat(sent.head()).doesNotContainIgnoringCase("authorization");
      assertThat(sent.text()).isEqualTo("{}");
    }
  }

  @Test
  void aCompanysServiceIsTrustedAsTheApiIs() throws InterruptedException {
    SelfSigned certificate = SelfSigned.forLoopback(folder);
    try (ScriptedPeer peer =
        ScriptedPeer.https(certificate, (_, stage) -> stage.answer(200, GOOD))) {
      try (TokenServices trusting =
          services(URI.create("https://api.example"), certificate.certificate())) {
        assertThat(trusting.url(peer.uri(), false, null).fetch(false)).isInstanceOf(Fresh.class);
      }
      try (TokenServices other = services(URI.create("https://api.example"), null)) {
        assertThat(other.url(peer.uri(), false, null).fetch(false)).isInstanceOf(Failed.class);
      }
      assertThat(peer.requests()).hasSize(1);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "null",
        "{}",
        "<html>busy</html>",
        "{\"access_token\":\"tok-1\"}",
        "{\"access_token\":\"tok-1\",\"expires_in\":0}",
        "{\"access_token\":\"tok-1\",\"expires_in\":-7200}",
        "{\"access_token\":\"tok-1\",\"expires_in\":\"7200\"}",
        "{\"access_token\":\"tok-1\",\"expires_in\":1.5}",
        "{\"access_token\":\"tok-1\",\"expires_in\":99999999999999999999}",
        "{\"access_token\":\"tok-1\",\"expires_in\":null}",
        "{\"expires_in\":7200}",
        "{\"access_token\":\"\",\"expires_in\":7200}",
        "{\"access_token\":7,\"expires_in\":7200}",
        "{\"access_token\":\"tok-1 \",\"expires_in\":7200}",
        "{\"access_token\":\"tok-1\\r\\nX: y\",\"expires_in\":7200}",
        "{\"component_access_token\":\"tok-1\",\"expires_in\":7200}",
        "{\"access_token\":\"tok-1\",\"expires_in\":7200,\"errcode\":45009}",
        "{\"access_token\":\"tok-1\",\"expires_in\":7200",
      })
  void anAnswerThatIsNoneIsSaidToBeNone(String answer) throws InterruptedException {
    assertThat(stable(answer)).isInstanceOf(Failed.class);
  }

  @Test
  void anAnswerWithAnErrcodeOfZeroIsGood() throws InterruptedException {
    assertThat(stable("{\"errcode\":0,\"access_token\":\"tok-1\",\"expires_in\":300}"))
        .isEqualTo(new Fresh("tok-1", Duration.ofMinutes(5)));
  }

  @Test
  void aLifeIsNeverMoreThanThirtyDays() throws InterruptedException {
    assertThat(stable("{\"access_token\":\"tok-1\",\"expires_in\":9223372036854775807}"))
        .isEqualTo(new Fresh("tok-1", Duration.ofDays(30)));
  }

  @Test
  void anErrcodeIsToldWithoutWhatItQuotes() throws InterruptedException {
    assertThat(stable("{\"errcode\":40125,\"errmsg\":\"bad appsecret " + SECRET + "\"}"))
        .isInstanceOfSatisfying(
            Failed.class,
            failed -> assertThat(failed.why()).contains("40125", "bad appsecret ***"));
  }

  @Test
  void aHugeAnswerIsReadToItsBoundOnly() throws InterruptedException {
    assertThat(stable(" ".repeat(200_000) + GOOD))
        .isInstanceOfSatisfying(
            Failed.class, failed -> assertThat(failed.why()).contains("more than"));
  }

  @ParameterizedTest
  @CsvSource({"302", "307", "401", "404", "500", "503"})
  void aStatusOtherThanOkIsNoTokenAndNoRedirectIsFollowed(int status) throws InterruptedException {
    try (ScriptedPeer elsewhere = ScriptedPeer.http((_, stage) -> stage.answer(200, GOOD));
        ScriptedPeer peer =
            ScriptedPeer.http(
                (_, stage) -> stage.answer(status, GOOD, "Location: " + elsewhere.uri() + "/x"))) {
      assertThat(fetch(peer, false, services -> services.url(peer.uri(), false, null)))
          .isInstanceOfSatisfying(
              Failed.class, failed -> assertThat(failed.why()).contains("HTTP " + status));
      assertThat(elsewhere.connections()).isZero();
    }
  }

  @Test
  void aServiceThatIsAwayIsToldByItsAddress() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    URI url = URI.create("http://127.0.0.1:" + port + "/x?key=" + SECRET);
    try (TokenServices services = services(URI.create("http://127.0.0.1:" + port), null)) {
      assertThat(((Failed) services.url(url, false, null).fetch(false)).why())
          .contains("127.0.0.1:" + port)
          .doesNotContain(SECRET);
      assertThat(((Failed) services.stable("wx1", () -> SECRET).fetch(false)).why())
          .contains("127.0.0.1:" + port)
          .doesNotContain(SECRET);
    }
  }

  @Test
  void aSecretThatCannotBeReadIsToldAndNothingIsSent() throws InterruptedException {
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.answer(200, GOOD))) {
      SecretText absent =
          () -> {
            throw new IOException("its ticket cannot be read");
          };
      assertThat(fetch(peer, false, services -> services.component("wx1", () -> SECRET, absent)))
          .isEqualTo(new Failed("its ticket cannot be read"));
      assertThat(fetch(peer, false, services -> services.url(peer.uri(), false, () -> "a\nb")))
          .isInstanceOf(Failed.class);
      assertThat(peer.connections()).isZero();
    }
  }
}
