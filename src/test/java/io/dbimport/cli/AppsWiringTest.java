package io.dbimport.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.dbimport.cli.SettingsReader.Reading;
import io.dbimport.client.AccessTokens;
import io.dbimport.client.AccessTokens.TokenReply;
import io.dbimport.client.ApiFamily;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** From the settings to the tokens, every source of them, with the services over real HTTP. */
@Timeout(60)
class AppsWiringTest {
  private static final Duration PATIENT = Duration.ofSeconds(20);

  @TempDir private Path folder = Path.of("");

  /** What the services were sent: path, query, authorization and body. */
  private final List<String> asked = new CopyOnWriteArrayList<>();

  private HttpServer http = listening();

  private static HttpServer listening() {
    try {
      return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException failure) {
      throw new AssertionError(failure);
    }
  }

  @BeforeEach
  void start() throws IOException {
    http.createContext(
        "/",
        exchange -> {
          String path = exchange.getRequestURI().getPath();
          String body =
              new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
          asked.add(
              exchange.getRequestURI()
                  + " "
                  + exchange.getRequestHeaders().getFirst("Authorization")
                  + " "
                  + body);
          String field = path.contains("component") ? "component_access_token" : "access_token";
          byte[] answer =
              "{\"%s\":\"minted%s\",\"expires_in\":7200}"
                  .formatted(field, path.replace('/', '-'))
                  .getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    http.start();
    Files.writeString(folder.resolve("secret"), "planted-s3cret\n");
    Files.writeString(folder.resolve("ticket"), "planted-ticket\n");
    Files.writeString(folder.resolve("token"), "planted-token\n");
  }

  @AfterEach
  void stop() {
    http.stop(0);
  }

  private String address() {
    return "http://127.0.0.1:" + http.getAddress().getPort();
  }

  private AccessTokens tokens(String json) throws IOException {
    Path file = Files.writeString(folder.resolve("apps.json"), json.replace("ADDRESS", address()));
    Map<String, String> environment =
        Map.of("DBIMPORT_APPS", file.toString(), "DBIMPORT_API_URL", address());
    return Wiring.tokens(
        ((Reading.Good) SettingsReader.read(Map.of(), environment, null)).settings());
  }

  @Test
  void theWorkerKnowsWhichAppIsMeantWhenNoneIsNamed() throws Exception {
    String one = "{\"family\": \"app\", \"source\": \"static\", \"token\": \"fixed-of-shop\"}";
    assertThat(defaultApp("{\"apps\": {\"shop\": " + one + "}}")).isEqualTo("shop");
    String two = "\"apps\": {\"shop\": " + one + ", \"blog\": " + one + "}}";
    assertThat(defaultApp("{\"default\": \"blog\", " + two)).isEqualTo("blog");
    assertThat(defaultApp("{" + two)).isNull();
    assertThat(
            Wiring.work(((Reading.Good) SettingsReader.read(Map.of(), Map.of(), null)).settings())
                .defaultApp())
        .isNull();
  }

  private @Nullable String defaultApp(String json) throws IOException {
    Path file = Files.writeString(folder.resolve("apps.json"), json);
    Reading read = SettingsReader.read(Map.of(), Map.of("DBIMPORT_APPS", file.toString()), null);
    return Wiring.work(((Reading.Good) read).settings()).defaultApp();
  }

  @Test
  void everySourceGivesItsTokenAndAllAreMaskedFromThenOn() throws Exception {
    try (AccessTokens tokens =
        tokens(
            """
            {"default": "files", "apps": {
              "platform": {"family": "component", "source": "component", "appid": "wx0",
                           "secret_file": "secret", "ticket_file": "ticket"},
              "shop": {"family": "app", "source": "stable", "appid": "wx1", "secret_file": "secret"},
              "blog": {"family": "app", "source": "url", "url": "ADDRESS/own?a=b",
                       "authorization_file": "secret"},
              "files": {"family": "app", "source": "file", "token_file": "token"},
              "fixed": {"family": "component", "source": "static", "token": "planted-fixed"}}}
            """)) {
      Map<String, String> expected =
          Map.of(
              "platform", "minted-cgi-bin-component-api_component_token",
              "shop", "minted-cgi-bin-stable_token",
              "blog", "minted-own",
              "files", "planted-token",
              "fixed", "planted-fixed");
      assertThat(asked).isEmpty();
      for (var app : expected.entrySet()) {
        assertThat(tokens.token(app.getKey(), PATIENT))
            .isEqualTo(new TokenReply.Token(app.getValue()));
        assertThat(Masking.mask("x " + app.getValue())).isEqualTo("x ***");
      }
      assertThat(tokens.token(null, PATIENT)).isEqualTo(new TokenReply.Token("planted-token"));
      assertThat(tokens.family("platform")).contains(ApiFamily.COMPONENT);
      assertThat(tokens.family("shop")).contains(ApiFamily.APP);
      assertThat(tokens.family(null)).contains(ApiFamily.APP);
      assertThat(tokens.toString()).doesNotContain("planted").doesNotContain("minted");
    }
    assertThat(asked)
        .hasSize(3)
        .anySatisfy(sent ->
            assertThat(sent).contains("api_component_token", "planted-s3cret", "planted-ticket"))
        .anySatisfy(sent -> assertThat(sent).contains("stable_token", "planted-s3cret"))
        .anySatisfy(sent -> assertThat(sent).isEqualTo("/own?a=b planted-s3cret "));
    assertThat(Masking.mask("planted-s3cret and planted-ticket")).isEqualTo("*** and ***");
  }

  @Test
  void aFileOfASecretThatIsGoneIsToldByItsPath() throws Exception {
    try (AccessTokens tokens =
        tokens(
            """
            {"apps": {"shop": {"family": "app", "source": "stable", "appid": "wx1",
                               "secret_file": "secret"}}}
            """)) {
      Files.delete(folder.resolve("secret"));
      assertThat(tokens.token(null, PATIENT))
          .isInstanceOfSatisfying(
              TokenReply.NoToken.class,
              none ->
                  assertThat(none.why())
                      .contains("app shop", "its secret cannot be read", "secret"));
    }
  }

  @Test
  void problemsOfTheFileAreProblemsOfTheSettings() throws IOException {
    Path file = Files.writeString(folder.resolve("apps.json"), "{\"apps\":{\"shop\":{}}}");
    assertThat(
            ((Reading.Bad)
                    SettingsReader.read(Map.of(), Map.of("DBIMPORT_APPS", file.toString()), null))
                .problems())
        .hasSize(2)
        .allSatisfy(p -> assertThat(p).startsWith("DBIMPORT_APPS: " + file + ": app \"shop\""));
  }

  @Test
  void withoutAppsOrATokenBothAreNamed() {
    Settings none = ((Reading.Good) SettingsReader.read(Map.of(), Map.of(), null)).settings();
    assertThatThrownBy(() -> Wiring.tokens(none))
        .isInstanceOf(CommandFailed.class)
        .hasMessageContaining("DBIMPORT_TOKEN")
        .hasMessageContaining("DBIMPORT_APPS");
  }
}
