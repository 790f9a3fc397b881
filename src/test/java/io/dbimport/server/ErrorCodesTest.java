package io.dbimport.server;

import static io.dbimport.server.TestServer.APPSECRET;
import static io.dbimport.server.TestServer.CLOSED_TOKEN;
import static io.dbimport.server.TestServer.ENV;
import static io.dbimport.server.TestServer.EXPIRED_TOKEN;
import static io.dbimport.server.TestServer.TOKEN;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorCode;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.PostgresFixture;
import io.dbimport.fixtures.PostgresFixture.Database;
import io.dbimport.fixtures.TcpGate;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every code that is known: which call is answered with it, or why none is. */
final class ErrorCodesTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String CALL = "/componenttcb/dbimport";
  private static final String COMPONENT = "/cgi-bin/component/api_component_token";
  private static final String STABLE = "/cgi-bin/stable_token";
  private static final String PLAIN = "/cgi-bin/token?grant_type=client_credential&appid=app-3";
  private static final String IMPORT =
      """
      {"env":"demo-env","collection_name":"things","file_path":"f.json","file_type":1,
       "stop_on_error":false,"conflict_mode":1}\
      """;
  private static final String COLLECTION = "{\"env\":\"demo-env\",\"collection_name\":\"things\"}";

  @TempDir static Path root;
  private static Database database;
  private static TcpGate gate;
  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    database = PostgresFixture.freshDatabase();
    gate = TcpGate.to(database.host(), database.port());
    server =
        TestServer.start(
            database.behind(gate.port()),
            root,
            TestServer.settings(ServerSettings.MAX_UPLOAD_BYTES));
    server.post("/tcb/databasecollectionadd", COLLECTION);
    var _ = server.storage.store(ENV, "f.json", new ByteArrayInputStream("{}".getBytes(UTF_8)));
  }

  @AfterAll
  static void stop() throws IOException {
    server.close();
    gate.close();
  }

  /** A call over HTTP. */
  private interface Call {
    JsonNode answer() throws Exception;
  }

  /** How a code comes about. */
  private sealed interface Way {
    record Answered(Call call) implements Way {}

    record Never(String why) implements Way {}
  }

  private static Way by(Call call) {
    return new Way.Answered(call);
  }

  private static Way never(String why) {
    return new Way.Never(why);
  }

  private static Way way(ErrorCode code) {
    return switch (code) {
      // What the page of the import call lists, by that call.
      case OK -> by(() -> imported(TOKEN, IMPORT));
      case SYSTEM_ERROR -> by(ErrorCodesTest::withoutDatabase);
      case INTERNAL_ERROR -> by(ErrorCodesTest::withABug);
      case INVALID_ACCESS_TOKEN -> by(() -> imported("nobodys", IMPORT));
      case INVALID_ARGS -> by(() -> changed("\"file_type\":1", "\"file_type\":3"));
      case MISSING_PARAMETER -> by(() -> changed("\"file_type\":1,", ""));
      case ACCESS_TOKEN_MISSING -> by(() -> post(CALL, IMPORT));
      case ACCESS_TOKEN_EXPIRED -> by(() -> imported(EXPIRED_TOKEN, IMPORT));
      case POST_REQUIRED -> by(() -> get(CALL + "?access_token=" + TOKEN));
      case EMPTY_POST_DATA -> by(() -> imported(TOKEN, ""));
      case DATA_FORMAT_ERROR -> by(() -> changed("}", ","));
      case NO_CLOUD_PRIVILEGE -> by(() -> imported(CLOSED_TOKEN, IMPORT));
      case ENVIRONMENT_ABSENT -> by(() -> changed("demo-env", "other-env"));
      case COLLECTION_ABSENT -> by(() -> changed("things", "nothings"));
      case FILE_ABSENT -> by(() -> changed("f.json", "g.json"));
      case CLOUD_TIMED_OUT -> by(ErrorCodesTest::whileNoJobIsTaken);
      // By other calls.
      case COLLECTION_CREATE_FAILED ->
          by(() -> post("/tcb/databasecollectionadd?access_token=" + TOKEN, COLLECTION));
      case INVALID_GRANT_TYPE -> by(() -> post(STABLE, "{\"grant_type\":\"password\"}"));
      case INVALID_APPID -> by(() -> stable("nobody", APPSECRET));
      case INVALID_APPSECRET -> by(() -> stable("app-3", "wrong"));
      case APPID_MISSING -> by(() -> stable("", APPSECRET));
      case APPSECRET_MISSING -> by(() -> stable("app-3", ""));
      case COMPONENT_APPID_MISSING -> by(() -> post(COMPONENT, "{}"));
      case GET_REQUIRED -> by(() -> post(PLAIN + "&secret=" + APPSECRET, "{}"));
      case INVALID_COMPONENT_TICKET -> by(() -> component("platform", "ticket@@@bad"));
      case COMPONENT_TICKET_EXPIRED -> by(() -> component("late-platform", "ticket@@@good"));
      case MINUTE_QUOTA_REACHED -> by(ErrorCodesTest::refreshedTwice);
      case DAILY_QUOTA_REACHED -> by(ErrorCodesTest::afterManyTokens);
      // By none.
      case INVALID_CREDENTIAL ->
          never("the page of the import call has 40014 for a token that is not good");
      case COMPONENT_ACCESS_TOKEN_EXPIRED ->
          never("the page of the import call has 42001 for a token of either family");
      case WRONG_TOKEN_KIND -> never("a token is good for both families");
      case API_UNAUTHORIZED, API_FORBIDDEN, USER_UNAUTHORIZED, USER_LIMITED ->
          never("an app may call everything or, by 85088, nothing");
      case COMPONENT_NOT_AUTHORIZED,
          API_UNAUTHORIZED_TO_COMPONENT,
          INVALID_COMPONENT,
          INVALID_REFRESH_TOKEN ->
          never("nobody authorises a platform here: each app has environments of its own");
      case CLIENT_IP_NOT_REGISTERED -> never("there is no list of addresses");
      case CLOUD_SYSTEM_ERROR,
          DATABASE_REQUEST_FAILED,
          DATABASE_OPERATION_FAILED,
          DATABASE_INSERT_FAILED,
          DATABASE_DELETE_FAILED,
          DATABASE_QUERY_FAILED,
          FILE_REQUEST_FAILED,
          WECHAT_SYSTEM_ERROR,
          WECHAT_NETWORK_ERROR ->
          never("there is one service here: a database or a storage that is away is -1");
      case DATABASE_OPERATION_TIMED_OUT ->
          never("an import works on the database after its call is answered; it is -501002 then");
      case ENVIRONMENT_REQUESTS_EXCEEDED,
          ENVIRONMENT_CONCURRENCY_EXCEEDED,
          READ_QUOTA_REACHED,
          WRITE_QUOTA_REACHED ->
          never("an environment has a quota of bytes alone, which its uploads meet, as XML");
      case BAD_CLOUD_PARAMETER, RESOURCE_ABSENT ->
          never("40097, -501000, -502005 and -503003 say more closely what it is");
      case FILE_FORBIDDEN -> never("a file of another environment is absent: -503003");
    };
  }

  @ParameterizedTest
  @EnumSource
  void everyCodeIsAnsweredOrThereIsAReasonWhyNot(ErrorCode code) throws Exception {
    switch (way(code)) {
      case Way.Answered(Call call) -> {
        JsonNode answer = call.answer();

        assertThat(answer.path("errcode").intValue()).as("%s", answer).isEqualTo(code.code());
        assertThat(answer.path("errmsg").stringValue()).startsWith(code.message());
        assertThat(description()).contains(Integer.toString(code.code()));
      }
      case Way.Never(String why) -> {
        assertThat(why).isNotEmpty();
        Pattern name = Pattern.compile("ErrorCode\\." + code.name() + "\\b");
        assertThat(sources()).noneMatch(source -> name.matcher(source).find());
        assertThat(description()).doesNotContainPattern("(^| )" + code.code() + " ");
      }
    }
  }

  /** What the server's own description says of the codes; 0 is in none of its errors. */
  private static String description() throws Exception {
    JsonNode document = JSON.readTree(server.get("/openapi.json").body());
    JsonNode error = document.path("components").path("schemas").path("Error");
    return error.path("properties").path("errcode").path("description").stringValue() + " 0";
  }

  private static List<String> sources() throws IOException {
    List<String> sources = new ArrayList<>();
    for (String room : List.of("server", "engine")) {
      try (Stream<Path> files = Files.list(Path.of("src/main/java/io/dbimport", room))) {
        for (Path file : files.toList()) {
          sources.add(Files.readString(file));
        }
      }
    }
    return sources;
  }

  private static JsonNode post(String path, String body) throws Exception {
    return TestServer.answer(server.send(path, "POST", BodyPublishers.ofString(body)));
  }

  private static JsonNode get(String path) throws Exception {
    return TestServer.answer(server.get(path));
  }

  private static JsonNode imported(String token, String body) throws Exception {
    return post(CALL + "?access_token=" + token, body);
  }

  private static JsonNode changed(String part, String by) throws Exception {
    assertThat(IMPORT).contains(part);
    return imported(TOKEN, IMPORT.replace(part, by));
  }

  private static JsonNode stable(String appid, String secret) throws Exception {
    return post(STABLE, refresh(appid, secret));
  }

  private static String refresh(String appid, String secret) {
    return """
    {"grant_type":"client_credential","appid":"%s","secret":"%s","force_refresh":true}\
    """
        .formatted(appid, secret);
  }

  private static JsonNode component(String appid, String ticket) throws Exception {
    return post(
        COMPONENT,
        """
        {"component_appid":"%s","component_appsecret":"%s","component_verify_ticket":"%s"}\
        """
            .formatted(appid, APPSECRET, ticket));
  }

  private static JsonNode withoutDatabase() throws Exception {
    gate.shut();
    try {
      return imported(TOKEN, IMPORT);
    } finally {
      gate.open();
      Eventually.isTrue(
          "the database is back", () -> imported(TOKEN, IMPORT).path("errcode").intValue() == 0);
    }
  }

  private static JsonNode withABug() throws Exception {
    try (TestServer faulty =
        TestServer.over(
            new FaultyEngine(),
            root.resolve("faulty"),
            TestServer.settings(ServerSettings.MAX_UPLOAD_BYTES))) {
      return faulty.post(CALL, IMPORT);
    }
  }

  /** The database fails in the middle, which leaves open what it has done. */
  private static JsonNode whileNoJobIsTaken() throws Exception {
    sql("alter table dbimport.jobs add constraint none check (false) not valid");
    try {
      return imported(TOKEN, IMPORT);
    } finally {
      sql("alter table dbimport.jobs drop constraint none");
    }
  }

  private static JsonNode refreshedTwice() throws Exception {
    // The first answer has a token, and no errcode.
    var _ = server.send(STABLE, "POST", BodyPublishers.ofString(refresh("app-3", APPSECRET)));
    return stable("app-3", APPSECRET);
  }

  private static JsonNode afterManyTokens() throws Exception {
    sql(
        """
        insert into dbimport.tokens (hash, id, appid, kind, forced, ends_at)
        select decode(md5(i::text), 'hex'), gen_random_uuid(), 'app-3', 'plain', false, now()
        from generate_series(1, 2000) i\
        """);
    return get(PLAIN + "&secret=" + APPSECRET);
  }

  private static void sql(String statement) throws SQLException {
    try (Connection connection = database.connect();
        Statement run = connection.createStatement()) {
      run.execute(statement);
    }
  }
}
