package io.dbimport.server;

import static io.dbimport.server.TestServer.ENV;
import static org.assertj.core.api.Assertions.assertThat;

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
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
}
