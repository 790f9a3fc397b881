package io.dbimport.server;

import static io.dbimport.server.TestServer.ENV;
import static io.dbimport.server.TestServer.TOKEN;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.SelfSigned;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.PostgresFixture;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a client can send, leave out or hold up: the server ends it, and serves others meanwhile.
 */
@Timeout(60)
final class ServerBoundsTest {
  /** Short, and no peer here is as slow as it may be. */
  static final ConnectionBounds SHORT =
      new ConnectionBounds(
          6,
          100,
          Duration.ofSeconds(2),
          Duration.ofSeconds(2),
          1_000_000,
          Duration.ofSeconds(1),
          Duration.ofMillis(20));

  private static final String BOUNDARY = "b0undary";
  private static final String LIST = "{\"env\":\"demo-env\"}";

  @TempDir static Path root;
  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    server =
        TestServer.start(
            PostgresFixture.freshDatabase(), root, TestServer.settings(1L << 30).with(SHORT));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @AfterEach
  void theServerAnswersAndHasNothingLeft() throws Exception {
    assertServed();
    Eventually.isTrue("nothing is left behind", () -> isEmpty(root.resolve("arriving")));
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.findAny().isEmpty();
    }
  }

  private static RawClient connect() throws IOException {
    return new RawClient(server.server.port());
  }

  /** A whole call on a connection of its own. */
  private static void assertServed() throws Exception {
    try (RawClient client = connect()) {
      client.send(call(LIST, "Connection: close"));
      assertThat(client.untilTheEnd()).startsWith("HTTP/1.1 200 ").contains("\"errcode\":0");
    }
  }

  private static String head(String path, String... headers) {
    return "POST "
        + path
        + "?access_token="
        + TOKEN
        + " HTTP/1.1\r\nHost: x\r\n"
        + String.join("", Stream.of(headers).map(header -> header + "\r\n").toList());
  }

  private static String call(String body, String... headers) {
    return head("/tcb/databasecollectionget", headers)
        + "Content-Length: "
        + body.length()
        + "\r\n\r\n"
        + body;
  }

  private static String uploadHead(String length) {
    return "POST /upload/"
        + ENV
        + " HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary="
        + BOUNDARY
        + "\r\n"
        + length
        + "\r\n\r\n";
  }

  /** The form up to where the file's bytes begin. */
  private static String formHead(String path) {
    UploadLinks.Link link = new UploadLinks(TestServer.SECRET).link(ENV, path, Instant.now());
    return field("key", path)
        + field("Signature", link.authorization())
        + field("x-cos-security-token", link.token())
        + field("x-cos-meta-fileid", link.cosFileId())
        + "--"
        + BOUNDARY
        + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
  }

  private static String field(String name, String value) {
    return "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n"
        .formatted(BOUNDARY, name, value);
  }

  // What is too much.

  @Test
  void aRequestLineWithoutEndIsRefused() throws Exception {
    try (RawClient client = connect()) {
      client.send("GET /" + "x".repeat(5_000));
      assertThat(client.untilTheEnd()).startsWith("HTTP/1.1 414 ");
    }
  }

  @Test
  void aHeaderThatIsTooLongIsRefused() throws Exception {
    try (RawClient client = connect()) {
      client.send(head("/tcb/getenvinfo") + "X-Long: " + "x".repeat(20_000));
      assertThat(client.untilTheEnd()).startsWith("HTTP/1.1 400 ");
    }
  }

  @Test
  void tooManyHeadersAreRefused() throws Exception {
    try (RawClient client = connect()) {
      client.send(head("/tcb/getenvinfo") + "X: y\r\n".repeat(5_000));
      assertThat(client.untilTheEnd()).startsWith("HTTP/1.1 400 ");
    }
  }

  @Test
  void aBodyInChunksWithoutEndIsAnsweredAndCutOff() throws Exception {
    try (RawClient client = connect()) {
      client.send(head("/tcb/databasecollectionget", "Transfer-Encoding: chunked") + "\r\n");
      sendUntilTheEnd(client, "4000\r\n" + " ".repeat(0x4000) + "\r\n");
      assertThat(client.untilTheEnd())
          .startsWith("HTTP/1.1 200 ")
          .contains("\"errcode\":40097", "65536 bytes");
    }
  }

  /** More than the server throws away while it lingers. */
  private static final long TOO_MUCH_BYTES = 1L << 32;

  /** The same again and again, until the server ends the connection. */
  private static void sendUntilTheEnd(RawClient client, String part) {
    byte[] bytes = part.getBytes(UTF_8);
    for (long sent = 0; !client.ended(); sent += bytes.length) {
      assertThat(sent).as("the server takes all that comes").isLessThan(TOO_MUCH_BYTES);
      try {
        client.send(bytes);
      } catch (IOException closed) {
        return;
      }
    }
  }

  @Test
  void aBodyThatNobodyReadsIsNotReadWithoutEnd() throws Exception {
    try (RawClient client = connect()) {
      client.send("GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
      sendUntilTheEnd(client, "4000\r\n" + " ".repeat(0x4000) + "\r\n");
      assertThat(client.untilTheEnd()).startsWith("HTTP/1.1 200 ");
    }
  }

  /** Else the rest would meet a closed connection, and take the answer away with it. */
  @Test
  void whatStillComesAfterAnEarlyAnswerIsThrownAwayForAWhile() throws Exception {
    ConnectionBounds patient =
        new ConnectionBounds(
            6,
            100,
            SHORT.idle(),
            Duration.ofMinutes(1),
            SHORT.bytesPerSecond(),
            Duration.ofMinutes(1),
            SHORT.lookEvery());
    try (TestServer lingering =
            TestServer.start(
                PostgresFixture.freshDatabase(),
                root.resolve("lingering"),
                TestServer.settings(1L << 30).with(patient));
        RawClient client = new RawClient(lingering.server.port())) {
      client.send("POST /upload/demo-env HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n");
      Eventually.isTrue("an answer", () -> client.received().startsWith("HTTP/1.1 400 "));
      for (int i = 0; i < 100; i++) {
        client.send("x".repeat(10_000));
        assertThat(client.ended()).isFalse();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"databasecollectionget", "upload"})
  void oneChunkThatIsTooLongForMemoryIsRefused(String what) throws Exception {
    try (RawClient client = connect()) {
      client.send(
          what.equals("upload")
              ? uploadHead("Transfer-Encoding: chunked")
              : head("/tcb/" + what, "Transfer-Encoding: chunked") + "\r\n");
      client.send("7fffffff\r\n" + formHead("chunk"));
      sendUntilTheEnd(client, " ".repeat(0x4000));
      assertThat(client.untilTheEnd())
          .containsAnyOf("HTTP/1.1 413 ", "HTTP/1.1 400 ", "\"errcode\":47001");
      assertThat(server.storage.exists(ENV, "chunk")).isFalse();
    }
  }

  @Test
  void aLineOfAChunkWithoutEndIsRefused() throws Exception {
    try (RawClient client = connect()) {
      client.send(head("/tcb/databasecollectionget", "Transfer-Encoding: chunked") + "\r\n");
      sendUntilTheEnd(client, "0".repeat(0x4000));
      assertThat(client.untilTheEnd()).contains("\"errcode\":47001");
    }
  }

  // What contradicts itself.

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Content-Length: 5      | Transfer-Encoding: chunked",
        "Transfer-Encoding: chunked | Content-Length: 5",
        "Transfer-Encoding: identity | X: y",
        "Transfer-Encoding: chunked | Transfer-Encoding: chunked",
        "Transfer-Encoding: xchunked | X: y",
        "Content-Length: 5      | Content-Length: 50",
        "Content-Length: -1     | X: y",
        "Content-Length: 5x     | X: y",
        "Content-Length: 5, 50  | X: y",
        "Content-Length: 99999999999999999999 | X: y",
        "Content-Length : 5     | X: y",
        "Transfer-Encoding : chunked | X: y"
      })
  void aRequestOfTwoLengthsIsRefusedAndWhatFollowsIsNoRequest(String one, String other)
      throws Exception {
    try (RawClient client = connect()) {
      client.send(
          head("/tcb/databasecollectionget", one, other)
              + "\r\n0\r\n\r\n"
              + call("{\"env\":\"smuggled\"}"));
      String answer = client.untilTheEnd();
      assertThat(answer).matches("(?s)HTTP/1.1 (400|501) .*").doesNotContain("errcode");
      assertThat(answer.split("HTTP/1.1 ", -1)).hasSize(2);
    }
  }

  @Test
  void whatFollowsARefusedUploadIsNoRequest() throws Exception {
    String inside = call(LIST);
    try (RawClient client = connect()) {
      client.send(
          "POST /upload/demo-env HTTP/1.1\r\nHost: x\r\nContent-Length: "
              + inside.length()
              + "\r\n\r\n"
              + inside);
      String answer = client.untilTheEnd();
      assertThat(answer).startsWith("HTTP/1.1 400 ").doesNotContain("errcode");
      assertThat(answer.split("HTTP/1.1 ", -1)).hasSize(2);
    }
  }

  @Test
  void aBodyLongerThanItsLengthIsCutThereAndTheRestIsNoRequest() throws Exception {
    try (RawClient client = connect()) {
      client.send(call(LIST) + "more than was said\r\n\r\n");
      assertThat(client.untilTheEnd())
          .startsWith("HTTP/1.1 200 ")
          .contains("\"errcode\":0", "HTTP/1.1 400 ");
    }
  }

  @Test
  void aRequestWithoutALengthHasNoBody() throws Exception {
    try (RawClient client = connect()) {
      client.send(head("/tcb/databasecollectionget", "Connection: close") + "\r\n");
      assertThat(client.untilTheEnd()).contains("\"errcode\":44002");
    }
  }

  @Test
  void requestsSentAtOnceAreAnsweredInTheirOrder() throws Exception {
    try (RawClient client = connect()) {
      client.send(
          call(LIST)
              + call("{\"env\":\"nobody\"}")
              + call("no json")
              + call(LIST, "Connection: close")
              + call(LIST));
      assertThat(client.untilTheEnd())
          .matches(
              "(?s)HTTP.*\"errcode\":0,.*HTTP.*\"errcode\":-501000,.*HTTP.*\"errcode\":47001,"
                  + ".*HTTP.*\"errcode\":0,.*")
          .satisfies(answers -> assertThat(answers.split("HTTP/1.1 ", -1)).hasSize(5));
    }
  }

  // What does not come.

  @Test
  void aClientThatSaysNothingIsLeft() throws Exception {
    try (RawClient client = connect()) {
      assertServed();
      assertThat(client.untilTheEnd()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST /tcb/getenv", "POST /tcb/getenvinfo HTTP/1.1\r\nHost: x\r\nX-"})
  void aHeadThatStopsIsLeft(String part) throws Exception {
    try (RawClient client = connect()) {
      client.send(part);
      assertServed();
      assertThat(client.untilTheEnd()).isEmpty();
    }
  }

  @Test
  void aHeadThatComesByteByByteIsLeft() throws Exception {
    try (RawClient client = connect()) {
      client.send(head("/tcb/getenvinfo") + "X-Slow: ");
      dribble(client);
      assertThat(client.untilTheEnd()).doesNotContain("HTTP/1.1");
    }
  }

  /** A byte, a whole call of somebody else, a byte and so on. */
  private static void dribble(RawClient client) throws Exception {
    while (!client.ended()) {
      try {
        client.send("x");
      } catch (IOException closed) {
        return;
      }
      assertServed();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Content-Length: 1000000", "Transfer-Encoding: chunked"})
  void aBodyThatStopsIsLeft(String length) throws Exception {
    try (RawClient client = connect()) {
      client.send(head("/tcb/databasecollectionget", length) + "\r\n40\r\n{");
      assertServed();
      assertThat(client.untilTheEnd()).doesNotContain("\"errcode\":0");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Content-Length: 1000000", "Transfer-Encoding: chunked"})
  void anUploadThatStopsLeavesNothing(String length) throws Exception {
    try (RawClient client = connect()) {
      String form = formHead("stops.json");
      client.send(
          uploadHead(length)
              + (length.startsWith("T")
                  ? Integer.toHexString(form.length()) + "\r\n" + form + "\r\n10000\r\n{"
                  : form + "{"));
      assertServed();
      assertThat(client.untilTheEnd()).doesNotContain(" 204 ");
      assertThat(server.storage.exists(ENV, "stops.json")).isFalse();
    }
  }

  @Test
  void anUploadThatComesByteByByteIsLeft() throws Exception {
    try (RawClient client = connect()) {
      client.send(uploadHead("Content-Length: 1000000") + formHead("slow.json"));
      dribble(client);
      assertThat(client.untilTheEnd()).doesNotContain(" 204 ");
      assertThat(server.storage.exists(ENV, "slow.json")).isFalse();
    }
  }

  @Test
  void anUploadMayTakeLongerThanThePatienceWhileItMoves() throws Exception {
    String form = formHead("long.json");
    String part = "x".repeat(1 << 16);
    try (RawClient client = connect()) {
      client.send(uploadHead("Transfer-Encoding: chunked") + chunk(form));
      long parts = 0;
      for (long until = System.nanoTime() + 2 * SHORT.patience().toNanos();
          System.nanoTime() < until;
          parts++) {
        client.send(chunk(part));
        assertServed();
      }
      client.send(chunk("\r\n--" + BOUNDARY + "--\r\n") + chunk(""));
      Eventually.isTrue("it is stored", () -> client.received().startsWith("HTTP/1.1 "));
      assertThat(client.received()).as("%d parts", parts).startsWith("HTTP/1.1 204 ");
      assertThat(server.storage.look(ENV, "long.json").length()).isEqualTo(parts * part.length());
    }
  }

  private static String chunk(String text) {
    return Integer.toHexString(text.length()) + "\r\n" + text + "\r\n";
  }

  @Test
  void aConnectionWithoutARequestIsClosed() throws Exception {
    try (RawClient client = connect()) {
      client.send(call(LIST));
      Eventually.isTrue("an answer", () -> client.received().contains("\"errcode\":0"));
      assertServed();
      assertThat(client.untilTheEnd().split("HTTP/1.1 ", -1)).hasSize(2);
    }
  }

  @Test
  void aClientThatDoesNotReadItsDownloadIsLeft() throws Exception {
    long bytes = 30 << 20;
    var _ = server.storage.store(ENV, "large", new ByteArrayInputStream(new byte[30 << 20]));
    String link =
        new DownloadLinks(TestServer.SECRET).link(ENV, "large", Duration.ofHours(1), Instant.now());
    try (Socket client = new Socket(InetAddress.ofLiteral("127.0.0.1"), server.server.port())) {
      client
          .getOutputStream()
          .write(("GET " + link + " HTTP/1.1\r\nHost: x\r\n\r\n").getBytes(UTF_8));
      Eventually.isTrue("the file is open", () -> isOpen("large"));
      assertServed();
      Eventually.isTrue("the file is closed", () -> !isOpen("large"));
      assertThat(readable(client)).isLessThan(bytes);
    }
  }

  private static long readable(Socket client) throws IOException {
    try (OutputStream nowhere = OutputStream.nullOutputStream()) {
      return client.getInputStream().transferTo(nowhere);
    } catch (SocketException reset) {
      return 0;
    }
  }

  private static boolean isOpen(String file) throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.anyMatch(descriptor -> {
        try {
          return Files.readSymbolicLink(descriptor).endsWith(file);
        } catch (IOException gone) {
          return false;
        }
      });
    }
  }

  // Who else is there.

  @Test
  void connectionsAreCountedAndTheRestWaitUntilOneEnds() throws Exception {
    List<RawClient> open = new ArrayList<>();
    try {
      for (int i = 0; i < SHORT.connections(); i++) {
        RawClient client = connect();
        open.add(client);
        client.send(call(LIST));
        Eventually.isTrue("answer", () -> client.received().contains("\"errcode\":0"));
      }
      RawClient waiting = connect();
      open.add(waiting);
      waiting.send(call(LIST));
      RawClient first = open.getFirst();
      first.send(call("{\"env\":\"nobody\"}"));
      Eventually.isTrue("served", () -> first.received().contains("\"errcode\":-501000"));
      assertThat(waiting.received()).isEmpty();

      first.close();
      Eventually.isTrue("taken", () -> waiting.received().contains("\"errcode\":0"));
    } finally {
      for (RawClient client : open) {
        client.close();
      }
    }
  }

  @Test
  void requestsAreCountedAndTheRestIsToldToComeAgain() throws Exception {
    ConnectionBounds one =
        new ConnectionBounds(
            6,
            1,
            SHORT.idle(),
            SHORT.patience(),
            SHORT.bytesPerSecond(),
            SHORT.linger(),
            SHORT.lookEvery());
    try (TestServer narrow =
            TestServer.start(
                PostgresFixture.freshDatabase(),
                root.resolve("narrow"),
                TestServer.settings(1L << 30).with(one));
        RawClient first = new RawClient(narrow.server.port())) {
      first.send(uploadHead("Content-Length: 1000000") + formHead("first.json") + "x");
      Eventually.isTrue("it arrives", () -> !isEmpty(root.resolve("narrow/arriving")));
      try (RawClient second = new RawClient(narrow.server.port())) {
        second.send(call(LIST));
        assertThat(second.untilTheEnd())
            .startsWith("HTTP/1.1 503 ")
            .contains("application/json", "\"errcode\":-1,");
      }
      var _ = first.untilTheEnd();
      Eventually.isTrue("the next is taken", () -> narrow.get("/livez").statusCode() == 200);
    }
  }

  // TLS.

  @Nested
  final class WithTls {
    private SelfSigned certificate;
    private TestServer tls;

    @BeforeEach
    void start(@TempDir Path folder) throws Exception {
      certificate = SelfSigned.forLoopback(folder);
      tls =
          TestServer.start(
              PostgresFixture.freshDatabase(),
              folder.resolve("data"),
              new ServerSettings(
                  "127.0.0.1",
                  0,
                  new ServerSettings.TlsFiles(certificate.certificate(), certificate.key()),
                  () -> TestServer.APPS,
                  null,
                  TestServer.SECRET,
                  1L << 30,
                  SHORT));
    }

    @AfterEach
    void stop() {
      tls.close();
    }

    private void assertServedOverTls() throws Exception {
      try (RawClient client =
          new RawClient(
              trusting(certificate.certificate())
                  .getSocketFactory()
                  .createSocket("127.0.0.1", tls.server.port()))) {
        client.send(call(LIST, "Connection: close"));
        assertThat(client.untilTheEnd()).startsWith("HTTP/1.1 200 ").contains("\"errcode\":0");
      }
    }

    @Test
    void aHandshakeThatNeverBeginsIsLeft() throws Exception {
      try (RawClient client = new RawClient(tls.server.port())) {
        assertServedOverTls();
        assertThat(client.untilTheEnd()).isEmpty();
        assertServedOverTls();
      }
    }

    /** The length of a record of which no more than a few bytes come. */
    private static final byte[] RECORD = {22, 3, 1, 2, 0, 1, 0, 1};

    @Test
    void aHandshakeThatStopsIsLeft() throws Exception {
      try (RawClient client = new RawClient(tls.server.port())) {
        client.send(RECORD);
        assertServedOverTls();
        var _ = client.untilTheEnd();
        assertServedOverTls();
      }
    }

    @Test
    void aHandshakeThatComesByteByByteIsLeft() throws Exception {
      try (RawClient client = new RawClient(tls.server.port())) {
        client.send(new byte[] {22, 3, 1, 0x40, 0, 1, 0, 0x3f, (byte) 0xfc});
        while (!client.ended()) {
          try {
            client.send("x");
          } catch (IOException closed) {
            break;
          }
          assertServedOverTls();
        }
        assertServedOverTls();
      }
    }

    @Test
    void plainHttpIsNotSpoken() throws Exception {
      try (RawClient client = new RawClient(tls.server.port())) {
        client.send(call(LIST));
        assertThat(client.untilTheEnd()).doesNotContain("HTTP/1.1", "errcode");
        assertServedOverTls();
      }
    }

    @Test
    void anUploadThatStopsIsLeft() throws Exception {
      try (RawClient client =
          new RawClient(
              trusting(certificate.certificate())
                  .getSocketFactory()
                  .createSocket("127.0.0.1", tls.server.port()))) {
        client.send(uploadHead("Content-Length: 1000000") + formHead("stops.json") + "x");
        assertServedOverTls();
        assertThat(client.untilTheEnd()).doesNotContain(" 204 ");
        assertServedOverTls();
      }
    }

    private static SSLContext trusting(Path pem) throws Exception {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      try (InputStream in = Files.newInputStream(pem)) {
        store.setCertificateEntry(
            "server", CertificateFactory.getInstance("X.509").generateCertificate(in));
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    }
  }
}
