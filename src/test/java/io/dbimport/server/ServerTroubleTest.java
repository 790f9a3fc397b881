package io.dbimport.server;

import static io.dbimport.server.TestServer.ENV;
import static io.dbimport.server.TestServer.TOKEN;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorCode;
import io.dbimport.ImportRequest;
import io.dbimport.JobReply;
import io.dbimport.Presence;
import io.dbimport.Reply;
import io.dbimport.engine.Engine;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.PostgresFixture;
import io.dbimport.fixtures.PostgresFixture.Database;
import io.dbimport.fixtures.TcpGate;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** What the server answers while something behind it is broken. */
final class ServerTroubleTest {
  private static final String IMPORT =
      """
      {"env":"demo-env","collection_name":"things","file_path":"f.json","file_type":1,
       "stop_on_error":false,"conflict_mode":1}\
      """;

  @TempDir Path root;

  @Test
  void aDatabaseThatIsAwayIsASystemErrorUntilItIsBack() throws Exception {
    Database database = PostgresFixture.freshDatabase();
    try (TcpGate gate = TcpGate.to(database.host(), database.port());
        TestServer server =
            TestServer.start(
                database.behind(gate.port()),
                root,
                TestServer.settings(ServerSettings.MAX_UPLOAD_BYTES))) {
      String things = "{\"env\":\"demo-env\",\"collection_name\":\"things\"}";
      server.post("/tcb/databasecollectionadd", things);
      var _ =
          server.storage.store(
              ENV, "f.json", new ByteArrayInputStream("{}".getBytes(StandardCharsets.UTF_8)));
      gate.shut();

      assertThat(errcode(server, "/componenttcb/dbimport", IMPORT)).isEqualTo(-1);
      assertThat(
              errcode(
                  server, "/componenttcb/dbmigrationstate", "{\"env\":\"demo-env\",\"job_id\":1}"))
          .isEqualTo(-1);
      assertThat(errcode(server, "/tcb/databasecollectionadd", things)).isEqualTo(-1);
      assertThat(errcode(server, "/tcb/databasecollectionget", things)).isEqualTo(-1);
      assertThat(errcode(server, "/tcb/databasecollectiondelete", things)).isEqualTo(-1);
      assertThat(errcode(server, "/tcb/getenvinfo", "{}")).isEqualTo(-1);
      assertThat(errcode(server, "/componenttcb/describeenvs", "")).isEqualTo(-1);
      assertThat(server.get("/livez").statusCode()).isEqualTo(200);
      assertThat(server.get("/metrics").statusCode()).isEqualTo(200);
      Eventually.isTrue(
          "the jobs are not a number",
          () -> server.get("/metrics").body().contains("dbimport_jobs{state=\"waiting\"} NaN"));

      gate.open();
      Eventually.isTrue(
          "the database is back", () -> errcode(server, "/componenttcb/dbimport", IMPORT) == 0);
    }
  }

  /** Each code that the page of the import call lists, and the three for what is absent. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      nullValues = "-",
      value = {
        "0       | POST | good-token-5f1c     | -                         | -",
        "40014   | POST | nobodys             | -                         | -",
        "40097   | POST | good-token-5f1c     | \"file_type\":1             | \"file_type\":3",
        "40101   | POST | good-token-5f1c     | \"file_type\":1,            | \"x\":1,",
        "41001   | POST | -                   | -                         | -",
        "42001   | POST | expired-token-77aa  | -                         | -",
        "43002   | GET  | good-token-5f1c     | -                         | -",
        "44002   | POST | good-token-5f1c     | (?s).+                    | EMPTY",
        "47001   | POST | good-token-5f1c     | }                         | ,",
        "85088   | POST | closed-token-90bd   | -                         | -",
        "-501000 | POST | good-token-5f1c     | \"demo-env\"                | \"other-env\"",
        "-502005 | POST | good-token-5f1c     | \"things\"                  | \"nothings\"",
        "-503003 | POST | good-token-5f1c     | \"f.json\"                  | \"g.json\"",
        "-1      | POST | good-token-5f1c     | -                         | -",
        "-1000   | POST | good-token-5f1c     | -                         | -"
      })
  void everyCodeOfThePageIsAnswered(
      int code, String method, @Nullable String token, @Nullable String part, @Nullable String by)
      throws Exception {
    Database database = PostgresFixture.freshDatabase();
    ServerSettings settings = TestServer.settings(ServerSettings.MAX_UPLOAD_BYTES);
    try (TcpGate gate = TcpGate.to(database.host(), database.port());
        TestServer server =
            code == -1000
                ? TestServer.over(new FaultyEngine(), root, settings)
                : TestServer.start(database.behind(gate.port()), root, settings)) {
      if (code != -1000) {
        server.post(
            "/tcb/databasecollectionadd", "{\"env\":\"demo-env\",\"collection_name\":\"things\"}");
      }
      var _ =
          server.storage.store(
              ENV, "f.json", new ByteArrayInputStream("{}".getBytes(StandardCharsets.UTF_8)));
      if (code == -1) {
        gate.shut();
      }
      String body =
          part == null || by == null
              ? IMPORT
              : IMPORT.replaceFirst(part, by.equals("EMPTY") ? "" : by);

      JsonNode answer =
          TestServer.answer(
              server.send(
                  "/componenttcb/dbimport" + (token == null ? "" : "?access_token=" + token),
                  method,
                  BodyPublishers.ofString(body)));

      assertThat(answer.path("errcode").intValue()).isEqualTo(code);
      assertThat(answer.path("errmsg").stringValue())
          .startsWith(ErrorCode.of(code).orElseThrow().message());
    }
  }

  private static int errcode(TestServer server, String path, String body) throws Exception {
    return server.post(path, body).path("errcode").intValue();
  }

  @ParameterizedTest
  @CsvSource({
    "/componenttcb/dbimport",
    "/componenttcb/dbmigrationstate",
    "/tcb/databasecollectionadd",
    "/tcb/databasecollectionget",
    "/tcb/databasecollectiondelete",
    "/tcb/getenvinfo"
  })
  void aFaultOfOursIsAnInternalErrorThatTellsNothing(String path) throws Exception {
    try (TestServer server =
        TestServer.over(
            new FaultyEngine(), root, TestServer.settings(ServerSettings.MAX_UPLOAD_BYTES))) {
      String body = IMPORT.replaceFirst("}$", ",\"job_id\":1}");

      var answer = server.post(path, body);

      assertThat(answer.path("errcode").intValue()).isEqualTo(-1000);
      assertThat(answer.path("errmsg").stringValue())
          .startsWith("system error")
          .doesNotContain("secret");
    }
  }

  @Test
  void healthSaysWhyAProcessIsNotReadyOrNotAlive() throws Exception {
    Health unwell =
        new Health() {
          @Override
          public Optional<String> notLive() {
            return Optional.of("stands still");
          }

          @Override
          public Optional<String> notReady() {
            return Optional.of("restoring");
          }
        };
    try (ObserveServer server =
            ObserveServer.start(
                "127.0.0.1", 0, new PrometheusMeterRegistry(PrometheusConfig.DEFAULT), unwell);
        HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> live = get(client, server, "/livez");
      HttpResponse<String> ready = get(client, server, "/readyz");

      assertThat(live.statusCode()).isEqualTo(503);
      assertThat(live.body()).isEqualTo("stands still\n");
      assertThat(ready.statusCode()).isEqualTo(503);
      assertThat(ready.body()).isEqualTo("restoring\n");
      assertThat(get(client, server, "/metrics").body()).contains("jvm_threads");
    }
  }

  private static HttpResponse<String> get(HttpClient client, ObserveServer server, String path)
      throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path)).build(),
        BodyHandlers.ofString());
  }

  /** Every call meets a bug whose text must not get out. */
  private static final class FaultyEngine implements Engine {
    private static IllegalStateException bug() {
      return new IllegalStateException("a secret: " + TOKEN);
    }

    @Override
    public Reply submit(ImportRequest request) {
      throw bug();
    }

    @Override
    public JobReply state(@Nullable String appId, String env, long jobId) {
      throw bug();
    }

    @Override
    public Presence presence(@Nullable String appId) {
      throw bug();
    }

    @Override
    public List<String> environments() {
      throw bug();
    }

    @Override
    public CollectionReply createCollection(String env, String name) {
      throw bug();
    }

    @Override
    public CollectionReply dropCollection(String env, String name) {
      throw bug();
    }

    @Override
    public Optional<String> failureList(String env, long jobId) {
      throw bug();
    }

    @Override
    public Collections collections(String env, int limit, int offset) {
      throw bug();
    }

    @Override
    public void close() {}
  }
}
