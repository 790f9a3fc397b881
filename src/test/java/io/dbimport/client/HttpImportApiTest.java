package io.dbimport.client;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ConflictMode;
import io.dbimport.ErrorClass;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.JobReply;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.Presence;
import io.dbimport.Reply;
import io.dbimport.SelfSigned;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One POST a call, once, and the reply that its fate deserves: over real sockets. */
class HttpImportApiTest {
  private static final String TOKEN = "58_sEcReT-token";
  private static final Duration PATIENT = Duration.ofSeconds(20);
  private static final Duration HASTY = Duration.ofMillis(600);
  private static final String ACCEPTED = "{\"errcode\":0,\"errmsg\":\"ok\",\"job_id\":100074947}";
  private static final ImportRequest REQUEST =
      new ImportRequest(
          "r-1",
          null,
          new ImportParameters(
              "demo-env", "城市", "a b/c.json", FileType.JSON, true, ConflictMode.UPSERT),
          null,
          true);

  @TempDir Path folder;

  private static HttpImportApi api(URI url, Duration timeout, @Nullable Path ca) {
    return new HttpImportApi(
        new ClientSettings(url, ApiFamily.COMPONENT, timeout, ca), AccessTokens.fixed(TOKEN));
  }

  private static Reply submit(HttpImportApi api) throws InterruptedException {
    Reply reply = api.submit(REQUEST);
    assertThat(reply.toString()).doesNotContain(TOKEN);
    return reply;
  }

  /** Calls a peer once, and checks that it was sent one request and no other. */
  private static Reply replyTo(Duration timeout, ScriptedPeer.Script script)
      throws InterruptedException {
    try (ScriptedPeer peer = ScriptedPeer.http(script);
        HttpImportApi api = api(peer.uri(), timeout, null)) {
      Reply reply = submit(api);
      assertThat(peer.requests()).hasSize(1);
      return reply;
    }
  }

  private static Reply replyTo(ScriptedPeer.Script script) throws InterruptedException {
    return replyTo(PATIENT, script);
  }

  private static JobReply stateOf(String body) throws InterruptedException {
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.answer(200, body));
        HttpImportApi api = api(peer.uri(), PATIENT, null)) {
      return api.state(null, "demo-env", 7);
    }
  }

  private static void assertUnanswered(Reply reply) {
    assertThat(reply).isInstanceOf(Reply.Unanswered.class);
    assertThat(((Reply.Unanswered) reply).errcode()).isEqualTo(-1);
  }

  private static void assertNotSent(Reply reply) {
    assertThat(reply).isInstanceOf(Reply.Unavailable.class);
    assertThat(((Reply.Unavailable) reply).errcode()).isEqualTo(-1);
    assertThat(((Reply.Unavailable) reply).answered()).isFalse();
  }

  // What is sent.

  @Test
  void theSixParametersAreSentAsRawUtf8WithTheTokenInTheQuery() throws InterruptedException {
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.answer(200, ACCEPTED));
        HttpImportApi api = api(peer.uri(), PATIENT, null)) {
      assertThat(submit(api)).isEqualTo(new Reply.Accepted(100074947));
      ScriptedPeer.Request sent = peer.requests().getFirst();
      assertThat(sent.line())
          .isEqualTo("POST /componenttcb/dbimport?access_token=" + TOKEN + " HTTP/1.1");
      assertThat(sent.head()).containsIgnoringCase("content-type: application/json");
      assertThat(sent.text())
          .isEqualTo(
              "{\"env\":\"demo-env\",\"collection_name\":\"城市\",\"file_path\":\"a b/c.json\","
                  + "\"file_type\":1,\"stop_on_error\":true,\"conflict_mode\":2}");
    }
  }

  @ParameterizedTest
  @EnumSource(ApiFamily.class)
  void bothFamiliesAreCalledUnderTheirOwnPaths(ApiFamily family) throws InterruptedException {
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.answer(200, ACCEPTED));
        HttpImportApi api =
            new HttpImportApi(
                new ClientSettings(URI.create(peer.uri() + "/proxy/"), family, PATIENT, null),
                AccessTokens.fixed(TOKEN))) {
      submit(api);
      api.state(null, "demo-env", 1L << 40);
      String[] paths =
          switch (family) {
            case COMPONENT ->
                new String[] {"/componenttcb/dbimport", "/componenttcb/dbmigrationstate"};
            case APP ->
                new String[] {"/tcb/databasemigrateimport", "/tcb/databasemigratequeryinfo"};
          };
      assertThat(peer.requests())
          .extracting(ScriptedPeer.Request::line)
          .containsExactly(
              "POST /proxy" + paths[0] + "?access_token=" + TOKEN + " HTTP/1.1",
              "POST /proxy" + paths[1] + "?access_token=" + TOKEN + " HTTP/1.1");
      assertThat(peer.requests().get(1).text())
          .isEqualTo("{\"env\":\"demo-env\",\"job_id\":1099511627776}");
    }
  }

  @Test
  void aTokenIsEncodedForTheQuery() throws InterruptedException {
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.answer(200, ACCEPTED));
        HttpImportApi api =
            new HttpImportApi(
                new ClientSettings(peer.uri(), ApiFamily.COMPONENT, PATIENT, null),
                AccessTokens.fixed("a+b/c=&d%20"))) {
      submit(api);
      assertThat(peer.requests().getFirst().line())
          .contains("a%2Bb")
          .contains("%26d%2520")
          .doesNotContain(" d");
    }
  }

  // Sent, and no answer came.

  @Test
  void aPeerThatClosesAfterReadingIsNotCalledAgain() throws InterruptedException {
    assertUnanswered(replyTo((_, stage) -> stage.close()));
  }

  @Test
  void aPeerThatResetsAfterReadingIsNotCalledAgain() throws InterruptedException {
    assertUnanswered(replyTo((_, stage) -> stage.reset()));
  }

  @Test
  void aPeerThatClosesAKeptConnectionAfterReadingIsNotCalledAgain() throws InterruptedException {
    try (ScriptedPeer peer =
            ScriptedPeer.http((request, stage) -> {
              if (request.line().contains("dbimport")) {
                stage.close();
              } else {
                stage.answer(200, "{\"errcode\":0,\"errmsg\":\"ok\",\"status\":\"reading\"}");
              }
            });
        HttpImportApi api = api(peer.uri(), PATIENT, null)) {
      api.state(null, "demo-env", 1);
      assertUnanswered(submit(api));
      assertThat(peer.requests()).hasSize(2);
      assertThat(peer.connections()).isEqualTo(1);
    }
  }

  @Test
  void halfABodyIsNoAnswer() throws InterruptedException {
    assertUnanswered(
        replyTo((_, stage) -> {
          stage.write("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + ACCEPTED);
          stage.close();
        }));
  }

  @Test
  void halfAChunkedBodyIsNoAnswer() throws InterruptedException {
    assertUnanswered(
        replyTo((_, stage) -> {
          stage.write(
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n"
                  .formatted(ACCEPTED.length(), ACCEPTED));
          stage.close();
        }));
  }

  @Test
  void aGarbageStatusLineIsNoAnswerAndItsTextGoesNowhere() throws InterruptedException {
    assertUnanswered(
        replyTo((request, stage) -> {
          stage.write("?? " + request.line() + "\r\n\r\n");
          stage.close();
        }));
  }

  @ParameterizedTest
  @ValueSource(ints = {500, 502, 503})
  void aServerErrorWithoutABodyLeavesTheOutcomeOpen(int status) throws InterruptedException {
    Reply reply = replyTo((_, stage) -> stage.answer(status, ""));
    assertUnanswered(reply);
    assertThat(reply.toString()).contains("HTTP " + status);
  }

  @Test
  void anHtmlPageIsNoAnswer() throws InterruptedException {
    assertUnanswered(
        replyTo((_, stage) -> stage.answer(200, "<html>busy</html>", "Content-Type: text/html")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"errcode\":0,\"errmsg\":\"ok\"}",
        "{\"errcode\":0,\"errmsg\":\"ok\",\"job_id\":\"12\"}",
        "{\"errcode\":0,\"errmsg\":\"ok\",\"job_id\":1.5}",
        "{\"errcode\":0,\"errmsg\":\"ok\",\"job_id\":99999999999999999999}",
        "{\"errcode\":\"0\",\"job_id\":12}",
        "{\"job_id\":12}",
        "[]",
        "null",
        "{}"
      })
  void anAnswerThatNamesNoJobAndNoErrorLeavesTheOutcomeOpen(String body)
      throws InterruptedException {
    assertUnanswered(replyTo((_, stage) -> stage.answer(200, body)));
  }

  @Test
  void aChunkThatSaysItIsHugeIsNotWaitedFor() throws InterruptedException {
    AtomicLong sent = new AtomicLong();
    Reply reply =
        replyTo((_, stage) -> {
          stage.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n");
          byte[] block = new byte[16 << 10];
          // More than both sides' buffers hold: it ends when the client has closed.
          while (sent.addAndGet(block.length) < 256 << 20) {
            stage.write(block);
          }
        });
    assertThat(((Reply.Unanswered) reply).why()).contains("an answer of more than 131072 bytes");
    assertThat(sent).hasValueLessThan(64 << 20);
  }

  // One deadline for all of it.

  @Test
  void aSilentPeerIsLeftAtTheDeadline() throws InterruptedException {
    long began = System.nanoTime();
    assertUnanswered(replyTo(HASTY, (_, stage) -> stage.pause(60_000)));
    assertEndedWithinTheDeadline(began);
  }

  @Test
  void aPeerThatIsSilentUnderTlsIsLeftAtTheDeadline() throws InterruptedException {
    SelfSigned certificate = SelfSigned.forLoopback(folder);
    try (ScriptedPeer peer = ScriptedPeer.https(certificate, (_, stage) -> stage.pause(60_000));
        HttpImportApi api = api(peer.uri(), Duration.ofSeconds(2), certificate.certificate())) {
      long began = System.nanoTime();
      assertUnanswered(submit(api));
      assertEndedWithinTheDeadline(began);
      assertThat(peer.requests()).hasSize(1);
    }
  }

  @Test
  void aBodyThatDripsIsLeftAtTheDeadline() throws InterruptedException {
    long began = System.nanoTime();
    assertUnanswered(
        replyTo(
            HASTY,
            (_, stage) -> {
              stage.write("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
              while (stage.pause(100)) {
                stage.write(" ");
              }
            }));
    assertEndedWithinTheDeadline(began);
  }

  @Test
  void aHeadThatDripsIsLeftAtTheDeadline() throws InterruptedException {
    long began = System.nanoTime();
    assertUnanswered(
        replyTo(
            HASTY,
            (_, stage) -> {
              stage.write("HTTP/1.1 200 OK\r\nX: ");
              while (stage.pause(100)) {
                stage.write("x");
              }
            }));
    assertEndedWithinTheDeadline(began);
  }

  @Test
  void theDeadlinesInterruptDoesNotOutliveItsCall() throws InterruptedException {
    try (ScriptedPeer peer =
            ScriptedPeer.http((request, stage) -> {
              if (request.line().contains("dbimport")) {
                stage.pause(60_000);
              } else {
                stage.answer(200, "{\"errcode\":0,\"errmsg\":\"ok\",\"status\":\"reading\"}");
              }
            });
        HttpImportApi api = api(peer.uri(), HASTY, null)) {
      onAVirtualThread(() -> {
        assertUnanswered(submit(api));
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        assertThat(api.state(null, "demo-env", 1)).isInstanceOf(JobReply.Known.class);
      });
    }
  }

  @Test
  void aPeerThatNeverShakesHandsWasSentNothing() throws Exception {
    SelfSigned certificate = SelfSigned.forLoopback(folder);
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        HttpImportApi api =
            api(
                URI.create("https://127.0.0.1:" + silent.getLocalPort()),
                HASTY,
                certificate.certificate())) {
      long began = System.nanoTime();
      assertNotSent(submit(api));
      assertEndedWithinTheDeadline(began);
    }
  }

  private static void assertEndedWithinTheDeadline(long beganNanos) {
    // Room for a busy machine; every script would go on for much longer.
    assertThat(Duration.ofNanos(System.nanoTime() - beganNanos)).isLessThan(HASTY.plusSeconds(8));
  }

  // Bounds.

  @Test
  void aHugeBodyIsReadToItsBoundOnly() throws InterruptedException {
    byte[] block = new byte[1 << 16];
    try (ScriptedPeer peer =
            ScriptedPeer.http((_, stage) -> {
              stage.write("HTTP/1.1 200 OK\r\nContent-Length: 4000000000\r\n\r\n");
              while (stage.pause(0)) {
                stage.write(block);
              }
            });
        HttpImportApi api = api(peer.uri(), PATIENT, null)) {
      assertUnanswered(submit(api));
      assertThat(peer.requests()).hasSize(1);
      // What the sockets' buffers took, and no more.
      assertThat(peer.writtenBytes()).isLessThan(32 << 20);
    }
  }

  @Test
  void anEndlessHeadIsReadToItsBoundOnly() throws InterruptedException {
    try (ScriptedPeer peer =
            ScriptedPeer.http((_, stage) -> {
              stage.write("HTTP/1.1 200 OK\r\n");
              for (int i = 0; stage.pause(0); i++) {
                stage.write("X-" + i + ": " + "x".repeat(1000) + "\r\n");
              }
            });
        HttpImportApi api = api(peer.uri(), PATIENT, null)) {
      assertUnanswered(submit(api));
      assertThat(peer.requests()).hasSize(1);
      assertThat(peer.writtenBytes()).isLessThan(32 << 20);
    }
  }

  // Answers.

  @ParameterizedTest
  @ValueSource(ints = {301, 302, 303, 307, 308})
  void aRedirectIsRefusedAndNeverFollowed(int status) throws InterruptedException {
    try (ScriptedPeer elsewhere = ScriptedPeer.http((_, stage) -> stage.answer(200, ACCEPTED))) {
      Reply reply =
          replyTo((_, stage) -> stage.answer(status, "", "Location: " + elsewhere.uri() + "/x"));
      assertThat(reply)
          .isEqualTo(new Reply.Refused(-1, "HTTP " + status, ErrorClass.REFUSED, null));
      assertThat(elsewhere.connections()).isZero();
    }
  }

  @Test
  void aClientErrorWithoutAnErrcodeIsRefused() throws InterruptedException {
    assertThat(replyTo((_, stage) -> stage.answer(404, "<html>not here</html>")))
        .isEqualTo(new Reply.Refused(-1, "HTTP 404", ErrorClass.REFUSED, null));
  }

  @Test
  void anErrcodeIsAnAnswerWhateverTheHttpStatus() throws InterruptedException {
    assertThat(
            replyTo((_, stage) ->
                stage.answer(500, "{\"errcode\":85088,\"errmsg\":\"no qbase privilege\"}")))
        .isEqualTo(new Reply.Refused(85088, "no qbase privilege", ErrorClass.FORBIDDEN, null));
  }

  @Test
  void anErrmsgKeepsItsRid() throws InterruptedException {
    String message = "invalid args rid: 65f1c2d3-1a2b3c4d-0badcafe";
    assertThat(
            replyTo((_, stage) ->
                stage.answer(200, "{\"errcode\":40097,\"errmsg\":\"" + message + "\"}")))
        .isEqualTo(Reply.Refused.of(40097, message));
  }

  @Test
  void anErrmsgThatQuotesTheTokenLosesIt() throws InterruptedException {
    Reply reply =
        replyTo((request, stage) ->
            stage.answer(200, "{\"errcode\":40097,\"errmsg\":\"bad: " + request.line() + "\"}"));
    assertThat(reply.toString()).contains("access_token=***");
  }

  @Test
  void aLongErrmsgIsCut() throws InterruptedException {
    String body = "{\"errcode\":40097,\"errmsg\":\"" + "城".repeat(9000) + "\"}";
    Reply.Refused reply = (Reply.Refused) replyTo((_, stage) -> stage.answer(200, body));
    assertThat(reply.message()).hasSize(1024);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, -1000, -501001, -503001})
  void aBusyServiceIsUnavailable(int errcode) throws InterruptedException {
    assertThat(
            replyTo((_, stage) ->
                stage.answer(200, "{\"errcode\":" + errcode + ",\"errmsg\":\"busy\"}")))
        .isEqualTo(new Reply.Unavailable(errcode, "busy", true));
  }

  @ParameterizedTest
  @ValueSource(ints = {-501002, -502011})
  void theServicesOwnTimeoutsLeaveTheOutcomeOpen(int errcode) throws InterruptedException {
    assertThat(
            replyTo((_, stage) ->
                stage.answer(200, "{\"errcode\":" + errcode + ",\"errmsg\":\"late\"}")))
        .isEqualTo(new Reply.Unanswered(errcode, "late"));
  }

  @Test
  void anAnswerWithoutALengthEndsWithTheConnection() throws InterruptedException {
    assertThat(
            replyTo((_, stage) -> {
              stage.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + ACCEPTED);
              stage.close();
            }))
        .isEqualTo(new Reply.Accepted(100074947));
  }

  @Test
  void aChunkedAnswerIsRead() throws InterruptedException {
    assertThat(
            replyTo((_, stage) ->
                stage.write(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
                        .formatted(ACCEPTED.length(), ACCEPTED))))
        .isEqualTo(new Reply.Accepted(100074947));
  }

  // 429.

  private static Reply.Refused throttled(String... headers) throws InterruptedException {
    Reply.Refused reply =
        (Reply.Refused) replyTo((_, stage) -> stage.answer(429, "slow down", headers));
    assertThat(reply.errorClass()).isEqualTo(ErrorClass.THROTTLED);
    assertThat(reply.errcode()).isEqualTo(-1);
    return reply;
  }

  @Test
  void retryAfterIsReadInSeconds() throws InterruptedException {
    assertThat(throttled("Retry-After: 17").retryAfter()).isEqualTo(Duration.ofSeconds(17));
  }

  @Test
  void retryAfterIsReadAsADate() throws InterruptedException {
    String date =
        DateTimeFormatter.RFC_1123_DATE_TIME.format(
            ZonedDateTime.now(ZoneOffset.UTC).plusMinutes(5));
    Duration wait = throttled("Retry-After: " + date).retryAfter();
    assertThat(wait).isBetween(Duration.ofMinutes(4), Duration.ofMinutes(5));
  }

  @Test
  void retryAfterInThePastIsNoWait() throws InterruptedException {
    assertThat(throttled("Retry-After: Wed, 21 Oct 2015 07:28:00 GMT").retryAfter())
        .isEqualTo(Duration.ZERO);
  }

  @Test
  void retryAfterIsNeverMoreThanADay() throws InterruptedException {
    assertThat(throttled("Retry-After: 999999999").retryAfter()).isEqualTo(Duration.ofDays(1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"Retry-After: soon", "Retry-After: 99999999999999999999", "X-Other: 1"})
  void anUnreadableRetryAfterIsNone(String header) throws InterruptedException {
    assertThat(throttled(header).retryAfter()).isNull();
  }

  // Nothing was sent.

  @Test
  void aRefusedConnectionIsUnavailable() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    try (HttpImportApi api = api(URI.create("http://127.0.0.1:" + port), PATIENT, null)) {
      assertNotSent(submit(api));
    }
  }

  @Test
  void anUnresolvableNameIsUnavailable() throws InterruptedException {
    try (HttpImportApi api =
        api(URI.create("https://no-such-host.invalid"), Duration.ofSeconds(5), null)) {
      assertNotSent(submit(api));
    }
  }

  @Test
  void anUntrustedCertificateIsUnavailable() throws InterruptedException {
    assertNothingSent(SelfSigned.forLoopback(folder), null);
  }

  @Test
  void aCertificateOfAnotherHostIsUnavailable() throws InterruptedException {
    SelfSigned other = SelfSigned.forHost(folder, "example.org");
    assertNothingSent(other, other.certificate());
  }

  private static void assertNothingSent(SelfSigned certificate, @Nullable Path ca)
      throws InterruptedException {
    try (ScriptedPeer peer =
            ScriptedPeer.https(certificate, (_, stage) -> stage.answer(200, ACCEPTED));
        HttpImportApi api = api(peer.uri(), PATIENT, ca)) {
      assertNotSent(submit(api));
      assertThat(peer.requests()).isEmpty();
      assertThat(peer.connections()).isPositive();
    }
  }

  @Test
  void aPeerThatSpeaksNoTlsIsUnavailable() throws IOException, InterruptedException {
    SelfSigned certificate = SelfSigned.forLoopback(folder);
    try (ServerSocket plain = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        HttpImportApi api =
            api(
                URI.create("https://127.0.0.1:" + plain.getLocalPort()),
                PATIENT,
                certificate.certificate())) {
      Thread.ofVirtual()
          .start(() -> {
            try (var socket = plain.accept()) {
              socket.getOutputStream().write("HTTP/1.1 400 Bad\r\n\r\n".getBytes(US_ASCII));
            } catch (IOException gone) {
              // The client has seen enough.
            }
          });
      assertNotSent(submit(api));
    }
  }

  @Test
  void aTrustedCertificateIsTaken() throws InterruptedException {
    SelfSigned certificate = SelfSigned.forLoopback(folder);
    try (ScriptedPeer peer =
            ScriptedPeer.https(certificate, (_, stage) -> stage.answer(200, ACCEPTED));
        HttpImportApi api = api(peer.uri(), PATIENT, certificate.certificate())) {
      assertThat(submit(api)).isEqualTo(new Reply.Accepted(100074947));
      assertThat(submit(api)).isEqualTo(new Reply.Accepted(100074947));
      assertThat(peer.connections()).isEqualTo(1);
    }
  }

  // Tokens.

  @Test
  void anUnknownAppIsInvalidAndNothingIsSent() throws InterruptedException {
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.answer(200, ACCEPTED));
        HttpImportApi api = api(peer.uri(), PATIENT, null)) {
      ImportRequest other = new ImportRequest("r-2", "wx-other", REQUEST.parameters(), null, false);
      Reply.Refused reply = (Reply.Refused) api.submit(other);
      assertThat(reply.errcode()).isEqualTo(40013);
      assertThat(reply.errorClass()).isEqualTo(ErrorClass.INVALID);
      assertThat(peer.connections()).isZero();
    }
  }

  @Test
  void aTokenThatIsNotTakenIsReportedAndNotTriedAgain() throws InterruptedException {
    var tokens = new NotedTokens();
    try (ScriptedPeer peer =
            ScriptedPeer.http(
                (_, stage) -> stage.answer(200, "{\"errcode\":42001,\"errmsg\":\"expired\"}"));
        HttpImportApi api =
            new HttpImportApi(
                new ClientSettings(peer.uri(), ApiFamily.APP, PATIENT, null), tokens)) {
      assertThat(submit(api)).isEqualTo(Reply.Refused.of(42001, "expired"));
      assertThat(peer.requests()).hasSize(1);
      assertThat(tokens.rejected).isEqualTo(TOKEN);
      // The call keeps the other half for itself.
      assertThat(tokens.waited).isEqualTo(PATIENT.dividedBy(2));
    }
  }

  private static final class NotedTokens implements AccessTokens {
    @Nullable String rejected;
    @Nullable Duration waited;

    @Override
    public TokenReply token(@Nullable String appId, Duration atMost) {
      waited = atMost;
      return new TokenReply.Token(TOKEN);
    }

    @Override
    public void rejected(@Nullable String appId, String token) {
      rejected = token;
    }
  }

  // Whether the API answers.

  private static Presence presence(ScriptedPeer.Script script) throws InterruptedException {
    try (ScriptedPeer peer = ScriptedPeer.http(script);
        HttpImportApi api = api(peer.uri(), PATIENT, null)) {
      Presence found = api.presence(null);
      assertThat(peer.requests())
          .singleElement()
          .satisfies(sent -> {
            assertThat(sent.line()).startsWith("POST /componenttcb/describeenvs?access_token=");
            assertThat(sent.text()).isEqualTo("{}");
          });
      return found;
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 42001, 40001, 45011, -501003, 48001, -501000, 12345})
  void anApiThatAnswersIsThere(int errcode) throws InterruptedException {
    assertThat(presence((_, stage) -> stage.answer(500, "{\"errcode\":" + errcode + "}")))
        .isEqualTo(Presence.WELL);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, -1000, -501001, -501002, -502011, -601003})
  void anApiThatSpeaksOfItsOwnTroubleIsThereAndTroubled(int errcode) throws InterruptedException {
    assertThat(presence((_, stage) -> stage.answer(200, "{\"errcode\":" + errcode + "}")))
        .isEqualTo(Presence.TROUBLED);
  }

  @ParameterizedTest
  @CsvSource({
    "200, ABSENT",
    "301, WELL",
    "404, WELL",
    "429, WELL",
    "500, ABSENT",
    "502, ABSENT",
    "503, ABSENT"
  })
  void withoutAnErrcodeTheStatusSaysWhetherTheApiIsThere(int status, Presence found)
      throws InterruptedException {
    assertThat(presence((_, stage) -> stage.answer(status, "<html>"))).isEqualTo(found);
  }

  @Test
  void anApiThatDoesNotAnswerIsNotThere() throws Exception {
    assertThat(presence((_, stage) -> stage.close())).isEqualTo(Presence.ABSENT);
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    try (HttpImportApi api = api(URI.create("http://127.0.0.1:" + port), PATIENT, null)) {
      assertThat(api.presence(null)).isEqualTo(Presence.ABSENT);
      assertThat(api.presence("wx-other")).as("no token").isEqualTo(Presence.ABSENT);
    }
  }

  // Job states.

  @Test
  void aJobsStateIsRead() throws InterruptedException {
    assertThat(
            stateOf(
                "{\"errcode\":0,\"errmsg\":\"ok\",\"status\":\"success\",\"record_success\":"
                    + "5000000000,\"record_fail\":2,\"error_msg\":\"done.\",\"file_url\":\"\"}"))
        .isEqualTo(new JobReply.Known(new JobState(JobStatus.SUCCESS, 5_000_000_000L, 2, "done.")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"err_msg\":\"bad file\"",
        "\"error_msg\":\"bad file\"",
        "\"err_msg\":\"other\",\"error_msg\":\"bad file\"",
        "\"err_msg\":\"bad file\",\"error_msg\":null"
      })
  void aJobsTextIsErrorMsgThenErrMsg(String texts) throws InterruptedException {
    assertThat(stateOf("{\"errcode\":0,\"errmsg\":\"ok\",\"status\":\"fail\"," + texts + "}"))
        .isEqualTo(new JobReply.Known(new JobState(JobStatus.FAIL, 0, 0, "bad file")));
  }

  @Test
  void anErrcodeAboutTheLookSaysNothingAboutTheJob() throws InterruptedException {
    assertThat(stateOf("{\"errcode\":40097,\"errmsg\":\"no such job\"}"))
        .isEqualTo(new JobReply.NotKnown(40097, "no such job"));
  }

  @Test
  void anAnswerWithoutAStatusIsNoState() throws InterruptedException {
    assertThat(stateOf("{\"errcode\":0,\"errmsg\":\"ok\"}")).isInstanceOf(JobReply.NotKnown.class);
    assertThat(stateOf("gone")).isInstanceOf(JobReply.NotKnown.class);
  }

  /** A body that may throw. */
  private interface Body {
    void run() throws Exception;
  }

  private static void onAVirtualThread(Body body) throws InterruptedException {
    var failure = new AtomicReference<Throwable>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            body.run();
          } catch (Throwable thrown) {
            failure.set(thrown);
          }
        })
        .join();
    assertThat(failure.get()).isNull();
  }
}
