package io.dbimport.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.dbimport.SelfSigned;
import io.dbimport.cli.Logs;
import io.dbimport.fixtures.Eventually;
import io.helidon.common.tls.Tls;
import io.helidon.webserver.WebServer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/**
 * What anybody can send to the port fills no log, by the set-up of logging that the program has.
 */
@Timeout(60)
final class OutsideNoiseTest {
  private static WebServer server;
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private final Logger all = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);

  @BeforeAll
  static void start() {
    Logs.level("info");
    server =
        Listener.start(
            "127.0.0.1",
            0,
            Tls.builder().enabled(false).build(),
            ConnectionBounds.USUAL,
            routing -> routing.any((_, response) -> response.send("")));
  }

  @AfterAll
  static void stop() {
    server.stop();
  }

  @BeforeEach
  void listen() {
    lines.start();
    all.addAppender(lines);
  }

  @AfterEach
  void listenNoMore() {
    all.detachAppender(lines);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "G@T / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\u0080\u0081 / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /upload/%ff?%=& HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET / FTP/1.1\r\nHost: x\r\n\r\n",
        "GET\r\n\r\n",
        "\r\n\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nBad@Name: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nName: \u0001\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET http://[/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: odd\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nExpect: odd\r\nContent-Length: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nCookie: \u0000=;=;\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003 a hello of TLS \r\n\r\n",
      })
  void aRequestThatIsNoneLeavesNoLine(String sent) throws Exception {
    var _ = answer(server.port(), sent);

    assertThat(lines.list).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "G@T / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\u0080\u0081 / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nBad@Name: 1\r\n\r\n",
      })
  void aRequestThatCannotBeReadIsTheCallersMistake(String sent) throws Exception {
    assertThat(answer(server.port(), sent)).startsWith("HTTP/1.1 400 ");
  }

  @Test
  void whatIsNoHandshakeLeavesNoLine(@TempDir Path folder) throws Exception {
    SelfSigned certificate = SelfSigned.forLoopback(folder);
    WebServer secured =
        Listener.start(
            "127.0.0.1",
            0,
            ServerTls.of(new ServerSettings.TlsFiles(certificate.certificate(), certificate.key())),
            ConnectionBounds.USUAL,
            _ -> {});
    try {
      for (String sent :
          List.of("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\u0016\u0003\u0001\u0002", "")) {
        assertThat(answer(secured.port(), sent)).doesNotContain("HTTP/");
      }
    } finally {
      secured.stop();
    }
    assertThat(lines.list).isEmpty();
  }

  @Test
  void aFaultInARouteIsStillLogged() throws Exception {
    WebServer faulty =
        Listener.start(
            "127.0.0.1",
            0,
            Tls.builder().enabled(false).build(),
            ConnectionBounds.USUAL,
            routing ->
                routing.get(
                    "/",
                    (_, _) -> {
                      throw new IllegalStateException("a fault of ours");
                    }));
    try {
      assertThat(answer(faulty.port(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")).contains(" 500 ");
      // It is logged after the answer went out.
      Eventually.isTrue("the fault is logged", () -> lines.list.size() == 1);
    } finally {
      faulty.stop();
    }
    assertThat(lines.list.getFirst().getThrowableProxy()).isNotNull();
  }

  /** The connection is closed after the last line that its end could leave. */
  private static String answer(int port, String sent) throws Exception {
    try (RawClient client = new RawClient(port)) {
      client.send(sent.getBytes(ISO_8859_1)).endsSending();
      return client.untilTheEnd();
    }
  }
}
