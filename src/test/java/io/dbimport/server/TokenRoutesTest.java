package io.dbimport.server;

import static io.dbimport.server.TestServer.APPSECRET;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.JobReply;
import io.dbimport.client.AccessTokens;
import io.dbimport.client.ApiFamily;
import io.dbimport.client.ClientSettings;
import io.dbimport.client.HttpImportApi;
import io.dbimport.client.RenewedToken;
import io.dbimport.client.TokenServices;
import io.dbimport.client.TokenSource;
import io.dbimport.fixtures.PostgresFixture;
import io.dbimport.fixtures.PostgresFixture.Database;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tokens from two servers on one database. Time passes by moving the times of the rows: the
 * database's clock is the one that counts.
 */
final class TokenRoutesTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String COMPONENT = "/cgi-bin/component/api_component_token";
  private static final String STABLE = "/cgi-bin/stable_token";
  private static final String PLAIN = "/cgi-bin/token";
  private static final String PLAIN_QUERY =
      PLAIN + "?grant_type=client_credential&appid=app-3&secret=" + APPSECRET;

  @TempDir static Path root;
  private static Database database;
  private static TestServer server;
  private static TestServer second;

  @BeforeAll
  static void start() throws Exception {
    database = PostgresFixture.freshDatabase();
    ServerSettings settings = TestServer.settings(ServerSettings.MAX_UPLOAD_BYTES);
    server = TestServer.start(database, root, settings);
    second = TestServer.start(database, root, settings);
  }

  @AfterAll
  static void stop() {
    server.close();
    second.close();
  }

  @BeforeEach
  void forget() throws SQLException {
    sql("delete from dbimport.tokens");
  }

  private static void sql(String statement) throws SQLException {
    try (Connection connection = database.connect();
        Statement run = connection.createStatement()) {
      run.execute(statement);
    }
  }

  /** So many seconds go by for every token there is. */
  private static void pass(int seconds) throws SQLException {
    String interval = " - " + seconds + " * interval '1 s'";
    sql(
        "update dbimport.tokens set issued_at = issued_at"
            + interval
            + ", ends_at = ends_at"
            + interval);
  }

  private static JsonNode plain(TestServer at) throws Exception {
    return json(at.get(PLAIN_QUERY));
  }

  private static JsonNode stable(TestServer at, boolean force) throws Exception {
    return json(
        at.send(
            STABLE,
            "POST",
            BodyPublishers.ofString(
                "{\"grant_type\":\"client_credential\",\"appid\":\"app-3\",\"secret\":\""
                    + APPSECRET
                    + "\",\"force_refresh\":"
                    + force
                    + "}")));
  }

  private static JsonNode component(TestServer at) throws Exception {
    return json(
        at.send(
            COMPONENT,
            "POST",
            BodyPublishers.ofString(
                "{\"component_appid\":\"platform\",\"component_appsecret\":\""
                    + APPSECRET
                    + "\",\"component_verify_ticket\":\"ticket@@@good\"}")));
  }

  private static JsonNode json(HttpResponse<String> response) {
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-type").orElse(""))
        .startsWith("application/json");
    assertThat(response.body()).doesNotContain(APPSECRET);
    return JSON.readTree(response.body());
  }

  private static String given(JsonNode answer) {
    assertThat(answer.propertyNames()).containsExactlyInAnyOrder("access_token", "expires_in");
    return answer.path("access_token").stringValue();
  }

  private static int use(TestServer at, String token) throws Exception {
    return at.call("/tcb/getenvinfo", token, "{}").path("errcode").intValue();
  }

  @Test
  void aPlainTokenIsTakenByEveryServerForTwoHours() throws Exception {
    JsonNode answer = plain(server);
    String token = given(answer);

    assertThat(answer.path("expires_in").intValue()).isEqualTo(7200);
    assertThat(use(server, token)).isZero();
    assertThat(use(second, token)).isZero();
    pass(7190);
    assertThat(use(second, token)).isZero();
    pass(10);
    assertThat(use(second, token)).isEqualTo(42001);
    assertThat(use(server, token + "0")).isEqualTo(40014);
  }

  @Test
  void aNewPlainTokenLeavesTheOldOneFiveMinutes() throws Exception {
    String old = given(plain(server));
    String fresh = given(plain(second));

    assertThat(fresh).isNotEqualTo(old);
    pass(280);
    assertThat(use(server, old)).isZero();
    pass(20);
    assertThat(use(server, old)).isEqualTo(42001);
    assertThat(use(server, fresh)).isZero();
    pass(6890);
    String third = given(plain(server));
    pass(10);
    assertThat(use(server, fresh)).as("its own end counts").isEqualTo(42001);
    assertThat(use(server, third)).isZero();
  }

  @Test
  void theStableTokenStaysTheSameOnEveryServerUntilItsLastFiveMinutes() throws Exception {
    String token = given(stable(server, false));

    assertThat(given(stable(second, false))).isEqualTo(token);
    pass(6800);
    JsonNode later = stable(second, false);
    assertThat(given(later)).isEqualTo(token);
    assertThat(later.path("expires_in").intValue()).isBetween(301, 400);
    pass(200);
    JsonNode next = stable(server, false);
    assertThat(given(next)).isNotEqualTo(token);
    assertThat(next.path("expires_in").intValue()).isEqualTo(7200);
    pass(250);
    assertThat(use(server, token)).as("5 minutes from the new one on").isZero();
    pass(50);
    assertThat(use(server, token)).isEqualTo(42001);
    assertThat(use(server, given(next))).isZero();
  }

  @Test
  void aForcedRefreshVoidsTheStableTokenAtOnceButNoOther() throws Exception {
    String plain = given(plain(server));
    String old = given(stable(server, false));

    String forced = given(stable(server, true));

    assertThat(forced).isNotEqualTo(old);
    assertThat(use(second, old)).isEqualTo(42001);
    assertThat(use(second, forced)).isZero();
    assertThat(use(second, plain)).isZero();
    assertThat(given(stable(second, false))).isEqualTo(forced);
  }

  @Test
  void refreshesAreForcedThirtySecondsApartAndTwentyTimesADay() throws Exception {
    for (int i = 0; i < 20; i++) {
      assertThat(given(stable(i % 2 == 0 ? server : second, true))).isNotEmpty();
      assertThat(stable(server, true).path("errcode").intValue()).isEqualTo(45011);
      pass(31);
    }
    assertThat(stable(second, true).path("errcode").intValue()).isEqualTo(45009);
    assertThat(given(stable(second, false))).isNotEmpty();
    pass(86_400);
    assertThat(given(stable(second, true))).isNotEmpty();
  }

  @Test
  void plainTokensAreGivenSoManyTimesADay() throws Exception {
    sql(
        """
        insert into dbimport.tokens (hash, id, appid, kind, forced, ends_at)
        select decode(md5(i::text), 'hex'), gen_random_uuid(), 'app-3', 'plain', false, now()
        from generate_series(1, 1999) i\
        """);

    assertThat(given(plain(server))).isNotEmpty();
    assertThat(plain(server).path("errcode").intValue()).isEqualTo(45009);
  }

  @Test
  void aComponentTokenIsGivenForSecretAndTicket() throws Exception {
    JsonNode answer = component(server);

    assertThat(answer.propertyNames())
        .containsExactlyInAnyOrder("component_access_token", "expires_in");
    assertThat(answer.path("expires_in").intValue()).isEqualTo(7200);
    assertThat(use(second, answer.path("component_access_token").stringValue())).isZero();
  }

  @Test
  void noTokenAndNoSecretLiesInTheDatabase() throws Exception {
    String token = given(stable(server, false));
    try (Connection connection = database.connect();
        Statement select = connection.createStatement();
        ResultSet row = select.executeQuery("select t::text from dbimport.tokens t")) {
      assertThat(row.next()).isTrue();
      assertThat(row.getString(1)).doesNotContain(token).doesNotContain(APPSECRET);
    }
  }

  @Test
  void aServerWithAnotherLinkSecretTakesTheTokensToo() throws Exception {
    ServerSettings settings = ServerSettings.plain("127.0.0.1", 0, TestServer.APPS);
    try (TestServer other = TestServer.start(database, root, settings)) {
      String token = given(stable(server, false));

      assertThat(use(other, token)).isZero();
      assertThat(given(stable(other, false))).isNotEqualTo(token);
      assertThat(use(server, token)).as("the overlap").isZero();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/cgi-bin/stable_token | 44002 | ''",
        "/cgi-bin/stable_token | 47001 | []",
        "/cgi-bin/stable_token | 40002 | {}",
        "/cgi-bin/stable_token | 40002 | {'grant_type':'x','appid':'app-3','secret':'S'}",
        "/cgi-bin/stable_token | 41002 | {'grant_type':'client_credential','secret':'S'}",
        "/cgi-bin/stable_token | 41004 | {'grant_type':'client_credential','appid':'app-3'}",
        "/cgi-bin/stable_token | 40013 | {'grant_type':'client_credential','appid':'x','secret':'S'}",
        "/cgi-bin/stable_token | 40125 | {'grant_type':'client_credential','appid':'app-3','secret':'Sx'}",
        "/cgi-bin/stable_token | 40125 | {'grant_type':'client_credential','appid':'app-1','secret':'S'}",
        "/cgi-bin/stable_token | 40097 | {'grant_type':'client_credential','appid':'app-3','secret':'S','force_refresh':1}",
        "/cgi-bin/component/api_component_token | 41018 | {'component_appsecret':'S'}",
        "/cgi-bin/component/api_component_token | 41004 | {'component_appid':'platform'}",
        "/cgi-bin/component/api_component_token | 40013 | {'component_appid':'x','component_appsecret':'S'}",
        "/cgi-bin/component/api_component_token | 40125 | {'component_appid':'platform','component_appsecret':'x'}",
        "/cgi-bin/component/api_component_token | 61006 | {'component_appid':'platform','component_appsecret':'S'}",
        "/cgi-bin/component/api_component_token | 61006 | {'component_appid':'platform','component_appsecret':'S','component_verify_ticket':'x'}",
        "/cgi-bin/component/api_component_token | 61005 | {'component_appid':'late-platform','component_appsecret':'S','component_verify_ticket':'ticket@@@good'}",
      },
      quoteCharacter = '"')
  void whatIsMissingOrWrongHasItsCode(String path, int code, String body) throws Exception {
    String sent = body.equals("''") ? "" : body.replace("'S", "'" + APPSECRET).replace('\'', '"');

    JsonNode answer = json(server.send(path, "POST", BodyPublishers.ofString(sent)));

    assertThat(answer.path("errcode").intValue()).isEqualTo(code);
    assertThat(answer.propertyNames()).containsExactlyInAnyOrder("errcode", "errmsg");
  }

  @ParameterizedTest
  @CsvSource({
    "40002, ?appid=app-3&secret=S",
    "41002, ?grant_type=client_credential&secret=S",
    "41004, ?grant_type=client_credential&appid=app-3",
    "40013, ?grant_type=client_credential&appid=x&secret=S",
    "40125, ?grant_type=client_credential&appid=app-3&secret=Sx"
  })
  void aQueryThatIsMissingSomethingOrWrongHasItsCode(int code, String query) throws Exception {
    JsonNode answer = json(server.get(PLAIN + query.replace("=S", "=" + APPSECRET)));

    assertThat(answer.path("errcode").intValue()).isEqualTo(code);
  }

  @ParameterizedTest
  @ValueSource(strings = {COMPONENT, STABLE})
  void tokensOfABodyAskForPostAndThePlainOneForGet(String path) throws Exception {
    assertThat(json(server.get(path)).path("errcode").intValue()).isEqualTo(43002);
    assertThat(
            json(server.send(PLAIN_QUERY, "POST", BodyPublishers.ofString("{}")))
                .path("errcode")
                .intValue())
        .isEqualTo(43001);
  }

  @Test
  void whoGuessesSecretsIsNotHeardForTheRestOfTheMinute() throws Exception {
    WrongSecrets wrong = new WrongSecrets();
    Instant start = Instant.parse("2026-01-01T00:00:10Z");
    for (int i = 0; i < WrongSecrets.A_MINUTE; i++) {
      assertThat(wrong.tooMany("a", "10.0.0.1", start)).isFalse();
      wrong.count("a", "10.0.0.1", start);
    }
    assertThat(wrong.tooMany("a", "10.0.0.1", start.plusSeconds(49))).isTrue();
    assertThat(wrong.tooMany("a", "10.0.0.2", start)).isFalse();
    assertThat(wrong.tooMany("b", "10.0.0.1", start)).isFalse();
    assertThat(wrong.tooMany("a", "10.0.0.1", start.plusSeconds(50))).isFalse();

    try (TestServer alone =
        TestServer.start(database, root, TestServer.settings(ServerSettings.MAX_UPLOAD_BYTES))) {
      String guess = PLAIN_QUERY + "x";
      boolean heard = true;
      // Twice as many and one: a minute may turn over once between them.
      for (int i = 0; heard && i <= 2 * WrongSecrets.A_MINUTE; i++) {
        heard = json(alone.get(guess)).path("errcode").intValue() == 40125;
      }
      assertThat(heard).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void ourOwnClientGetsItsTokensAndRenewsThemOnceTheyAreExpired(boolean ofPlatform)
      throws Exception {
    ClientSettings settings =
        new ClientSettings(
            server.uri(),
            ofPlatform ? ApiFamily.COMPONENT : ApiFamily.APP,
            Duration.ofSeconds(20),
            null);
    try (TokenServices services = new TokenServices(settings)) {
      TokenSource source =
          ofPlatform
              ? services.component("platform", () -> APPSECRET, () -> "ticket@@@good")
              : services.stable("app-3", () -> APPSECRET);
      AccessTokens tokens =
          new RenewedToken("one", source, System::nanoTime, new SplittableRandom(1));
      try (HttpImportApi api = new HttpImportApi(settings, tokens)) {
        assertThat(code(api)).isEqualTo(40097);
        String first = token(tokens);
        sql("update dbimport.tokens set ends_at = now()");
        assertThat(use(server, first)).isEqualTo(42001);

        assertThat(code(api)).as("renewed and called again").isIn(40097, 42001);
        assertThat(code(api)).isEqualTo(40097);
        assertThat(token(tokens)).isNotEqualTo(first);
      }
    }
  }

  private static String token(AccessTokens tokens) throws InterruptedException {
    return switch (tokens.token(null, Duration.ofSeconds(20))) {
      case AccessTokens.TokenReply.Token(String value) -> value;
      case AccessTokens.TokenReply.UnknownApp _, AccessTokens.TokenReply.NoToken _ ->
          throw new AssertionError("no token");
    };
  }

  /** Of a job that nobody has. */
  private static int code(HttpImportApi api) throws InterruptedException {
    return switch (api.state(null, TestServer.ENV, 1)) {
      case JobReply.NotKnown(int code, String _) -> code;
      case JobReply.Known known -> throw new AssertionError(known);
    };
  }
}
