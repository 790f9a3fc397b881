package io.dbimport.server;

import static io.dbimport.server.TestServer.ENV;
import static io.dbimport.server.TestServer.OTHER_ENV;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.fixtures.PostgresFixture;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Paths and environments as attackers write them, through every call that takes one. Whatever is
 * answered, nothing appears, changes or is read outside the environment's own folder.
 */
final class PathAttacksTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String BOUNDARY = "b0undary";
  private static final String CONTENT = "{\"_id\":\"mine\"}";
  private static final UploadLinks UPLOADS = new UploadLinks(TestServer.SECRET);
  private static final DownloadLinks DOWNLOADS = new DownloadLinks(TestServer.SECRET);

  /** Holds the storage's folder and what lies beside it. */
  @TempDir static Path outer;

  private static Path own;
  private static TestServer server;
  private static Set<String> before;

  @BeforeAll
  static void start() throws Exception {
    server =
        TestServer.start(
            PostgresFixture.freshDatabase(), outer.resolve("root"), TestServer.settings(1L << 20));
    own = Files.createDirectories(outer.resolve("root/files/" + ENV));
    server.post(
        "/tcb/databasecollectionadd", "{\"env\":\"demo-env\",\"collection_name\":\"things\"}");
    Files.writeString(outer.resolve("f"), "outside");
    Files.writeString(outer.resolve("root/f"), "outside");
    Files.writeString(outer.resolve("root/files/f"), "outside");
    var _ =
        server.storage.store(OTHER_ENV, "f", new ByteArrayInputStream("theirs".getBytes(UTF_8)));
    Files.createSymbolicLink(own.resolve("link"), outer.resolve("f"));
    Files.createSymbolicLink(own.resolve("out"), outer);
    Files.createSymbolicLink(own.resolve("theirs"), outer.resolve("root/files/" + OTHER_ENV));
    before = foreign();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @AfterEach
  void nothingElseHasChanged() throws IOException {
    assertThat(foreign()).isEqualTo(before);
  }

  /** Every file that is not the environment's own, with its content. */
  private static Set<String> foreign() throws IOException {
    try (Stream<Path> files = Files.walk(outer)) {
      Set<String> found = new TreeSet<>();
      for (Path file : files.filter(file -> !file.startsWith(own)).toList()) {
        found.add(file + (Files.isRegularFile(file) ? "=" + Files.readString(file) : ""));
      }
      return found;
    }
  }

  static List<String> refused() {
    return List.of(
        "",
        ".",
        "..",
        "../f",
        "../../f",
        "../other-env/f",
        "../../files/other-env/f",
        "a/../../f",
        "a/../f",
        "a/..",
        "./f",
        "a/./f",
        "%2e%2e/../f",
        "/",
        "/f",
        "//f",
        "a//f",
        "a/",
        "/etc/passwd",
        "cloud://other-env/f",
        "file:///etc/passwd",
        "..\\f",
        "..\\..\\f",
        "a\\b",
        "C:\\f",
        "\\\\host\\share\\f",
        "\0",
        "f\0",
        "f\0.json",
        "../f\0.json",
        "a\nb",
        "a\rb",
        "a\u001bb",
        "a\u007fb",
        "a\u0085b",
        "x".repeat(201),
        "漢".repeat(67),
        "x/".repeat(430) + "x",
        "x".repeat(50_000));
  }

  static List<String> takenAsTheyAre() {
    return List.of(
        "..%2ff",
        "..%2Fother-env%2Ff",
        "%2e%2e/f",
        "%2e%2e%2ff",
        "%252e%252e%252ff",
        "..%5cf",
        "..%00/f",
        "%c0%ae%c0%ae%c0%aff",
        "\u00c0\u00ae\u00c0\u00ae\u00c0\u00aff",
        "\u2024\u2024/f",
        "\u2025/f",
        "\uff0e\uff0e/f",
        "\uff0e\uff0e\uff0ff",
        "..\uff0ff",
        "..\u2215f",
        "..\u2044f",
        "..\uff3cf",
        "\ufe52\ufe52/f",
        ".\u200b./f",
        "\u202ef",
        "..;/f",
        "..f/f",
        ".../f",
        ".. /f",
        "f.",
        "f..",
        "f ",
        " f",
        " ",
        ".hidden",
        "~/f",
        "$HOME/f",
        "`id`",
        "C:f",
        "f:stream",
        "CON",
        "-rf",
        "*",
        "other-env/f",
        "files/other-env/f",
        "f.errors.jsonl",
        "f.errors.jsonl.errors.jsonl",
        ".errors.jsonl",
        "x".repeat(200),
        "<script>&amp;\"'",
        "漢".repeat(66));
  }

  private static JsonNode call(String path, ObjectNode body) throws Exception {
    return server.post(path, JSON.writeValueAsString(body));
  }

  private static ObjectNode body(String env) {
    return JSON.createObjectNode().put("env", env);
  }

  private static int errcode(JsonNode answer) {
    return answer.path("errcode").intValue();
  }

  private static int startImport(String path) throws Exception {
    return errcode(
        call(
            "/tcb/databasemigrateimport",
            body(ENV)
                .put("collection_name", "things")
                .put("file_path", path)
                .put("file_type", 1)
                .put("stop_on_error", false)
                .put("conflict_mode", 2)));
  }

  private static JsonNode downloadLink(String path) throws Exception {
    ObjectNode body = body(ENV);
    body.putArray("file_list").addObject().put("fileid", "cloud://" + ENV + "/" + path);
    return call("/tcb/batchdownloadfile", body).path("file_list").path(0);
  }

  private static int delete(String path) throws Exception {
    ObjectNode body = body(ENV);
    body.putArray("fileid_list").add("cloud://" + ENV + "/" + path);
    return call("/tcb/batchdeletefile", body).path("delete_list").path(0).path("status").intValue();
  }

  private static HttpResponse<String> download(String path) throws Exception {
    return server.get(DOWNLOADS.link(ENV, path, Duration.ofHours(1), Instant.now()));
  }

  private static HttpResponse<String> upload(TestServer to, String url, UploadLinks.Link link)
      throws Exception {
    return to.send(
        HttpRequest.newBuilder(to.uri().resolve(url))
            .header("Content-Type", "multipart/form-data; boundary=" + BOUNDARY)
            .POST(BodyPublishers.ofString(form(link))));
  }

  private static String form(UploadLinks.Link link) {
    return field("key", link.path())
        + field("Signature", link.authorization())
        + field("x-cos-security-token", link.token())
        + field("x-cos-meta-fileid", link.cosFileId())
        + field("file\"; filename=\"../../f", CONTENT)
        + "--"
        + BOUNDARY
        + "--\r\n";
  }

  private static String field(String name, String value) {
    return "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n"
        .formatted(BOUNDARY, name, value);
  }

  /** As if a link for such a path had been signed all the same. */
  private static HttpResponse<String> uploadSigned(String path) throws Exception {
    return upload(server, "/upload/" + ENV, UPLOADS.link(ENV, path, Instant.now()));
  }

  private static Set<String> ownFiles() throws IOException {
    try (Stream<Path> files = Files.walk(own)) {
      return files
          .filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
          .map(file -> own.relativize(file).toString())
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  @ParameterizedTest
  @MethodSource("refused")
  void aPathThatIsNotAllowedIsRefusedByEveryCall(String path) throws Exception {
    assertThat(errcode(call("/tcb/uploadfile", body(ENV).put("path", path)))).isEqualTo(40097);
    assertThat(errcode(call("/componenttcb/uploadfile", body(ENV).put("path", path))))
        .isEqualTo(40097);
    assertThat(startImport(path)).isEqualTo(40097);
    assertThat(downloadLink(path).path("status").intValue()).isEqualTo(40097);
    assertThat(downloadLink(path).path("download_url").stringValue()).isEmpty();
    assertThat(delete(path)).isEqualTo(40097);
    // No server signs these; nothing may hang on that alone.
    if (path.length() < 2_000) {
      HttpResponse<String> given = download(path);
      assertThat(given.statusCode()).isEqualTo(404);
      assertThat(given.body()).contains("<Code>NoSuchKey</Code>");
    }
    HttpResponse<String> taken = uploadSigned(path);
    assertThat(taken.statusCode()).isBetween(400, 403);
    assertThat(taken.body()).contains("<Code>");
    assertThat(ownFiles()).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("takenAsTheyAre")
  void aPathThatOnlyLooksLikeOneIsANameLikeAnyOther(String path) throws Exception {
    assertThat(startImport(path)).isEqualTo(-503003);
    assertThat(downloadLink(path).path("status").intValue()).isEqualTo(-503003);
    assertThat(delete(path)).isEqualTo(-503003);
    assertThat(download(path).statusCode()).isEqualTo(404);
    JsonNode link = call("/tcb/uploadfile", body(ENV).put("path", path));
    assertThat(errcode(link)).isZero();
    assertThat(link.path("file_id").stringValue()).isEqualTo("cloud://" + ENV + "/" + path);

    assertThat(
            upload(
                    server,
                    link.path("url").stringValue(),
                    new UploadLinks.Link(
                        path,
                        link.path("authorization").stringValue(),
                        link.path("token").stringValue(),
                        link.path("cos_file_id").stringValue()))
                .statusCode())
        .isEqualTo(204);

    assertThat(ownFiles()).containsExactly(path);
    assertThat(own.resolve(path)).hasContent(CONTENT);
    JsonNode file = downloadLink(path);
    assertThat(file.path("status").intValue()).isZero();
    HttpResponse<String> given = server.get(file.path("download_url").stringValue());
    assertThat(given.statusCode()).isEqualTo(200);
    assertThat(given.body()).isEqualTo(CONTENT);
    assertThat(delete(path)).isZero();
    assertThat(ownFiles()).isEmpty();
  }

  /** Bytes that are no UTF-8, and a half of a character. */
  @Test
  void aPathThatIsNoTextIsNoWayOut() throws Exception {
    String json = "{\"env\":\"demo-env\",\"path\":\"%s\"}";
    for (String path :
        List.of(
            "\u00c0\u00ae\u00c0\u00ae\u00c0\u00aff", "..\u00c0\u00aff", "..\u00e0\u0080\u00aff")) {
      JsonNode answer =
          TestServer.answer(
              server.send(
                  "/tcb/uploadfile?access_token=" + TestServer.TOKEN,
                  "POST",
                  BodyPublishers.ofByteArray(json.formatted(path).getBytes(ISO_8859_1))));
      assertThat(errcode(answer)).isZero();
      assertThat(answer.path("file_id").stringValue()).contains("\ufffd").doesNotContain("../");
    }
    assertThat(errcode(server.post("/tcb/uploadfile", json.formatted("a\\ud800/f"))))
        .isEqualTo(40097);
  }

  @ParameterizedTest
  @ValueSource(strings = {"link", "out/f", "out/root/files/other-env/f", "theirs/f"})
  void aSymbolicLinkLeadsNowhere(String path) throws Exception {
    assertThat(startImport(path)).isEqualTo(-503003);
    assertThat(downloadLink(path).path("status").intValue()).isEqualTo(-503003);
    assertThat(download(path).statusCode()).isEqualTo(404);
    assertThat(delete(path)).isEqualTo(-503003);
    if (path.contains("/")) {
      assertThat(uploadSigned(path).statusCode()).isEqualTo(500);
      assertThat(uploadSigned(path + "/g").statusCode()).isEqualTo(500);
    }
    assertThat(ownFiles()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "..",
        ".",
        "/",
        "a/b",
        "../other-env",
        "demo-env/../other-env",
        "demo-env/",
        "demo-env\0",
        "demo-env ",
        "demo-env.",
        "DEMO-ENV",
        "%64emo-env",
        "other-env",
        "demo\u2010env",
        "pg_catalog",
        "information_schema",
        "public",
        "dbimport",
        "demo-env\" ; drop schema dbimport cascade; --"
      })
  void anEnvironmentThatIsNotTheCallersOwnIsRefusedByEveryCall(String env) throws Exception {
    ObjectNode all =
        body(env)
            .put("collection_name", "things")
            .put("file_path", "f")
            .put("path", "f")
            .put("file_type", 1)
            .put("stop_on_error", false)
            .put("conflict_mode", 2)
            .put("job_id", 100_000_000)
            .put("action", "get");
    all.putArray("file_list").addObject().put("fileid", "cloud://" + env + "/f");
    all.putArray("fileid_list").add("cloud://" + env + "/f");
    for (String call :
        List.of(
            "/componenttcb/dbimport",
            "/componenttcb/dbmigrationstate",
            "/componenttcb/uploadfile",
            "/componenttcb/batchdownloadfile",
            "/componenttcb/batchdeletefile",
            "/componenttcb/dbcollection",
            "/tcb/databasemigrateimport",
            "/tcb/databasemigratequeryinfo",
            "/tcb/uploadfile",
            "/tcb/batchdownloadfile",
            "/tcb/batchdeletefile",
            "/tcb/databasecollectionadd",
            "/tcb/databasecollectionget",
            "/tcb/databasecollectiondelete")) {
      assertThat(errcode(call(call, all))).as(call).isIn(-501000, 40097);
    }
    // Another environment's file, asked for from one's own.
    ObjectNode mine = body(ENV);
    mine.putArray("file_list").addObject().put("fileid", "cloud://" + env + "/f");
    mine.putArray("fileid_list").add("cloud://" + env + "/f");
    assertThat(
            call("/tcb/batchdownloadfile", mine)
                .path("file_list")
                .path(0)
                .path("status")
                .intValue())
        .isIn(40097, -503003);
    assertThat(
            call("/tcb/batchdeletefile", mine)
                .path("delete_list")
                .path(0)
                .path("status")
                .intValue())
        .isIn(40097, -503003);
  }

  /** Sent as they stand, which HTTP clients do not. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/upload/..",
        "/upload/../upload/other-env",
        "/upload/%2e%2e",
        "/upload/%2e%2e%2f%2e%2e",
        "/upload/demo-env/../other-env",
        "/upload/demo-env%2f..%2fother-env",
        "/upload/demo-env/..%2fother-env",
        "/upload/other-env",
        "/upload/other-env/",
        "/upload//other-env",
        "/upload/./other-env",
        "/upload/other-env;/demo-env",
        "/upload/other-env%00",
        "/upload/demo-env%00",
        "/upload/%c0%ae%c0%ae",
        "/upload/%ff",
        "/upload/%",
        "/upload/%zz",
        "/upload/",
        "/upload/\\..\\other-env",
        "/upload/other-env?env=demo-env",
        "/upload/other-env#/upload/demo-env",
        "http://other/upload/other-env"
      })
  void anUploadGoesOnlyWhereItsLinkIsFor(String target) throws Exception {
    String form = form(UPLOADS.link(ENV, "f", Instant.now()));
    try (RawClient client = new RawClient(server.server.port())) {
      client.send(
          "POST "
              + target
              + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: multipart/form-data;"
              + " boundary="
              + BOUNDARY
              + "\r\nContent-Length: "
              + form.length()
              + "\r\n\r\n"
              + form);
      assertThat(client.untilTheEnd()).matches("(?s)HTTP/1.1 (400|403|404) .*");
    }
    assertThat(ownFiles()).isEmpty();
  }

  @Test
  void anEnvironmentOfAnyNameHasAFolderOfItsOwn(@TempDir Path root) throws Exception {
    List<String> envs = List.of("a\\b", "a", "%2e%2e", "..%2f", "‥", "漢", "a b", "*", "other-env");
    ServerSettings settings =
        new ServerSettings(
            "127.0.0.1",
            0,
            null,
            () ->
                List.of(new App("app", List.of(new App.Token(TestServer.TOKEN, null)), envs, true)),
            null,
            TestServer.SECRET,
            1L << 20);
    try (TestServer odd = TestServer.start(PostgresFixture.freshDatabase(), root, settings)) {
      for (String env : envs) {
        JsonNode link =
            odd.post("/tcb/uploadfile", JSON.writeValueAsString(body(env).put("path", "b/f")));
        assertThat(errcode(link)).isZero();
        int status =
            upload(
                    odd,
                    link.path("url").stringValue(),
                    new UploadLinks.Link(
                        "b/f",
                        link.path("authorization").stringValue(),
                        link.path("token").stringValue(),
                        link.path("cos_file_id").stringValue()))
                .statusCode();
        assertThat(status).as(env).isEqualTo(204);
      }
    }
    try (Stream<Path> folders = Files.list(root.resolve("files"))) {
      assertThat(folders)
          .hasSize(envs.size())
          .allMatch(folder -> Files.exists(folder.resolve("b/f")));
    }
    try (Stream<Path> beside = Files.list(root)) {
      assertThat(beside.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("files", "arriving");
    }
  }
}
