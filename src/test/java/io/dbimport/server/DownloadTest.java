package io.dbimport.server;

import static io.dbimport.server.TestServer.ENV;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.PostgresFixture;
import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Download links, what they give and to whom, and the deletion of files. */
final class DownloadTest {
  private static final DownloadLinks LINKS = new DownloadLinks(TestServer.SECRET);
  private static final Duration HOUR = Duration.ofHours(1);

  @TempDir static Path root;
  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    server = TestServer.start(PostgresFixture.freshDatabase(), root, TestServer.settings(1L << 20));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static void store(String path, String text) throws Exception {
    server.storage.store(
        ENV, path, new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static JsonNode linkOf(String call, String fileId, String maxAge) throws Exception {
    JsonNode answer =
        server.post(
            call,
            "{\"env\":\"demo-env\",\"file_list\":[{\"fileid\":\"%s\"%s}]}"
                .formatted(fileId, maxAge));
    assertThat(answer.path("errcode").intValue()).isZero();
    assertThat(answer.path("file_list")).hasSize(1);
    assertThat(answer.path("file_list").path(0).path("fileid").stringValue()).isEqualTo(fileId);
    return answer.path("file_list").path(0);
  }

  private static HttpResponse<String> range(String path, String range) throws Exception {
    return server.send(
        HttpRequest.newBuilder(server.uri().resolve(LINKS.link(ENV, path, HOUR, Instant.now())))
            .header("Range", range));
  }

  private static void assertRefused(HttpResponse<String> response, int status, String code) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(response.body()).startsWith("<?xml").contains("<Code>" + code + "</Code>");
    assertThat(response.headers().firstValue("content-type")).hasValue("application/xml");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/componenttcb/batchdownloadfile", "/tcb/batchdownloadfile"})
  void aLinkGivesTheFileAsAnAttachmentThatNoBrowserRuns(String call) throws Exception {
    String path = "in/漢 +&%2e字.html";
    store(path, "<script>");
    JsonNode file = linkOf(call, "cloud://demo-env/" + path, ",\"max_age\":60");
    assertThat(file.path("status").intValue()).isZero();
    assertThat(file.path("errmsg").stringValue()).isEqualTo("ok");

    HttpResponse<String> response = server.get(file.path("download_url").stringValue());

    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.body()).isEqualTo("<script>");
    assertThat(response.headers().firstValue("content-type")).hasValue("application/octet-stream");
    assertThat(response.headers().firstValue("x-content-type-options")).hasValue("nosniff");
    assertThat(response.headers().firstValue("content-length")).hasValue("8");
    assertThat(response.headers().firstValue("content-disposition").orElse(""))
        .isEqualTo("attachment; filename*=UTF-8''%E6%BC%A2%20%2B%26%252e%E5%AD%97.html");
  }

  @Test
  void aJobOffersTheListOfWhatItRefused() throws Exception {
    store("bad.json", "{\"n\":1}\n{\"n\" 2}\n");
    store("good.json", "{\"n\":1}\n");
    server.post(
        "/tcb/databasecollectionadd", "{\"env\":\"demo-env\",\"collection_name\":\"offers\"}");
    JsonNode bad = imported("bad.json");
    JsonNode good = imported("good.json");

    assertThat(bad.path("record_fail").intValue()).isEqualTo(1);
    assertThat(server.get(bad.path("file_url").stringValue()).body())
        .startsWith("{\"line\":2,\"column\":6,\"kind\":\"missing-colon\",\"what\":")
        .hasLineCount(1);
    assertThat(good.path("file_url").stringValue()).isEmpty();
  }

  /** What is said of the job once it has ended. */
  private static JsonNode imported(String path) throws Exception {
    long job =
        server
            .post(
                "/tcb/databasemigrateimport",
                """
                {"env":"demo-env","collection_name":"offers","file_path":"%s","file_type":1,
                "stop_on_error":false,"conflict_mode":1}
                """
                    .formatted(path))
            .path("job_id")
            .longValue();
    return Eventually.see(
        "the end of the job",
        () ->
            server.post(
                "/tcb/databasemigratequeryinfo",
                "{\"env\":\"demo-env\",\"job_id\":%d}".formatted(job)),
        state -> List.of("success", "fail").contains(state.path("status").stringValue()));
  }

  @Test
  void aHeadTellsTheLengthAlone() throws Exception {
    store("head", "0123456789");

    HttpResponse<String> response =
        server.send(LINKS.link(ENV, "head", HOUR, Instant.now()), "HEAD", BodyPublishers.noBody());

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-length")).hasValue("10");
    assertThat(response.body()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "bytes=0-3, 206, 0123, bytes 0-3/10",
    "bytes=7-, 206, 789, bytes 7-9/10",
    "bytes=-2, 206, 89, bytes 8-9/10",
    "bytes=-99, 206, 0123456789, bytes 0-9/10",
    "bytes=8-99, 206, 89, bytes 8-9/10",
    "bytes=5-4, 200, 0123456789,",
    "'bytes=0-1,3-4', 200, 0123456789,",
    "bytes=-, 200, 0123456789,",
    "lines=1-2, 200, 0123456789,"
  })
  void oneRangeIsGivenAndWhatIsNoneIsIgnored(
      String asked, int status, String body, String contentRange) throws Exception {
    store("range", "0123456789");

    HttpResponse<String> response = range("range", asked);

    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(response.body()).isEqualTo(body);
    assertThat(response.headers().firstValue("content-range").orElse(null)).isEqualTo(contentRange);
  }

  @ParameterizedTest
  @ValueSource(strings = {"bytes=10-", "bytes=10-12", "bytes=-0", "bytes=999999999999999999-"})
  void aRangeOfNoByteIsRefused(String asked) throws Exception {
    store("range", "0123456789");

    HttpResponse<String> response = range("range", asked);

    assertRefused(response, 416, "InvalidRange");
    assertThat(response.headers().firstValue("content-range")).hasValue("bytes */10");
  }

  @Test
  void anEmptyFileIsGivenWhole() throws Exception {
    store("empty", "");

    HttpResponse<String> response = server.get(LINKS.link(ENV, "empty", HOUR, Instant.now()));

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-length")).hasValue("0");
  }

  @Test
  void aLinkIsForOneFileOfOneEnvironmentForAWhile() throws Exception {
    store("mine", "mine");
    store("yours", "yours");
    server.storage.store(TestServer.OTHER_ENV, "mine", new ByteArrayInputStream(new byte[] {'o'}));
    Instant now = Instant.now();
    String good = LINKS.link(ENV, "mine", HOUR, now);

    assertThat(server.get(good).body()).isEqualTo("mine");
    for (String forged :
        new String[] {
          good.replace("path=mine", "path=yours"),
          good.replace("env=" + ENV, "env=" + TestServer.OTHER_ENV),
          good.replaceAll("expires=\\d+", "expires=99999999999"),
          good.replaceAll("signature=.*", "signature="),
          good.replaceAll("&signature=.*", ""),
          good + "0",
          DownloadLinks.ROUTE,
          new DownloadLinks(LinkSecret.random()).link(ENV, "mine", HOUR, now)
        }) {
      assertRefused(server.get(forged), 403, "SignatureDoesNotMatch");
    }
    assertRefused(
        server.get(LINKS.link(ENV, "mine", HOUR, now.minusSeconds(3601))),
        403,
        "RequestHasExpired");
    assertRefused(server.get(LINKS.link(ENV, "gone", HOUR, now)), 404, "NoSuchKey");
    assertRefused(server.send(good, "POST", BodyPublishers.noBody()), 405, "MethodNotAllowed");
  }

  @Test
  void aLinkIsGoodForTwoHoursUnlessItsCallerSaysOtherwise() throws Exception {
    store("age", "x");
    long before = Instant.now().getEpochSecond();

    long usual = expires(linkOf("/tcb/batchdownloadfile", "cloud://demo-env/age", ""));
    long asked =
        expires(linkOf("/tcb/batchdownloadfile", "cloud://demo-env/age", ",\"max_age\":86400"));

    long after = Instant.now().getEpochSecond();
    assertThat(usual).isBetween(before + 7200, after + 7200);
    assertThat(asked).isBetween(before + 86_400, after + 86_400);
  }

  private static long expires(JsonNode file) {
    String url = file.path("download_url").stringValue();
    return Long.parseLong(url.replaceAll(".*&expires=(\\d+)&.*", "$1"));
  }

  @ParameterizedTest
  @CsvSource({
    "cloud://demo-env/absent, 60, -503003",
    "cloud://demo-env/age, 0, 40097",
    "cloud://demo-env/age, 86401, 40097",
    "cloud://demo-env/age, 1.5, 40097",
    "cloud://demo-env/../other-env/mine, 60, 40097",
    "cloud://other-env/mine, 60, 40097",
    "cloud://demo-env/, 60, 40097",
    "demo-env/age, 60, 40097",
    "'', 60, 40097"
  })
  void aFileThatCannotBeGivenHasAStatusOfItsOwn(String fileId, String maxAge, int status)
      throws Exception {
    store("age", "x");

    JsonNode file = linkOf("/tcb/batchdownloadfile", fileId, ",\"max_age\":" + maxAge);

    assertThat(file.path("status").intValue()).isEqualTo(status);
    assertThat(file.path("download_url").stringValue()).isEmpty();
    assertThat(file.path("errmsg").stringValue()).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/componenttcb/batchdeletefile", "/tcb/batchdeletefile"})
  void aDeletedFileIsGoneAndTheOthersStay(String call) throws Exception {
    store("a", "x");
    store("b", "x");

    JsonNode answer =
        server.post(
            call,
            """
            {"env":"demo-env","fileid_list":
              ["cloud://demo-env/a","cloud://demo-env/a","cloud://demo-env/x/../b",7]}\
            """);

    assertThat(answer.path("errcode").intValue()).isZero();
    JsonNode told = answer.path("delete_list");
    assertThat(told).hasSize(4);
    assertThat(told.path(0).path("fileid").stringValue()).isEqualTo("cloud://demo-env/a");
    assertThat(told.path(0).path("errmsg").stringValue()).isEqualTo("ok");
    assertThat(told.valueStream().map(file -> file.path("status").intValue()))
        .containsExactly(0, -503003, 40097, 40097);
    assertThat(server.storage.exists(ENV, "a")).isFalse();
    assertThat(server.storage.exists(ENV, "b")).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"batchdownloadfile, file_list", "batchdeletefile, fileid_list"})
  void aListIsRequiredAndHasFiftyFilesAtMost(String call, String list) throws Exception {
    String fifty = "7" + ",7".repeat(49);
    assertThat(errcode(call, "\"x\":1")).isEqualTo(40101);
    assertThat(errcode(call, "\"" + list + "\":[]")).isEqualTo(40097);
    assertThat(errcode(call, "\"" + list + "\":{}")).isEqualTo(40097);
    assertThat(errcode(call, "\"" + list + "\":[" + fifty + "]")).isZero();
    assertThat(errcode(call, "\"" + list + "\":[" + fifty + ",7]")).isEqualTo(40097);
    assertThat(
            server
                .post("/tcb/" + call, "{\"env\":\"other-env\",\"" + list + "\":[7]}")
                .path("errcode")
                .intValue())
        .isEqualTo(-501000);
  }

  private static int errcode(String call, String fields) throws Exception {
    return server
        .post("/tcb/" + call, "{\"env\":\"demo-env\"," + fields + "}")
        .path("errcode")
        .intValue();
  }
}
