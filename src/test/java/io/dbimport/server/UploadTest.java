package io.dbimport.server;

import static io.dbimport.server.TestServer.ENV;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.SelfSigned;
import io.dbimport.client.AccessTokens;
import io.dbimport.client.ApiFamily;
import io.dbimport.client.ClientSettings;
import io.dbimport.client.UploadClient;
import io.dbimport.client.UploadReply;
import io.dbimport.engine.EngineSettings;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.PostgresFixture;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Upload links and the form they are for, as clients send it and as attackers would. */
final class UploadTest {
  private static final String BOUNDARY = "----boundary7d9f";
  private static final long MAX_BYTES = 60L << 20;

  @TempDir static Path root;
  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    server =
        TestServer.start(PostgresFixture.freshDatabase(), root, TestServer.settings(MAX_BYTES));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  /** A field of the form. */
  private record Field(String name, String value) {}

  private static JsonNode link(String path) throws Exception {
    return server.post("/tcb/uploadfile", "{\"env\":\"demo-env\",\"path\":\"" + path + "\"}");
  }

  private static List<Field> fields(String key, JsonNode link) {
    return new ArrayList<>(
        List.of(
            new Field("key", key),
            new Field("Signature", link.path("authorization").stringValue()),
            new Field("x-cos-security-token", link.path("token").stringValue()),
            new Field("x-cos-meta-fileid", link.path("cos_file_id").stringValue()),
            new Field("file", "{\"_id\":\"a\"}\n")));
  }

  private static byte[] form(List<Field> fields) {
    StringBuilder form = new StringBuilder();
    for (Field field : fields) {
      form.append("--").append(BOUNDARY).append("\r\n").append(header(field)).append("\r\n\r\n");
      form.append(field.value()).append("\r\n");
    }
    return form.append("--")
        .append(BOUNDARY)
        .append("--\r\n")
        .toString()
        .getBytes(StandardCharsets.UTF_8);
  }

  private static String header(Field field) {
    String disposition = "Content-Disposition: form-data; name=\"" + field.name() + "\"";
    return field.name().equalsIgnoreCase("file")
        ? disposition + "; filename=\"x\"\r\nContent-Type: application/octet-stream"
        : disposition;
  }

  private static HttpRequest.Builder request(String url) {
    return HttpRequest.newBuilder(URI.create(url))
        .header("Content-Type", "multipart/form-data; boundary=" + BOUNDARY);
  }

  private static HttpResponse<String> upload(String url, byte[] form) throws Exception {
    return server.send(request(url).POST(BodyPublishers.ofByteArray(form)));
  }

  private static void assertRefused(HttpResponse<String> response, int status, String code) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(response.body()).startsWith("<?xml").contains("<Code>" + code + "</Code>");
    assertThat(response.headers().firstValue("content-type")).hasValue("application/xml");
  }

  private static void assertNothingArrived(String path) throws Exception {
    assertThat(server.storage.exists(ENV, path)).isFalse();
    Eventually.isTrue("nothing is left behind", UploadTest::nothingIsArriving);
  }

  private static boolean nothingIsArriving() throws IOException {
    try (Stream<Path> files = Files.list(root.resolve("arriving"))) {
      return files.findAny().isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/componenttcb/uploadfile", "/tcb/uploadfile"})
  void aFormWithItsLinkIsStoredAndCanBeImported(String call) throws Exception {
    String path = "in/" + call.length() + "/漢字.json";
    JsonNode link = server.post(call, "{\"env\":\"demo-env\",\"path\":\"" + path + "\"}");
    assertThat(link.path("errcode").intValue()).isZero();
    assertThat(link.path("url").stringValue()).startsWith(server.uri().toString());
    assertThat(link.path("file_id").stringValue()).endsWith(path);

    HttpResponse<String> response =
        upload(link.path("url").stringValue(), form(fields(path, link)));

    assertThat(response.statusCode()).as(response.body()).isEqualTo(204);
    assertThat(response.body()).isEmpty();
    try (InputStream in =
        server.storage.open(ENV, path, server.storage.look(ENV, path).version(), 0)) {
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8))
          .isEqualTo("{\"_id\":\"a\"}\n");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/f", "../f", "a//b", "a\\\\b", "a\\u0000b", "x/.."})
  void noLinkIsGivenForAPathThatIsNotAllowed(String path) throws Exception {
    assertThat(link(path).path("errcode").intValue()).isEqualTo(40097);
    assertThat(
            server
                .post("/tcb/uploadfile", "{\"env\":\"nobody\",\"path\":\"f\"}")
                .path("errcode")
                .intValue())
        .isEqualTo(-501000);
  }

  @Test
  void aFileThatTheStorageCannotTakeIsTheServersFault() throws Exception {
    // A file where the path needs a folder.
    HttpResponse<String> first = upload(link("taken"), "taken");
    assertThat(first.statusCode()).isEqualTo(204);
    assertRefused(upload(link("taken/inside"), "taken/inside"), 500, "InternalError");
  }

  @Test
  void anEnvironmentOfAnyNameThatIsTakenHasALinkThatWorks(@TempDir Path folder) throws Exception {
    List<String> names =
        Stream.concat(
                IntStream.range(1, 128).mapToObj(one -> "x" + Character.toString(one) + "y"),
                Stream.of(".", "..", "...", "..;", "%2e%2e", "..%2f", "x;y=z", "漢字", "😀"))
            .filter(EngineSettings::isEnvironment)
            .toList();
    App app = new App("odd", List.of(new App.Token(TestServer.TOKEN, null)), names, true);
    ServerSettings settings = ServerSettings.plain("127.0.0.1", 0, List.of(app));
    try (TestServer odd = TestServer.start(PostgresFixture.freshDatabase(), folder, settings)) {
      for (String name : names) {
        JsonNode link =
            odd.post(
                "/tcb/uploadfile",
                JsonMapper.shared().writeValueAsString(Map.of("env", name, "path", "f")));
        HttpResponse<String> response =
            odd.send(
                request(link.path("url").stringValue())
                    .POST(BodyPublishers.ofByteArray(form(fields("f", link)))));

        assertThat(response.statusCode()).as("%s: %s", name, response.body()).isEqualTo(204);
        assertThat(odd.storage.look(name, "f").length()).isEqualTo(12);
      }
    }
  }

  private static HttpResponse<String> upload(JsonNode link, String key) throws Exception {
    return upload(link.path("url").stringValue(), form(fields(key, link)));
  }

  @Test
  void namesOfFieldsMayBeSpeltInAnyCase() throws Exception {
    JsonNode link = link("case.json");
    List<Field> fields =
        fields("case.json", link).stream()
            .map(field ->
                new Field(
                    field.name().equals("Signature")
                        ? "signature"
                        : field.name().toUpperCase(Locale.ROOT),
                    field.value()))
            .toList();

    assertThat(upload(link.path("url").stringValue(), form(fields)).statusCode()).isEqualTo(204);
    assertThat(server.storage.look(ENV, "case.json").length()).isEqualTo(12);
  }

  @Test
  void aFieldThatIsNotAsTheLinkHasItIsForbidden() throws Exception {
    for (int i = 0; i < 4; i++) {
      JsonNode link = link("forged.json");
      List<Field> fields = fields("forged.json", link);
      Field right = fields.get(i);
      for (String wrong : List.of("", "other", right.value() + "0")) {
        fields.set(i, new Field(right.name(), wrong));
        assertRefused(
            upload(link.path("url").stringValue(), form(fields)), 403, "SignatureDoesNotMatch");
      }
      fields.remove(i);
      assertRefused(
          upload(link.path("url").stringValue(), form(fields)), 403, "SignatureDoesNotMatch");
    }
    assertNothingArrived("forged.json");
  }

  @Test
  void aLinkIsForOneKeyAndOneEnvironment() throws Exception {
    JsonNode link = link("mine.json");
    String url = link.path("url").stringValue();

    assertRefused(upload(url, form(fields("yours.json", link))), 403, "SignatureDoesNotMatch");
    assertRefused(
        upload(url.replace(ENV, TestServer.OTHER_ENV), form(fields("mine.json", link))),
        403,
        "SignatureDoesNotMatch");
    assertNothingArrived("yours.json");
    assertThat(server.storage.exists(TestServer.OTHER_ENV, "mine.json")).isFalse();
  }

  @Test
  void aLinkOlderThanAnHourIsForbidden() throws Exception {
    UploadLinks links = new UploadLinks(TestServer.SECRET);
    for (Map.Entry<Instant, Integer> one :
        Map.of(Instant.now().minusSeconds(3601), 403, Instant.now().minusSeconds(3500), 204)
            .entrySet()) {
      UploadLinks.Link link = links.link(ENV, "old.json", one.getKey());
      List<Field> fields =
          List.of(
              new Field("key", "old.json"),
              new Field("Signature", link.authorization()),
              new Field("x-cos-security-token", link.token()),
              new Field("x-cos-meta-fileid", link.cosFileId()),
              new Field("file", "x"));

      HttpResponse<String> response = upload(server.uri() + "/upload/" + ENV, form(fields));

      assertThat(response.statusCode()).isEqualTo(one.getValue());
      if (response.statusCode() == 403) {
        assertThat(response.body()).contains("<Code>RequestHasExpired</Code>");
      }
    }
  }

  @Test
  void aLinkOfAnotherServersSecretIsForbidden() throws Exception {
    UploadLinks.Link link =
        new UploadLinks(LinkSecret.random()).link(ENV, "other.json", Instant.now());
    List<Field> fields =
        List.of(
            new Field("key", "other.json"),
            new Field("Signature", link.authorization()),
            new Field("x-cos-security-token", link.token()),
            new Field("x-cos-meta-fileid", link.cosFileId()),
            new Field("file", "x"));

    assertRefused(
        upload(server.uri() + "/upload/" + ENV, form(fields)), 403, "SignatureDoesNotMatch");
    assertNothingArrived("other.json");
  }

  @Test
  void theFileMustComeLastAndMustBeThere() throws Exception {
    JsonNode link = link("order.json");
    String url = link.path("url").stringValue();
    List<Field> fields = fields("order.json", link);
    Collections.rotate(fields, 1);

    assertRefused(upload(url, form(fields)), 403, "SignatureDoesNotMatch");
    assertRefused(upload(url, form(fields.subList(1, 5))), 400, "InvalidArgument");
    assertNothingArrived("order.json");
  }

  @Test
  void whatIsNoFormIsRefused() throws Exception {
    String url = link("none.json").path("url").stringValue();

    assertRefused(
        server.send(
            HttpRequest.newBuilder(URI.create(url))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{}"))),
        400,
        "InvalidArgument");
    assertRefused(
        server.send(
            HttpRequest.newBuilder(URI.create(url))
                .header("Content-Type", "multipart/form-data")
                .POST(BodyPublishers.ofString("{}"))),
        400,
        "InvalidArgument");
    assertThat(upload(url, "no form".getBytes(StandardCharsets.UTF_8)).statusCode()).isEqualTo(400);
    assertThat(upload(url, new byte[0]).statusCode()).isEqualTo(400);
  }

  @Test
  void fieldsWithoutBoundsAreRefused() throws Exception {
    JsonNode link = link("many.json");
    List<Field> many = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      many.add(new Field("f" + i, "x"));
    }

    assertRefused(upload(link.path("url").stringValue(), form(many)), 400, "MaxPostFieldsExceeded");
    assertRefused(
        upload(link.path("url").stringValue(), form(List.of(new Field("key", "x".repeat(9000))))),
        400,
        "MaxPostPreDataLengthExceeded");
  }

  @Test
  void aFormInChunksIsStoredAsItStreams() throws Exception {
    JsonNode link = link("big.json");
    byte[] form = form(fields("big.json", link));
    int file = new String(form, StandardCharsets.ISO_8859_1).indexOf("{\"_id\"");
    long length = 50L << 20;

    HttpResponse<String> response =
        server.send(
            request(link.path("url").stringValue())
                .POST(
                    BodyPublishers.ofInputStream(() ->
                        new SequenceInputStream(
                            Collections.enumeration(
                                List.of(
                                    new ByteArrayInputStream(form, 0, file),
                                    new Zeros(length),
                                    new ByteArrayInputStream(form, file, form.length - file)))))));

    assertThat(response.statusCode()).as(response.body()).isEqualTo(204);
    assertThat(server.storage.look(ENV, "big.json").length()).isEqualTo(length + 12);
  }

  @Test
  void aFileOverTheLimitIsTooLargeWhetherItsLengthIsSaidOrNot() throws Exception {
    JsonNode link = link("huge.json");
    byte[] form = form(fields("huge.json", link));
    int file = new String(form, StandardCharsets.ISO_8859_1).indexOf("{\"_id\"");

    try (TestServer small =
        TestServer.start(
            PostgresFixture.freshDatabase(), root.resolve("small"), TestServer.settings(1000))) {
      String url = small.uri() + "/upload/" + ENV;
      byte[] large = new byte[form.length + 1000];
      System.arraycopy(form, 0, large, 0, file);
      System.arraycopy(form, file, large, file + 1000, form.length - file);

      assertRefused(
          small.send(request(url).POST(BodyPublishers.ofByteArray(large))), 400, "EntityTooLarge");
      assertRefused(
          small.send(
              request(url)
                  .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(large)))),
          400,
          "EntityTooLarge");
      assertThat(small.send(request(url).POST(BodyPublishers.ofByteArray(form))).statusCode())
          .isEqualTo(204);
      assertThat(small.storage.look(ENV, "huge.json").length()).isEqualTo(12);
    }
    assertRefused(
        server.send(
            request(link.path("url").stringValue())
                .POST(
                    BodyPublishers.ofInputStream(() ->
                        new SequenceInputStream(
                            new ByteArrayInputStream(form, 0, file),
                            new Zeros(MAX_BYTES + (1 << 20)))))),
        400,
        "EntityTooLarge");
    assertNothingArrived("huge.json");
  }

  @Test
  void aFileOverTheQuotaIsRefusedWhetherItsLengthIsSaidOrNot() throws Exception {
    byte[] form = form(fields("quota.json", link("quota.json")));
    byte[] second = form(fields("second.json", link("second.json")));

    try (TestServer full =
        TestServer.start(
            PostgresFixture.freshDatabase(),
            root.resolve("full"),
            TestServer.settings(MAX_BYTES),
            20)) {
      String url = full.uri() + "/upload/" + ENV;
      assertThat(full.send(request(url).POST(BodyPublishers.ofByteArray(form))).statusCode())
          .isEqualTo(204);
      assertRefused(
          full.send(request(url).POST(BodyPublishers.ofByteArray(second))), 403, "QuotaExceeded");
      assertRefused(
          full.send(
              request(url)
                  .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(second)))),
          403,
          "QuotaExceeded");
      assertThat(full.storage.exists(ENV, "second.json")).isFalse();
      assertThat(full.storage.used(ENV)).isEqualTo(12);
    }
  }

  /** While the caller still sends: the server answers at the first byte too many. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theCallerIsToldThatTheEnvironmentIsFull(boolean https) throws Exception {
    Path folder = Files.createDirectories(root.resolve("full-" + https));
    SelfSigned certificate = SelfSigned.forLoopback(folder);
    ServerSettings settings =
        new ServerSettings(
            "127.0.0.1",
            0,
            https
                ? new ServerSettings.TlsFiles(certificate.certificate(), certificate.key())
                : null,
            () -> TestServer.APPS,
            null,
            TestServer.SECRET,
            MAX_BYTES);
    try (TestServer full =
            TestServer.start(PostgresFixture.freshDatabase(), folder, settings, 1000);
        UploadClient client =
            new UploadClient(
                new ClientSettings(
                    full.uri(),
                    ApiFamily.APP,
                    Duration.ofSeconds(20),
                    https ? certificate.certificate() : null),
                AccessTokens.fixed(TestServer.TOKEN))) {
      for (int bytes : new int[] {1001, 100_000, 3_000_000, 50_000_000}) {
        Path file = Files.write(folder.resolve("file"), new byte[bytes]);

        assertThat(client.upload(null, ENV, "file", file, _ -> {}))
            .isInstanceOfSatisfying(
                UploadReply.UploadRefused.class,
                refused -> {
                  assertThat(refused.status()).isEqualTo(403);
                  assertThat(refused.code()).isEqualTo("QuotaExceeded");
                  assertThat(askedBytes(refused.message())).isBetween(1001L, (long) bytes);
                });
      }
      assertThat(full.storage.exists(ENV, "file")).isFalse();
      Path fits = Files.write(folder.resolve("file"), new byte[1000]);
      assertThat(client.upload(null, ENV, "file", fits, _ -> {}))
          .isEqualTo(new UploadReply.Uploaded(1000));
    }
  }

  private static long askedBytes(String message) {
    Matcher parts =
        Pattern.compile(
                "the environment is full: 0 bytes are stored, 0 others are arriving, at least (\\d+)"
                    + " more are asked for, and 1000 are allowed")
            .matcher(message);
    assertThat(parts.matches()).as(message).isTrue();
    return Long.parseLong(parts.group(1));
  }

  @Test
  void aFileThatCannotFitIsRefusedBeforeItComes() throws Exception {
    List<Field> fields = fields("big.json", link("big.json"));
    fields.set(4, new Field("file", ""));
    byte[] form = form(fields);
    int untilFile = form.length - ("\r\n--" + BOUNDARY + "--\r\n").length();
    try (TestServer full =
            TestServer.start(
                PostgresFixture.freshDatabase(),
                root.resolve("before"),
                TestServer.settings(MAX_BYTES),
                1000);
        RawClient client = new RawClient(full.server.port())) {
      client
          .send(
              "POST /upload/%s HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=%s\r\nContent-Length: %d\r\n\r\n"
                  .formatted(ENV, BOUNDARY, form.length + 50_000_000))
          .send(Arrays.copyOf(form, untilFile));
      Eventually.isTrue("it is answered", () -> client.received().contains("</Error>"));

      assertThat(client.received())
          .startsWith("HTTP/1.1 403 ")
          .contains(
              "0 bytes are stored, 0 others are arriving, at least 50000000 more are asked for, and"
                  + " 1000 are allowed");
    }
  }

  @Test
  void aClientThatSendsAllBeforeItReadsIsToldToo() throws Exception {
    List<Field> fields = fields("all.json", link("all.json"));
    fields.set(4, new Field("file", "x".repeat(30 << 20)));
    try (TestServer full =
        TestServer.start(
            PostgresFixture.freshDatabase(),
            root.resolve("all"),
            TestServer.settings(MAX_BYTES),
            20)) {
      assertRefused(
          full.send(
              request(full.uri() + "/upload/" + ENV)
                  .POST(BodyPublishers.ofByteArray(form(fields)))),
          403,
          "QuotaExceeded");
    }
  }

  @Test
  void aFormThatIsCutOffLeavesNothing() throws Exception {
    JsonNode link = link("cut.json");
    byte[] form = form(fields("cut.json", link));
    byte[] cut = new byte[form.length - 8];
    System.arraycopy(form, 0, cut, 0, cut.length);

    assertThat(upload(link.path("url").stringValue(), cut).statusCode()).isEqualTo(400);
    assertThat(raw(cut, "Content-Length: " + form.length)).doesNotContain(" 204 ");
    assertThat(raw(chunk(cut), "Transfer-Encoding: chunked")).doesNotContain(" 204 ");
    assertNothingArrived("cut.json");
    assertThat(upload(link.path("url").stringValue(), form).statusCode()).isEqualTo(204);
  }

  /** One chunk, and no last one. */
  private static byte[] chunk(byte[] bytes) throws IOException {
    ByteArrayOutputStream chunk = new ByteArrayOutputStream();
    chunk.write((Integer.toHexString(bytes.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
    chunk.write(bytes);
    chunk.write("\r\n".getBytes(StandardCharsets.US_ASCII));
    return chunk.toByteArray();
  }

  private static String raw(byte[] body, String lengthHeader) throws IOException {
    try (Socket socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), server.uri().getPort());
        OutputStream out = socket.getOutputStream();
        InputStream in = socket.getInputStream()) {
      socket.setSoTimeout(10_000);
      String head =
          "POST /upload/"
              + ENV
              + " HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary="
              + BOUNDARY
              + "\r\n"
              + lengthHeader
              + "\r\n\r\n";
      out.write(head.getBytes(StandardCharsets.US_ASCII));
      out.write(body);
      out.flush();
      socket.shutdownOutput();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** So many zero bytes, of no memory. */
  private static final class Zeros extends InputStream {
    private long left;

    Zeros(long length) {
      this.left = length;
    }

    @Override
    public int read() {
      return left-- > 0 ? 0 : -1;
    }

    @Override
    public int read(byte[] bytes, int from, int length) {
      if (left <= 0) {
        return -1;
      }
      int given = (int) Math.min(left, length);
      Arrays.fill(bytes, from, from + given, (byte) 0);
      left -= given;
      return given;
    }
  }
}
