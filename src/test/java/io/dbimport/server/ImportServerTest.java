package io.dbimport.server;

import static io.dbimport.server.TestServer.ENV;
import static io.dbimport.server.TestServer.TOKEN;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.PostgresFixture;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The API's calls over real HTTP, under the paths of both families. */
final class ImportServerTest {
  private static final String IMPORT =
      """
      {"env":"demo-env","collection_name":"things","file_path":"f.json","file_type":1,
       "stop_on_error":false,"conflict_mode":1}\
      """;

  @TempDir static Path root;
  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    server =
        TestServer.start(
            PostgresFixture.freshDatabase(),
            root,
            TestServer.settings(ServerSettings.MAX_UPLOAD_BYTES));
    server.post(
        "/componenttcb/dbcollection?action=add",
        "{\"env\":\"demo-env\",\"collection_name\":\"things\"}");
    put("f.json", "{\"n\":1}\n{\"n\":2}\nbroken\n");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static void put(String path, String text) throws IOException {
    var _ =
        server.storage.store(
            ENV, path, new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
  }

  @ParameterizedTest
  @CsvSource({
    "/componenttcb/dbimport, /componenttcb/dbmigrationstate",
    "/tcb/databasemigrateimport, /tcb/databasemigratequeryinfo"
  })
  void anImportIsAcceptedAndItsJobEndsWithItsCounts(String importPath, String statePath)
      throws Exception {
    JsonNode accepted = server.post(importPath, IMPORT);

    assertThat(accepted.path("errcode").intValue()).isZero();
    assertThat(accepted.path("errmsg").stringValue()).isEqualTo("ok");
    assertThat(accepted.path("job_id").isIntegralNumber()).isTrue();
    JsonNode ended = end(statePath, accepted.path("job_id").longValue());
    assertThat(ended.path("errcode").intValue()).isZero();
    assertThat(ended.path("status").stringValue()).isEqualTo("success");
    assertThat(ended.path("record_success").longValue()).isEqualTo(2);
    assertThat(ended.path("record_fail").longValue()).isEqualTo(1);
    assertThat(ended.path("error_msg").stringValue()).contains("line 3");
    assertThat(ended.path("file_url").stringValue()).contains("/download?env=demo-env&path=");
  }

  private static JsonNode end(String statePath, long job) throws Exception {
    return Eventually.see(
        "job " + job,
        () -> server.post(statePath, "{\"env\":\"demo-env\",\"job_id\":" + job + "}"),
        state -> state.path("status").asString("").matches("success|fail"));
  }

  /** Each of the API page's codes; {@code what} is in the errmsg after the page's own text. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "44002 | empty post data        | ",
        "47001 | data format error      | no json",
        "47001 | data format error      | {\"env\":",
        "47001 | data format error      | [1]",
        "47001 | data format error      | \"text\"",
        "40101 | missing parameter: env | {}",
        "40101 | collection_name        | {\"env\":\"demo-env\"}",
        "40101 | file_path              | {\"env\":\"demo-env\",\"collection_name\":\"things\"}",
        "40101 | file_type |"
            + " {\"env\":\"demo-env\",\"collection_name\":\"things\",\"file_path\":\"f\"}",
        "40101 | stop_on_error |"
            + " {\"env\":\"demo-env\",\"collection_name\":\"things\",\"file_path\":\"f\",\"file_type\":1}",
        "40101 | conflict_mode |"
            + " {\"env\":\"demo-env\",\"collection_name\":\"things\",\"file_path\":\"f\",\"file_type\":1,\"stop_on_error\":true}",
        "40101 | env                    | {\"env\":null}",
        "40097 | env must be            | {\"env\":7}",
        "40097 | env must be            | {\"env\":\"\"}",
        "40097 | without a slash |"
            + " {\"env\":\"a/b\",\"collection_name\":\"things\",\"file_path\":\"f\",\"file_type\":1,\"stop_on_error\":true,\"conflict_mode\":1}",
        "40097 | 63 bytes |"
            + " {\"env\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}",
      })
  void aBodyThatIsNotAsItMustBeIsAnsweredWithItsCode(int code, String what, String body)
      throws Exception {
    for (String path : new String[] {"/componenttcb/dbimport", "/tcb/databasemigrateimport"}) {
      JsonNode answer = server.post(path, body == null ? "" : body);

      assertThat(answer.path("errcode").intValue()).isEqualTo(code);
      assertThat(answer.path("errmsg").stringValue())
          .contains(what)
          .matches("(?s).* rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}");
      assertThat(answer.has("job_id")).isFalse();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "-501000 | \"env\":\"demo-env\"             | \"env\":\"nobody\"",
        "40097   | \"env\":\"demo-env\"             | \"env\":\"pg_catalog\"",
        "40097   | \"env\":\"demo-env\"             | \"env\":\"information_schema\"",
        "-501000 | \"env\":\"demo-env\"             | \"env\":\"other-env\"",
        "-502005 | \"collection_name\":\"things\"   | \"collection_name\":\"absent\"",
        "40097   | \"collection_name\":\"things\"   | \"collection_name\":\"a\\u0000b\"",
        "-503003 | \"file_path\":\"f.json\"         | \"file_path\":\"absent\"",
        "40097   | \"file_path\":\"f.json\"         | \"file_path\":\"../f.json\"",
        "40097   | \"file_path\":\"f.json\"         | \"file_path\":\"a\\u0000b\"",
        "40097   | \"file_type\":1                  | \"file_type\":3",
        "40097   | \"file_type\":1                  | \"file_type\":\"1\"",
        "40097   | \"file_type\":1                  | \"file_type\":1.5",
        "40097   | \"file_type\":1                  | \"file_type\":99999999999999999999",
        "40097   | \"stop_on_error\":false          | \"stop_on_error\":\"false\"",
        "40097   | \"stop_on_error\":false          | \"stop_on_error\":0",
        "40097   | \"conflict_mode\":1              | \"conflict_mode\":0",
      })
  void aValueThatNamesNothingOrIsNotAllowedIsAnsweredWithItsCode(
      int code, String right, String wrong) throws Exception {
    assertThat(IMPORT).contains(right.strip());
    JsonNode answer =
        server.post("/componenttcb/dbimport", IMPORT.replace(right.strip(), wrong.strip()));

    assertThat(answer.path("errcode").intValue()).isEqualTo(code);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/componenttcb/dbimport",
        "/tcb/databasemigrateimport",
        "/componenttcb/dbmigrationstate",
        "/tcb/databasemigratequeryinfo",
        "/componenttcb/uploadfile",
        "/tcb/uploadfile",
        "/componenttcb/dbcollection",
        "/tcb/databasecollectionadd",
        "/tcb/databasecollectionget",
        "/tcb/databasecollectiondelete",
        "/componenttcb/describeenvs",
        "/tcb/getenvinfo"
      })
  void everyCallAsksForPostAndForATokenThatIsGood(String path) throws Exception {
    String good = path + "?access_token=" + TOKEN;

    assertThat(code(server.get(good))).isEqualTo(43002);
    assertThat(code(server.send(good, "PUT", BodyPublishers.ofString("{}")))).isEqualTo(43002);
    assertThat(code(server.send(path, "POST", BodyPublishers.ofString("{}")))).isEqualTo(41001);
    assertThat(server.call(path, "", "{}").path("errcode").intValue()).isEqualTo(41001);
    assertThat(server.call(path, "nobody%27s", "{}").path("errcode").intValue()).isEqualTo(40014);
    assertThat(server.call(path, TestServer.EXPIRED_TOKEN, "{}").path("errcode").intValue())
        .isEqualTo(42001);
    assertThat(server.call(path, TestServer.CLOSED_TOKEN, "{}").path("errcode").intValue())
        .isEqualTo(85088);
  }

  private static int code(HttpResponse<String> response) {
    return TestServer.answer(response).path("errcode").intValue();
  }

  @Test
  void aJobOfNobodyIsAnInvalidArgument() throws Exception {
    assertThat(
            server
                .post("/tcb/databasemigratequeryinfo", "{\"env\":\"demo-env\",\"job_id\":1}")
                .path("errcode")
                .intValue())
        .isEqualTo(40097);
    assertThat(
            server
                .post("/tcb/databasemigratequeryinfo", "{\"env\":\"demo-env\",\"job_id\":\"1\"}")
                .path("errcode")
                .intValue())
        .isEqualTo(40097);
  }

  @Test
  void collectionsOfTheBatchFamilyAreAddedListedAndDeletedByAction() throws Exception {
    String path = "/componenttcb/dbcollection";
    String body = "{\"env\":\"demo-env\",\"collection_name\":\"batch\"}";

    assertThat(server.post(path + "?action=add", body).path("errcode").intValue()).isZero();
    assertThat(server.post(path + "?action=add", body).path("errcode").intValue())
        .isEqualTo(-502013);
    JsonNode listed = server.post(path, "{\"env\":\"demo-env\",\"action\":\"get\"}");
    assertThat(listed.path("errcode").intValue()).isZero();
    assertThat(listed.path("total").intValue()).isGreaterThanOrEqualTo(2);
    JsonNode batch = listed.path("collections").get(0);
    assertThat(batch.path("name").stringValue()).isEqualTo("batch");
    assertThat(batch.path("count").longValue()).isZero();
    assertThat(batch.path("index_count").intValue()).isEqualTo(1);
    assertThat(batch.path("size").isIntegralNumber()).isTrue();
    assertThat(batch.path("index_size").isIntegralNumber()).isTrue();
    assertThat(server.post(path + "?action=del", body).path("errcode").intValue()).isZero();
    assertThat(server.post(path + "?action=del", body).path("errcode").intValue())
        .isEqualTo(-502005);
    assertThat(server.post(path, body).path("errcode").intValue()).isEqualTo(40101);
    assertThat(server.post(path + "?action=drop", body).path("errcode").intValue())
        .isEqualTo(40097);
  }

  @Test
  void collectionsOfTheAppFamilyAreAddedListedAndDeletedByPath() throws Exception {
    String body = "{\"env\":\"demo-env\",\"collection_name\":\"app\"}";

    assertThat(server.post("/tcb/databasecollectionadd", body).path("errcode").intValue()).isZero();
    JsonNode listed =
        server.post("/tcb/databasecollectionget", "{\"env\":\"demo-env\",\"limit\":1}");
    assertThat(listed.path("collections")).hasSize(1);
    assertThat(listed.path("collections").get(0).path("name").stringValue()).isEqualTo("app");
    assertThat(listed.path("pager").path("Limit").intValue()).isEqualTo(1);
    assertThat(listed.path("pager").path("Offset").intValue()).isZero();
    assertThat(listed.path("pager").path("Total").intValue()).isGreaterThanOrEqualTo(2);
    assertThat(listed.has("total")).isFalse();
    assertThat(
            server
                .post("/tcb/databasecollectionget", "{\"env\":\"demo-env\",\"limit\":0}")
                .path("errcode")
                .intValue())
        .isEqualTo(40097);
    assertThat(server.post("/tcb/databasecollectiondelete", body).path("errcode").intValue())
        .isZero();
    assertThat(server.post("/tcb/databasecollectiondelete", body).path("errcode").intValue())
        .isEqualTo(-502005);
    assertThat(
            server
                .post("/tcb/databasecollectionadd", body.replace(ENV, "nobody"))
                .path("errcode")
                .intValue())
        .isEqualTo(-501000);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/componenttcb/describeenvs", "/tcb/getenvinfo"})
  void anAppSeesItsOwnEnvironmentsWithABodyOrWithout(String path) throws Exception {
    for (String body : new String[] {"", "{}"}) {
      JsonNode answer = server.post(path, body);

      assertThat(answer.path("errcode").intValue()).isZero();
      assertThat(answer.path("info_list")).hasSize(1);
      assertThat(answer.path("info_list").get(0).path("env").stringValue()).isEqualTo(ENV);
      assertThat(answer.path("info_list").get(0).path("status").stringValue()).isEqualTo("NORMAL");
    }
  }

  @Test
  void aBodyInChunksIsReadLikeAnyOther() throws Exception {
    HttpResponse<String> response =
        server.send(
            "/tcb/databasemigrateimport?access_token=" + TOKEN,
            "POST",
            BodyPublishers.ofInputStream(
                () -> new ByteArrayInputStream(IMPORT.getBytes(StandardCharsets.UTF_8))));

    assertThat(code(response)).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {65_537, 200_000, 5_000_000})
  void aBodyOver64KilobytesIsAnInvalidArgument(int length) throws Exception {
    String body = IMPORT + " ".repeat(length - IMPORT.length());
    HttpResponse<String> whole =
        server.send(
            "/componenttcb/dbimport?access_token=" + TOKEN, "POST", BodyPublishers.ofString(body));
    HttpResponse<String> chunked =
        server.send(
            "/componenttcb/dbimport?access_token=" + TOKEN,
            "POST",
            BodyPublishers.ofInputStream(
                () -> new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8))));

    assertThat(code(whole)).isEqualTo(40097);
    assertThat(code(chunked)).isEqualTo(40097);
    assertThat(whole.body()).contains("65536 bytes");
  }

  @Test
  void aBodyOf64KilobytesIsTaken() throws Exception {
    assertThat(
            server
                .post("/componenttcb/dbimport", IMPORT + " ".repeat(65_536 - IMPORT.length()))
                .path("errcode")
                .intValue())
        .isZero();
  }

  @Test
  void aBodyThatIsCutOffStartsNoJob() throws Exception {
    long before = jobsAccepted();
    String answer =
        raw(
            "POST /tcb/databasemigrateimport?access_token="
                + TOKEN
                + " HTTP/1.1\r\nHost: x\r\nContent-Length: "
                + (IMPORT.length() + 10)
                + "\r\n\r\n"
                + IMPORT);

    assertThat(answer).doesNotContain("\"errcode\":0").doesNotContain(TOKEN);
    assertThat(jobsAccepted()).isEqualTo(before + 1);
  }

  /** Ids count up: one more import tells how many there were. */
  private static long jobsAccepted() throws Exception {
    return server.post("/tcb/databasemigrateimport", IMPORT).path("job_id").longValue();
  }

  @Test
  void aPathThatIsNoCallIsNotFound() throws Exception {
    HttpResponse<String> response = server.get("/componenttcb/nothing?access_token=" + TOKEN);

    assertThat(response.statusCode()).isEqualTo(404);
    assertThat(response.body()).contains("\"errcode\":-1").doesNotContain(TOKEN);
  }

  @Test
  void metricsAndHealthAreOnTheSamePort() throws Exception {
    var _ = end("/tcb/databasemigratequeryinfo", jobsAccepted());

    String metrics =
        Eventually.see(
            "the jobs are counted",
            () -> server.get("/metrics").body(),
            text -> text.matches("(?s).*dbimport_jobs\\{state=\"success\"\\} [1-9].*"));

    assertThat(metrics)
        .contains("dbimport_records_total{result=\"fail\"}")
        .contains("dbimport_records_total{result=\"success\"}")
        .contains("dbimport_api_calls_total{call=\"import\",reply=\"accepted\"}")
        .contains("dbimport_api_call_duration_seconds_count{call=\"import\"}")
        .contains("jvm_memory_used_bytes")
        .doesNotContain(TOKEN);
    assertThat(server.get("/livez").statusCode()).isEqualTo(200);
    assertThat(server.get("/readyz").statusCode()).isEqualTo(200);
  }

  /** What a client gets that sends these bytes and then nothing. */
  static String raw(String request) throws IOException {
    try (Socket socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), server.server.port());
        OutputStream out = socket.getOutputStream();
        InputStream in = socket.getInputStream()) {
      socket.setSoTimeout(10_000);
      out.write(request.getBytes(StandardCharsets.UTF_8));
      out.flush();
      socket.shutdownOutput();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
