package io.dbimport.server;

import static io.dbimport.server.TestServer.ENV;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.engine.S3Location;
import io.dbimport.engine.S3Storage;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.PostgresFixture;
import io.dbimport.fixtures.S3Fixture;
import io.dbimport.fixtures.TcpGate;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The routes of files over a bucket: what is uploaded is imported and given back. */
final class FilesInABucketTest {
  private static final String BOUNDARY = "----boundary7d9f";
  private static final DownloadLinks LINKS = new DownloadLinks(TestServer.SECRET);

  private final String bucket = S3Fixture.freshBucket();
  private TcpGate gate;
  private TestServer server;

  @BeforeEach
  void start() throws Exception {
    gate = TcpGate.to("127.0.0.1", S3Fixture.endpoint().getPort());
    S3Location location =
        S3Location.of("s3://" + bucket, URI.create("http://127.0.0.1:" + gate.port()));
    server =
        TestServer.start(
            PostgresFixture.freshDatabase(),
            S3Storage.open(location, _ -> {}),
            TestServer.settings(64L << 20),
            40L << 20);
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
    gate.close();
  }

  /** Documents of one line each, longer than one part of an upload. */
  private static byte[] documents() {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; lines.length() < 9 << 20; i++) {
      lines.append("{\"_id\":\"%d\",\"t\":\"%s\"}\n".formatted(i, "x".repeat(2000)));
    }
    return lines.toString().getBytes(StandardCharsets.UTF_8);
  }

  private HttpResponse<String> upload(String path, byte[] file, int cutOff) throws Exception {
    JsonNode link =
        server.post("/tcb/uploadfile", "{\"env\":\"demo-env\",\"path\":\"" + path + "\"}");
    ByteArrayOutputStream form = new ByteArrayOutputStream();
    field(form, "key", path.getBytes(StandardCharsets.UTF_8));
    for (String[] names :
        new String[][] {
          {"Signature", "authorization"},
          {"x-cos-security-token", "token"},
          {"x-cos-meta-fileid", "cos_file_id"}
        }) {
      field(form, names[0], link.path(names[1]).stringValue().getBytes(StandardCharsets.UTF_8));
    }
    field(form, "file", file);
    form.write(("--" + BOUNDARY + "--\r\n").getBytes(StandardCharsets.US_ASCII));
    return server.send(
        HttpRequest.newBuilder(URI.create(link.path("url").stringValue()))
            .header("Content-Type", "multipart/form-data; boundary=" + BOUNDARY)
            // Without its length: what is too long is found out as it comes.
            .POST(
                BodyPublishers.ofInputStream(
                    () -> new ByteArrayInputStream(form.toByteArray(), 0, form.size() - cutOff))));
  }

  private static void field(ByteArrayOutputStream form, String name, byte[] value)
      throws IOException {
    form.write(
        "--%s\r\nContent-Disposition: form-data; name=\"%s\"%s\r\n\r\n"
            .formatted(BOUNDARY, name, name.equals("file") ? "; filename=\"x\"" : "")
            .getBytes(StandardCharsets.US_ASCII));
    form.write(value);
    form.write("\r\n".getBytes(StandardCharsets.US_ASCII));
  }

  private HttpResponse<String> download(String path, String range) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
            server.uri().resolve(LINKS.link(ENV, path, Duration.ofHours(1), Instant.now())));
    return server.send(range.isEmpty() ? request : request.header("Range", range));
  }

  @Test
  void aLongFileIsUploadedGivenBackAndImported() throws Exception {
    byte[] file = documents();

    HttpResponse<String> taken = upload("in/漢字.json", file, 0);

    assertThat(taken.statusCode()).as(taken.body()).isEqualTo(204);
    assertThat(S3Fixture.client().listObjectsV2(r -> r.bucket(bucket)).contents())
        .singleElement()
        .satisfies(object -> assertThat(object.key()).isEqualTo("demo-env/in/漢字.json"));
    byte[] whole = download("in/漢字.json", "").body().getBytes(StandardCharsets.UTF_8);
    assertThat(Arrays.equals(whole, file)).as("the download").isTrue();
    int across = 8 << 20;
    assertThat(download("in/漢字.json", "bytes=%d-%d".formatted(across - 50, across + 49)).body())
        .isEqualTo(new String(file, across - 50, 100, StandardCharsets.UTF_8));
    assertThat(imported("in/漢字.json").path("record_success").longValue())
        .isEqualTo(new String(file, StandardCharsets.UTF_8).lines().count());
  }

  private JsonNode imported(String path) throws Exception {
    server.post("/tcb/databasecollectionadd", "{\"env\":\"demo-env\",\"collection_name\":\"c\"}");
    long job =
        server
            .post(
                "/tcb/databasemigrateimport",
                """
                {"env":"demo-env","collection_name":"c","file_path":"%s","file_type":1,
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
        state -> state.path("status").stringValue().equals("success"));
  }

  @Test
  void aLongUploadThatIsCutOffOrPassesTheQuotaLeavesNothing() throws Exception {
    assertThat(upload("f", documents(), 100).statusCode()).isEqualTo(400);
    assertThat(upload("f", new byte[41 << 20], 0).body()).contains("QuotaExceeded");

    assertThat(S3Fixture.client().listMultipartUploads(r -> r.bucket(bucket)).uploads()).isEmpty();
    assertThat(S3Fixture.client().listObjectsV2(r -> r.bucket(bucket)).contents()).isEmpty();
  }

  @Test
  void aServiceThatIsAwayIsAnErrorOfTheServerUntilItIsBack() throws Exception {
    assertThat(upload("f", new byte[] {'a'}, 0).statusCode()).isEqualTo(204);
    gate.shut();

    assertThat(download("f", "").statusCode()).isEqualTo(500);
    assertThat(upload("g", new byte[] {'b'}, 0).body())
        .contains("InternalError")
        .doesNotContain(bucket);
    gate.open();

    assertThat(download("f", "").body()).isEqualTo("a");
  }
}
