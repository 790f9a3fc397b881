package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.dbimport.engine.S3Storage.Patience;
import io.dbimport.engine.S3Unusable.Reason;
import io.dbimport.engine.Storage.FileChanged;
import io.dbimport.fixtures.S3Fixture;
import io.dbimport.fixtures.TcpGate;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.DelegatingS3Client;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadResponse;

/** The storage in a bucket: what every storage keeps, whatever the connection does meanwhile. */
final class S3StorageTest extends StorageContract {
  private static final int PART = (int) S3Upload.partBytes(1);

  private final S3Client client = S3Fixture.client();
  private String bucket;
  private S3Storage storage;

  @BeforeEach
  void open() throws IOException {
    bucket = S3Fixture.freshBucket();
    storage = at(S3Fixture.endpoint());
  }

  @AfterEach
  void close() {
    storage.close();
  }

  private S3Storage at(URI endpoint) throws IOException {
    return S3Storage.open(location(bucket, endpoint), _ -> {});
  }

  private static S3Location location(String bucket, URI endpoint) {
    return S3Location.of("s3://" + bucket + "/up/loads", endpoint);
  }

  @Override
  Storage storage() {
    return storage;
  }

  @Override
  int filesHeld() {
    return (int) client.listObjectsV2Paginator(r -> r.bucket(bucket)).contents().stream().count()
        + uploadsUnderWay();
  }

  private int uploadsUnderWay() {
    return client.listMultipartUploads(r -> r.bucket(bucket)).uploads().size();
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private static byte[] rest(Storage storage, String path, long position) throws IOException {
    try (InputStream in =
        storage.open("env", path, storage.look("env", path).version(), position)) {
      return in.readAllBytes();
    }
  }

  private static void assertRest(byte[] file, Storage storage, int position) throws IOException {
    byte[] rest = rest(storage, "f", position);
    assertThat(Arrays.equals(rest, Arrays.copyOfRange(file, position, file.length)))
        .as("from %d of %d", position, file.length)
        .isTrue();
  }

  @Test
  void aLongFileGoesInPartsAndIsReadFromAnyPositionAcrossThem() throws IOException {
    byte[] file = random(2 * PART + 12_345);

    assertThat(storage.store("env", "f", new ByteArrayInputStream(file))).isEqualTo(file.length);

    assertThat(client.headObject(r -> r.bucket(bucket).key("up/loads/env/f")).eTag())
        .endsWith("-3\"");
    assertThat(storage.look("env", "f").length()).isEqualTo(file.length);
    for (int position : new int[] {0, 1, PART - 1, PART, PART + 1, 2 * PART, file.length - 1}) {
      assertRest(file, storage, position);
    }
    assertThat(rest(storage, "f", file.length)).isEmpty();
    assertThat(filesHeld()).isOne();
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 1})
  void aFileOfAboutOnePartIsWhole(int more) throws IOException {
    byte[] file = random(PART + more);

    assertThat(storage.store("env", "f", new ByteArrayInputStream(file))).isEqualTo(file.length);

    assertRest(file, storage, 0);
    assertThat(filesHeld()).isOne();
  }

  @Test
  void tenThousandPartsHoldEightTerabytesAndEachIsOneThatS3Takes() {
    assertThat(IntStream.rangeClosed(1, S3Upload.MAX_PARTS).mapToLong(S3Upload::partBytes).sum())
        .isGreaterThan(8_000_000_000_000L);
    assertThat(IntStream.rangeClosed(1, S3Upload.MAX_PARTS).mapToLong(S3Upload::partBytes))
        .allSatisfy(bytes -> assertThat(bytes).isBetween(5L << 20, 5L << 30));
  }

  /** These bytes, and then this instead of their end. */
  private static InputStream then(byte[] bytes, Callable<Integer> end) {
    return new FilterInputStream(new ByteArrayInputStream(bytes)) {
      @Override
      public int read(byte[] into, int from, int length) throws IOException {
        int read = super.read(into, from, length);
        try {
          return read < 0 ? end.call() : read;
        } catch (IOException | RuntimeException failure) {
          throw failure;
        } catch (Exception other) {
          throw new IllegalStateException(other);
        }
      }
    };
  }

  private static Callable<Integer> failing(Exception failure) {
    return () -> {
      throw failure;
    };
  }

  @Test
  void aLongStreamThatBreaksLeavesNoPartsBehind() throws IOException {
    store("env", "f", "old");
    byte[] parts = random(PART + 100_000);

    assertThatThrownBy(
            () -> storage.store("env", "f", then(parts, failing(new IOException("cut off")))))
        .hasMessage("cut off");
    assertThatThrownBy(() ->
            storage.store("env", "f", then(parts, failing(new IllegalStateException("a bug")))))
        .hasMessage("a bug");

    assertThat(uploadsUnderWay()).isZero();
    assertThat(text("env", "f", 0)).isEqualTo("old");
  }

  @Test
  void anInterruptedUploadLeavesNoPartsBehind() throws IOException {
    InputStream interrupting =
        then(
            random(PART + 1),
            () -> {
              Thread.currentThread().interrupt();
              return -1;
            });

    assertThatThrownBy(() -> storage.store("env", "f", interrupting))
        .isInstanceOf(InterruptedIOException.class);

    assertThat(Thread.interrupted()).isTrue();
    assertThat(filesHeld()).isZero();
  }

  /** Carries out what ends an upload, and loses the answer. */
  private static final class LostAnswer extends DelegatingS3Client {
    LostAnswer(S3Client behind) {
      super(behind);
    }

    @Override
    public CompleteMultipartUploadResponse completeMultipartUpload(
        CompleteMultipartUploadRequest request) {
      var _ = super.completeMultipartUpload(request);
      throw SdkClientException.create("reset");
    }
  }

  @Test
  void anUploadWhoseLastAnswerIsLostIsStored() throws IOException {
    byte[] file = random(PART + 1);
    try (S3Upload upload =
        new S3Upload(
            new LostAnswer(client),
            location(bucket, S3Fixture.endpoint()),
            "up/loads/env/f",
            Patience.USUAL)) {
      assertThat(
              upload.store(
                  new ByteArrayInputStream(file),
                  version -> storage.look("env", "f").version().equals(version)))
          .isEqualTo(file.length);
    }
    assertRest(file, storage, 0);
  }

  @Test
  void anUploadThatFailsAtItsEndIsNotTakenForTheOneThatWasThere() throws IOException {
    store("env", "f", "old");
    try (S3Upload upload =
        new S3Upload(
            new DelegatingS3Client(client) {
              @Override
              public CompleteMultipartUploadResponse completeMultipartUpload(
                  CompleteMultipartUploadRequest request) {
                throw SdkClientException.create("reset");
              }
            },
            location(bucket, S3Fixture.endpoint()),
            "up/loads/env/f",
            Patience.USUAL)) {
      assertThatThrownBy(() ->
              upload.store(
                  new ByteArrayInputStream(random(PART + 1)),
                  version -> storage.look("env", "f").version().equals(version)))
          .isInstanceOf(S3Unusable.class);
    }
    assertThat(uploadsUnderWay()).isZero();
    assertThat(text("env", "f", 0)).isEqualTo("old");
  }

  @Test
  void partsOfAServerThatDiedAreRemovedOnceTheyAreOld() throws IOException {
    for (String key : List.of("up/loads/env/f", "other/f")) {
      var _ = client.createMultipartUpload(r -> r.bucket(bucket).key(key));
    }

    storage.removeLeftovers(Instant.now().minusSeconds(3600));
    assertThat(uploadsUnderWay()).isEqualTo(2);
    storage.removeLeftovers(Instant.now().plusSeconds(3600));

    assertThat(client.listMultipartUploads(r -> r.bucket(bucket)).uploads())
        .singleElement()
        .satisfies(upload -> assertThat(upload.key()).isEqualTo("other/f"));
  }

  @Test
  void equalContentsHaveVersionsOfTheirOwn() throws IOException {
    store("env", "f", "same");
    String first = storage.look("env", "f").version();
    assertThat(client.headObject(r -> r.bucket(bucket).key("up/loads/env/f")).metadata())
        .as("neither its tag nor its second")
        .containsEntry("dbimport-version", first);
    store("env", "f", "same");

    assertThat(storage.look("env", "f").version()).isNotEqualTo(first);
    assertThatThrownBy(() -> storage.open("env", "f", first, 0).close())
        .isInstanceOf(FileChanged.class);
    assertThatThrownBy(() -> storage.open("env", "f", first, 4).close())
        .as("at the end, where the service gives nothing")
        .isInstanceOf(FileChanged.class);
  }

  @Test
  void whatAnotherToolPutThereIsReadAndToldApartByItsTag() throws IOException {
    String key = "up/loads/env/f";
    var _ = client.putObject(r -> r.bucket(bucket).key(key), RequestBody.fromString("theirs"));
    String first = storage.look("env", "f").version();
    assertThat(text("env", "f", 2)).isEqualTo("eirs");
    assertThat(first).hasSizeBetween(1, 200);
    var _ = client.putObject(r -> r.bucket(bucket).key(key), RequestBody.fromString("others"));

    assertThat(storage.look("env", "f").version()).isNotEqualTo(first);
    assertThatThrownBy(() -> storage.open("env", "f", first, 0).close())
        .isInstanceOf(FileChanged.class);
  }

  @Test
  void aReaderWhoseConnectionBreaksReadsOn() throws IOException {
    byte[] file = random(3 * PART);
    storage.store("env", "f", new ByteArrayInputStream(file));
    try (TcpGate gate = gate();
        S3Storage behind = at(URI.create("http://127.0.0.1:" + gate.port()));
        InputStream in = behind.open("env", "f", behind.look("env", "f").version(), 100)) {
      byte[] begin = in.readNBytes(1000);
      gate.shut();
      gate.open();

      byte[] rest = in.readAllBytes();

      assertThat(begin).isEqualTo(Arrays.copyOfRange(file, 100, 1100));
      assertThat(Arrays.equals(rest, Arrays.copyOfRange(file, 1100, file.length))).isTrue();
    }
  }

  @Test
  @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
  void aReaderWhoseServiceFallsSilentReadsOn() throws IOException {
    byte[] file = random(3 * PART);
    storage.store("env", "f", new ByteArrayInputStream(file));
    Patience second =
        new Patience(Duration.ofSeconds(10), Duration.ofSeconds(1), Duration.ofSeconds(10));
    try (TcpGate gate = gate();
        S3Storage behind = behind(gate, second);
        InputStream in = behind.open("env", "f", behind.look("env", "f").version(), 100)) {
      byte[] begin = in.readNBytes(1000);
      gate.silence();

      byte[] rest = in.readAllBytes();

      assertThat(begin).isEqualTo(Arrays.copyOfRange(file, 100, 1100));
      assertThat(Arrays.equals(rest, Arrays.copyOfRange(file, 1100, file.length))).isTrue();
    }
  }

  @Test
  @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
  void aReaderWhoseServiceStaysSilentIsToldSo() throws IOException {
    storage.store("env", "f", new ByteArrayInputStream(random(3 * PART)));
    Patience seconds =
        new Patience(Duration.ofSeconds(10), Duration.ofSeconds(1), Duration.ofSeconds(3));
    try (TcpGate gate = gate();
        S3Storage behind = behind(gate, seconds);
        InputStream in = behind.open("env", "f", behind.look("env", "f").version(), 0)) {
      assertThat(in.readNBytes(1000)).hasSize(1000);
      gate.silenceForGood();

      assertReason(Reason.UNREACHABLE, in::readAllBytes);
    }
  }

  private S3Storage behind(TcpGate gate, Patience patience) throws IOException {
    return S3Storage.open(
        location(bucket, URI.create("http://127.0.0.1:" + gate.port())),
        _ -> {},
        StaticCredentialsProvider.create(
            AwsBasicCredentials.create(S3Fixture.KEY_ID, S3Fixture.SECRET)),
        () -> {},
        patience);
  }

  @Test
  void aReaderWhoseConnectionBreaksDoesNotReadOnInAnotherFile() throws IOException {
    storage.store("env", "f", new ByteArrayInputStream(random(3 * PART)));
    try (TcpGate gate = gate();
        S3Storage behind = at(URI.create("http://127.0.0.1:" + gate.port()));
        InputStream in = behind.open("env", "f", behind.look("env", "f").version(), 0)) {
      assertThat(in.readNBytes(1000)).hasSize(1000);
      storage.store("env", "f", new ByteArrayInputStream(random(3 * PART)));
      gate.shut();
      gate.open();

      assertThatThrownBy(in::readAllBytes).isInstanceOf(FileChanged.class);
    }
  }

  @Test
  void aReaderWhoseServiceGoesAwayIsToldSo() throws IOException {
    storage.store("env", "f", new ByteArrayInputStream(random(3 * PART)));
    try (TcpGate gate = gate();
        S3Storage behind = at(URI.create("http://127.0.0.1:" + gate.port()));
        InputStream in = behind.open("env", "f", behind.look("env", "f").version(), 0)) {
      gate.shut();

      assertReason(Reason.UNREACHABLE, in::readAllBytes);
    }
  }

  @Test
  void whatIsNotReadToItsEndIsHungUpOn() throws IOException {
    byte[] file = random(3 * PART);
    storage.store("env", "f", new ByteArrayInputStream(file));
    String version = storage.look("env", "f").version();

    InputStream in = storage.open("env", "f", version, 0);
    assertThat(in.read()).isEqualTo(file[0] & 0xFF);
    in.close();
    in.close();

    assertThatThrownBy(in::read).hasMessage("the stream is closed");
    assertThat(text("env", "f", file.length)).isEmpty();
  }

  @Test
  void aFileTakesNoMemoryHoweverLongItIs() throws Exception {
    long megabytes = Boolean.getBoolean("full") ? 300 : 32;
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx24m",
                "-XX:MaxDirectMemorySize=4m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                S3MemoryProcess.class.getName(),
                "s3://" + bucket,
                S3Fixture.endpoint().toString(),
                Long.toString(megabytes << 20))
            .redirectErrorStream(true);
    builder.environment().put("AWS_ACCESS_KEY_ID", S3Fixture.KEY_ID);
    builder.environment().put("AWS_SECRET_ACCESS_KEY", S3Fixture.SECRET);
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor()).as(said).isZero();
  }

  private static TcpGate gate() throws IOException {
    return TcpGate.to("127.0.0.1", S3Fixture.endpoint().getPort());
  }

  @Test
  void whatAnEnvironmentUsesIsCountedBeyondOnePageOfAListing() throws Exception {
    int files = 1_100;
    List<Future<?>> puts = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      for (int i = 0; i < files; i++) {
        String key = "up/loads/env/f" + i;
        puts.add(
            threads.submit(() ->
                client.putObject(r -> r.bucket(bucket).key(key), RequestBody.fromString("ab"))));
      }
    }
    for (Future<?> put : puts) {
      put.get();
    }

    assertThat(storage.used("env")).isEqualTo(2L * files);
  }

  @Test
  void aKeyThatS3DoesNotTakeIsRefusedWithTheReason() throws IOException {
    String env = "漢".repeat(21);
    String path = "x/".repeat(424) + "x";
    String most = path.substring(0, 1024 - "up/loads/".length() - 21 * 9 - 1);

    store(env, most, "x");
    assertThat(text(env, most, 0)).isEqualTo("x");
    assertThatThrownBy(() -> store(env, most + "y", "x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the 1,024 bytes of UTF-8");
    assertThatThrownBy(() -> storage.look(env, most + "y"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void anEnvironmentIsNoPartOfAnothersPath() throws IOException {
    store("a/b", "f", "1");
    store("a", "b/f", "2");
    store("a%2Fb", "f", "3");

    assertThat(text("a/b", "f", 0)).isEqualTo("1");
    assertThat(text("a", "b/f", 0)).isEqualTo("2");
    assertThat(text("a%2Fb", "f", 0)).isEqualTo("3");
    assertThat(filesHeld()).isEqualTo(3);
  }

  private static S3Unusable assertReason(Reason reason, ThrowingCall call) {
    S3Unusable unusable = catchThrowableOfType(S3Unusable.class, () -> call.run());
    assertThat(unusable).as("what it throws").isNotNull();
    StringWriter whole = new StringWriter();
    unusable.printStackTrace(new PrintWriter(whole, true));
    assertThat(unusable.reason()).as("%s", whole).isEqualTo(reason);
    assertThat(whole.toString()).doesNotContain(S3Fixture.SECRET).doesNotContain("planted-s3");
    return unusable;
  }

  private interface ThrowingCall {
    void run() throws IOException;
  }

  private static void open(S3Location location, String id, String secret) throws IOException {
    AwsCredentialsProvider given =
        StaticCredentialsProvider.create(AwsBasicCredentials.create(id, secret));
    S3Storage.open(location, _ -> {}, given, () -> {}, Patience.USUAL).close();
  }

  @Test
  void wrongCredentialsAreSaidWithoutTheSecret() {
    S3Location here = location(bucket, S3Fixture.endpoint());
    assertThat(
            assertReason(Reason.NO_ACCESS, () -> open(here, S3Fixture.KEY_ID, "planted-s3-secret")))
        .hasMessageContaining("the bucket " + bucket)
        .hasMessageContaining("refuses: SignatureDoesNotMatch (HTTP 403)");
    assertThat(assertReason(Reason.NO_ACCESS, () -> open(here, "nobody", "planted-s3-secret")))
        .hasMessageContaining("refuses: InvalidAccessKeyId (HTTP 403)");
  }

  @Test
  void noCredentialsAreSaid() {
    AwsCredentialsProvider none =
        () -> {
          throw SdkClientException.create("none");
        };
    assertReason(
        Reason.NO_CREDENTIALS,
        () ->
            S3Storage.open(
                    location(bucket, S3Fixture.endpoint()), _ -> {}, none, () -> {}, Patience.USUAL)
                .close());
  }

  @Test
  void aSecretIsToldBeforeItIsUsed() throws IOException {
    List<String> told = new ArrayList<>();
    S3Storage.open(location(bucket, S3Fixture.endpoint()), told::add).close();

    assertThat(told).contains(S3Fixture.SECRET);

    told.clear();
    AwsCredentialsProvider ofARole =
        () -> {
          told.add("resolved");
          return AwsSessionCredentials.create("id", "planted-secret", "planted-token");
        };
    assertReason(
        Reason.OTHER, // S3Proxy takes no session's token
        () ->
            S3Storage.open(
                    location(bucket, S3Fixture.endpoint()),
                    told::add,
                    ofARole,
                    () -> {},
                    Patience.USUAL)
                .close());
    assertThat(told).startsWith("resolved", "planted-secret", "planted-token", "resolved");
  }

  @Test
  void aServiceThatDoesNotAnswerIsNotWaitedForLong() throws IOException {
    Patience little =
        new Patience(Duration.ofMillis(500), Duration.ofMillis(300), Duration.ofMillis(500));
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      S3Location there = location(bucket, URI.create("http://127.0.0.1:" + silent.getLocalPort()));
      AwsCredentialsProvider given =
          StaticCredentialsProvider.create(AwsBasicCredentials.create("id", "planted-s3-secret"));

      assertReason(
          Reason.UNREACHABLE,
          () -> S3Storage.open(there, _ -> {}, given, () -> {}, little).close());
    }
  }

  @Test
  void aReaderThatIsInterruptedStops() throws IOException {
    storage.store("env", "f", new ByteArrayInputStream(random(PART)));
    try (InputStream in = storage.open("env", "f", storage.look("env", "f").version(), 0)) {
      assertThat(in.readNBytes(10)).hasSize(10);
      Thread.currentThread().interrupt();

      assertThatThrownBy(in::readAllBytes).isInstanceOf(InterruptedIOException.class);
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void aBucketThatGoesAwayIsNoFileThatIsNotThere() throws IOException {
    assertThatThrownBy(() -> storage.look("env", "f")).isInstanceOf(NoSuchFileException.class);
    var _ = client.deleteBucket(r -> r.bucket(bucket));

    assertReason(Reason.NO_BUCKET, () -> storage.look("env", "f"));
    assertReason(Reason.NO_BUCKET, () -> storage.open("env", "f", "1", 0).close());
    assertReason(Reason.NO_BUCKET, () -> storage.exists("env", "f"));
    assertReason(Reason.NO_BUCKET, () -> storage.delete("env", "f"));
    assertReason(Reason.NO_BUCKET, () -> storage.used("env"));
    assertReason(Reason.NO_BUCKET, () -> store("env", "f", "x"));
    assertReason(Reason.NO_BUCKET, () -> at(S3Fixture.endpoint()).close());
  }

  @Test
  void aServiceThatIsNotThereIsSaid() throws IOException {
    int nobody;
    try (ServerSocket port = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = port.getLocalPort();
    }
    assertThat(
            assertReason(
                Reason.UNREACHABLE, () -> at(URI.create("http://127.0.0.1:" + nobody)).close()))
        .hasMessageContaining("cannot be reached: java.net.ConnectException");
  }

  /** Answers every request with these bytes; ends with the test. */
  private static ServerSocket answering(String answer) throws IOException {
    ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual()
        .start(() -> {
          while (!server.isClosed()) {
            try (var peer = server.accept()) {
              var _ = peer.getInputStream().read(new byte[8192]);
              peer.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
            } catch (IOException closed) {
              // The loop's condition tells.
            }
          }
        });
    return server;
  }

  @Test
  void whatIsNoObjectStorageIsSaid() throws IOException {
    for (String answer :
        List.of(
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwhat",
            "HTTP/1.1 404 Not Found\r\nContent-Length: 17\r\n\r\nplanted-s3-secret",
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 52\r\n\r\n"
                + "<Error><Code>planted words of its own</Code></Error>",
            "SSH-2.0-OpenSSH\r\n")) {
      try (ServerSocket other = answering(answer)) {
        URI endpoint = URI.create("http://127.0.0.1:" + other.getLocalPort());
        assertThatThrownBy(() -> at(endpoint).close())
            .as(answer)
            .isInstanceOf(S3Unusable.class)
            .hasMessageContaining("the bucket " + bucket + " at " + endpoint)
            .hasMessageNotContaining("planted");
      }
    }
  }
}
