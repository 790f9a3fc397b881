package io.dbimport.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.dbimport.fixtures.PostgresFixture;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The server's own description, against its routes and its real answers. */
final class OpenApiTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final SchemaRegistry SCHEMAS =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
  private static final Pattern ROUTE = Pattern.compile("\"(/[a-z][A-Za-z_/{}.\\-]*)\"");

  @TempDir static Path root;
  private static TestServer server;
  private static JsonNode document;

  @BeforeAll
  static void start() throws Exception {
    server =
        TestServer.start(
            PostgresFixture.freshDatabase(),
            root,
            TestServer.settings(ServerSettings.MAX_UPLOAD_BYTES));
    document = JSON.readTree(server.get("/openapi.json").body());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void itNamesExactlyTheRoutesThatTheServersSourceHas() throws IOException {
    Set<String> routes = new TreeSet<>();
    for (String source :
        List.of(
            "ApiRoutes",
            "FileRoutes",
            "DownloadLinks",
            "TokenRoutes",
            "ObserveRoutes",
            "OpenApi",
            "ImportServer")) {
      String text =
          Files.readString(Path.of("src/main/java/io/dbimport/server/" + source + ".java"));
      ROUTE.matcher(text).results().map(found -> found.group(1)).forEach(routes::add);
    }
    routes.remove("/upload/");

    assertThat(new TreeSet<>(document.path("paths").propertyNames())).isEqualTo(routes);
  }

  @Test
  void everyPathOfItIsThere() throws Exception {
    for (String path : document.path("paths").propertyNames()) {
      for (String method : document.path("paths").path(path).propertyNames()) {
        HttpResponse<String> response =
            server.send(
                path.replace("{env}", "demo-env"),
                method.toUpperCase(Locale.ROOT),
                BodyPublishers.noBody());

        assertThat(response.statusCode()).as(path).isNotEqualTo(404);
        assertThat(document.path("paths").path(path).path(method).path("responses").propertyNames())
            .as(path)
            .contains(Integer.toString(response.statusCode()));
      }
    }
  }

  /** In order: what one makes, the next may use. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "/componenttcb/dbcollection | {\"env\":\"demo-env\",\"collection_name\":\"a\",\"action\":\"add\"}",
        "/componenttcb/dbcollection | {\"env\":\"demo-env\",\"action\":\"get\"}",
        "/tcb/databasecollectionadd | {\"env\":\"demo-env\",\"collection_name\":\"b\"}",
        "/tcb/databasecollectionget | {\"env\":\"demo-env\",\"limit\":5}",
        "/tcb/databasecollectiondelete | {\"env\":\"demo-env\",\"collection_name\":\"b\"}",
        "/componenttcb/uploadfile | {\"env\":\"demo-env\",\"path\":\"f\"}",
        "/tcb/uploadfile | {\"env\":\"demo-env\",\"path\":\"f\"}",
        "/componenttcb/batchdownloadfile | {\"env\":\"demo-env\",\"file_list\":[{\"fileid\":\"cloud://demo-env/f.json\",\"max_age\":60},{\"fileid\":\"cloud://demo-env/none\"}]}",
        "/tcb/batchdownloadfile | {\"env\":\"demo-env\",\"file_list\":[{\"fileid\":\"cloud://demo-env/f.json\"}]}",
        "/componenttcb/batchdeletefile | {\"env\":\"demo-env\",\"fileid_list\":[\"cloud://demo-env/f.json\",\"cloud://other/f\"]}",
        "/tcb/batchdeletefile | {\"env\":\"demo-env\",\"fileid_list\":[\"cloud://demo-env/f.json\"]}",
        "/componenttcb/describeenvs | {}",
        "/tcb/getenvinfo | {}",
        "/componenttcb/dbimport | {\"env\":\"demo-env\",\"collection_name\":\"a\",\"file_path\":\"f.json\",\"file_type\":1,\"stop_on_error\":true,\"conflict_mode\":2}",
        "/tcb/databasemigrateimport | {\"env\":\"demo-env\",\"collection_name\":\"a\",\"file_path\":\"f.json\",\"file_type\":1,\"stop_on_error\":true,\"conflict_mode\":2}",
        "/componenttcb/dbmigrationstate | {\"env\":\"demo-env\",\"job_id\":100000000}",
        "/tcb/databasemigratequeryinfo | {\"env\":\"demo-env\",\"job_id\":100000000}",
        "/cgi-bin/component/api_component_token | {\"component_appid\":\"platform\",\"component_appsecret\":\"app-secret-31d0\",\"component_verify_ticket\":\"ticket@@@good\"}",
        "/cgi-bin/stable_token | {\"grant_type\":\"client_credential\",\"appid\":\"app-3\",\"secret\":\"app-secret-31d0\"}"
      })
  void realRequestsAndAnswersAreAsItSays(String path, String body) throws Exception {
    var _ =
        server.storage.store(
            TestServer.ENV,
            "f.json",
            new ByteArrayInputStream("{}".getBytes(StandardCharsets.UTF_8)));
    JsonNode operation = document.path("paths").path(path).path("post");
    JsonNode request = content(operation.path("requestBody"));
    JsonNode answer = content(operation.path("responses").path("200"));

    assertThat(problems(request, JSON.readTree(body))).isEmpty();
    HttpResponse<String> good =
        server.send(
            path + "?access_token=" + TestServer.TOKEN, "POST", BodyPublishers.ofString(body));
    assertThat(JSON.readTree(good.body()).path("errcode").asInt(0)).as(good.body()).isZero();
    assertThat(problems(answer, JSON.readTree(good.body()))).as(good.body()).isEmpty();

    HttpResponse<String> bad = server.send(path, "POST", BodyPublishers.ofString("{}"));
    assertThat(problems(answer, JSON.readTree(bad.body()))).as(bad.body()).isEmpty();
    assertThat(problems(answer, JSON.readTree("{\"errcode\":0}"))).isNotEmpty();
  }

  @Test
  void aPlainTokenIsAsItSays() throws Exception {
    JsonNode answer =
        content(
            document
                .path("paths")
                .path("/cgi-bin/token")
                .path("get")
                .path("responses")
                .path("200"));
    for (String secret : List.of(TestServer.APPSECRET, "wrong")) {
      String body =
          server
              .get("/cgi-bin/token?grant_type=client_credential&appid=app-3&secret=" + secret)
              .body();

      assertThat(problems(answer, JSON.readTree(body))).as(body).isEmpty();
    }
  }

  @Test
  void everyErrcodeOfTheServerIsNamedInIt() {
    String named = document.path("components").path("schemas").path("Error").toString();
    for (int code :
        new int[] {
          -1, -1000, 40014, 40097, 40101, 41001, 42001, 43002, 44002, 47001, 85088, -501000,
          -502005, -503003, 40002, 40013, 40125, 41002, 41004, 41018, 43001, 45009, 45011, 61005,
          61006
        }) {
      assertThat(named).contains(Integer.toString(code));
    }
  }

  private static JsonNode content(JsonNode body) {
    JsonNode schema = body.path("content").path("application/json").path("schema");
    assertThat(schema.isObject()).isTrue();
    return schema;
  }

  private static List<String> problems(JsonNode schema, JsonNode instance) {
    ObjectNode whole = (ObjectNode) schema.deepCopy();
    whole.set("components", document.path("components"));
    return SCHEMAS.getSchema(whole).validate(instance).stream().map(Error::getMessage).toList();
  }
}
