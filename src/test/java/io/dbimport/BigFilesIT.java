package io.dbimport;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.client.AccessTokens;
import io.dbimport.client.ApiFamily;
import io.dbimport.client.ClientSettings;
import io.dbimport.client.UploadClient;
import io.dbimport.client.UploadReply;
import io.dbimport.engine.FileStorage;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.PostgresFixture;
import io.dbimport.fixtures.PostgresFixture.Database;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Files far longer than the memory of the server, a process with a heap of 256 MB. The system
 * property {@code full} asks for the longest upload that is taken and for an import of 10 GB;
 * {@code bigfiles.megabytes} for another length.
 */
final class BigFilesIT {
  private static final boolean FULL = Boolean.getBoolean("full");
  private static final long MEGABYTE = 1L << 20;
  private static final String ENV = "big-env";
  private static final String TOKEN = "a-token-for-big-files";
  private static final Pattern ADDRESS = Pattern.compile("server at (http://\\S+),");
  private static final Pattern LIVE = Pattern.compile("(?m)^Total\\s+\\d+\\s+(\\d+)");
  private static final Duration LONG = Duration.ofHours(3);

  /** What an upload may hold: some blocks of its stream. */
  private static final long UPLOAD_BYTES = 16 * MEGABYTE;

  /** What an import may hold: the batches that are read ahead and written. */
  private static final long IMPORT_BYTES = 128 * MEGABYTE;

  @TempDir Path folder;
  private final Database database = PostgresFixture.freshDatabase();
  private final HttpClient http = HttpClient.newHttpClient();
  private Process server;
  private URI address;

  @BeforeEach
  void start() throws Exception {
    Path log = folder.resolve("server.log");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                "io.dbimport.cli.Main",
                "server")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder
        .environment()
        .putAll(
            Map.of(
                "DBIMPORT_TOKEN",
                TOKEN,
                "DBIMPORT_SERVER_PORT",
                "0",
                "DBIMPORT_SERVER_ENVIRONMENTS",
                ENV,
                "DBIMPORT_STORAGE",
                "file:" + folder.resolve("storage"),
                "DBIMPORT_DATABASE_URL",
                database.jdbcUrl(),
                "DBIMPORT_DATABASE_USER",
                database.user(),
                "DBIMPORT_DATABASE_PASSWORD",
                database.password()));
    server = builder.start();
    Eventually.isTrue(
        "it says where it is",
        Duration.ofMinutes(2),
        () -> {
          assertThat(server.isAlive()).as(Files.readString(log)).isTrue();
          return ADDRESS.matcher(Files.readString(log)).find();
        });
    Matcher told = ADDRESS.matcher(Files.readString(log));
    assertThat(told.find()).isTrue();
    address = URI.create(told.group(1));
  }

  @AfterEach
  void stop() {
    server.destroyForcibly();
    http.close();
  }

  private static long bytes(long ordinary, long full) {
    return Long.getLong("bigfiles.megabytes", FULL ? full : ordinary) * MEGABYTE;
  }

  /** What the server's heap holds after a full collection. */
  private long liveBytes() throws IOException {
    Process jcmd =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                Long.toString(server.pid()),
                "GC.class_histogram")
            .redirectErrorStream(true)
            .start();
    String told = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    Matcher live = LIVE.matcher(told);
    assertThat(live.find()).as(told).isTrue();
    return Long.parseLong(live.group(1));
  }

  /** The most memory that the process has had of the machine, in bytes; 0 where nobody says so. */
  private long peakBytes() throws IOException {
    Path status = Path.of("/proc/" + server.pid() + "/status");
    if (!Files.exists(status)) {
      return 0;
    }
    Matcher peak = Pattern.compile("VmHWM:\\s+(\\d+) kB").matcher(Files.readString(status));
    return peak.find() ? Long.parseLong(peak.group(1)) * 1024 : 0;
  }

  private void assertFlat(String what, long bytes, long idle, long most, long more)
      throws IOException {
    System.out.printf(
        "%s of %d MB: live heap %d MB at rest, %d MB at most; the process had %d MB at most%n",
        what, bytes / MEGABYTE, idle / MEGABYTE, most / MEGABYTE, peakBytes() / MEGABYTE);
    assertThat(most - idle).isLessThan(more);
    // The heap, and as much again for code, classes, threads and buffers.
    assertThat(peakBytes()).isLessThan(2 * 256 * MEGABYTE);
  }

  @Test
  void anUploadOfAnyLengthTakesNoMemory() throws Exception {
    long bytes = bytes(64, 5 * 1024);
    Path file = folder.resolve("big");
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(bytes);
      for (long at = 0; at < bytes; at += bytes / 7) {
        sparse.seek(Math.min(at, bytes - 8));
        sparse.writeLong(at);
      }
    }
    long idle = liveBytes();
    AtomicLong most = new AtomicLong();
    AtomicLong lookAt = new AtomicLong();
    UploadClient client =
        new UploadClient(
            new ClientSettings(address, ApiFamily.APP, Duration.ofSeconds(30), null),
            AccessTokens.fixed(TOKEN));

    UploadReply reply =
        client.upload(
            null,
            ENV,
            "in/big",
            file,
            sent -> {
              if (sent >= lookAt.get()) {
                lookAt.addAndGet(bytes / 5);
                most.accumulateAndGet(live(), Math::max);
              }
            });

    assertThat(reply).isEqualTo(new UploadReply.Uploaded(bytes));
    assertThat(most.get()).as("it was looked at").isPositive();
    assertFlat("upload", bytes, idle, most.get(), UPLOAD_BYTES);
    try (FileStorage storage = FileStorage.open(folder.resolve("storage"))) {
      String version = storage.look(ENV, "in/big").version();
      assertThat(storage.look(ENV, "in/big").length()).isEqualTo(bytes);
      try (InputStream stored = storage.open(ENV, "in/big", version, 0);
          InputStream sent = Files.newInputStream(file)) {
        assertSame(stored, sent);
      }
    }
  }

  private long live() {
    try {
      return liveBytes();
    } catch (IOException failure) {
      throw new AssertionError(failure);
    }
  }

  private static void assertSame(InputStream stored, InputStream sent) throws IOException {
    int block = 1 << 20;
    for (byte[] one = stored.readNBytes(block); one.length > 0; one = stored.readNBytes(block)) {
      assertThat(Arrays.equals(one, sent.readNBytes(block))).isTrue();
    }
    assertThat(sent.read()).isEqualTo(-1);
  }

  /** Documents of a kilobyte, a line each, made as they are read. */
  private static final class Documents extends InputStream {
    static final int LINE_BYTES = 1024;
    private final long count;
    private long made;
    private byte[] line = new byte[0];
    private int at;

    Documents(long count) {
      this.count = count;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int from, int length) {
      Objects.checkFromIndexSize(from, length, bytes.length);
      if (at == line.length) {
        if (made == count) {
          return -1;
        }
        String start = "{\"_id\":\"%012d\",\"n\":%d,\"text\":\"".formatted(made, made);
        String whole = start + "x".repeat(LINE_BYTES - start.length() - 3) + "\"}\n";
        line = whole.getBytes(StandardCharsets.UTF_8);
        made++;
        at = 0;
      }
      int taken = Math.min(length, line.length - at);
      System.arraycopy(line, at, bytes, from, taken);
      at += taken;
      return taken;
    }
  }

  @Test
  void anImportOfAnyLengthTakesNoMemoryAndLosesNothing() throws Exception {
    long bytes = bytes(30, 10 * 1024);
    long count = bytes / Documents.LINE_BYTES;
    try (FileStorage storage = FileStorage.open(folder.resolve("storage"))) {
      assertThat(storage.store(ENV, "big.json", new Documents(count))).isEqualTo(bytes);
    }
    assertThat(errcode(post("/tcb/databasecollectionadd", "\"collection_name\":\"big\""))).isZero();
    long idle = liveBytes();
    JsonNode started =
        post(
            "/tcb/databasemigrateimport",
            "\"collection_name\":\"big\",\"file_path\":\"big.json\",\"file_type\":1,"
                + "\"stop_on_error\":false,\"conflict_mode\":1");
    assertThat(errcode(started)).isZero();
    String job = "\"job_id\":" + started.path("job_id").longValue();
    AtomicLong most = new AtomicLong();
    AtomicLong lookAt = new AtomicLong();

    Eventually.isTrue(
        "the job has ended",
        LONG,
        () -> {
          JsonNode state = post("/tcb/databasemigratequeryinfo", job);
          // Not at each look: a look at the heap stops the import for a collection.
          if (state.path("record_success").longValue() >= lookAt.get()) {
            lookAt.set(state.path("record_success").longValue() + count / 20);
            most.accumulateAndGet(liveBytes(), Math::max);
          }
          String status = state.path("status").stringValue();
          return status.equals("success") || status.equals("fail");
        });

    JsonNode end = post("/tcb/databasemigratequeryinfo", job);
    assertThat(end.path("status").stringValue()).as(end.toString()).isEqualTo("success");
    assertThat(end.path("record_success").longValue()).isEqualTo(count);
    assertThat(end.path("record_fail").longValue()).isZero();
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "select count(*), sum((doc->>'n')::numeric) from \"big-env\".big")) {
      assertThat(row.next()).isTrue();
      assertThat(row.getLong(1)).isEqualTo(count);
      assertThat(row.getLong(2)).isEqualTo(count * (count - 1) / 2);
    }
    assertFlat("import", bytes, idle, most.get(), IMPORT_BYTES);
  }

  private JsonNode post(String path, String parameters) throws Exception {
    return JsonMapper.shared()
        .readTree(
            http.send(
                    HttpRequest.newBuilder(address.resolve(path + "?access_token=" + TOKEN))
                        .timeout(Duration.ofSeconds(60))
                        .POST(
                            BodyPublishers.ofString("{\"env\":\"" + ENV + "\"," + parameters + "}"))
                        .build(),
                    BodyHandlers.ofString())
                .body());
  }

  private static int errcode(JsonNode answer) {
    return answer.path("errcode").intValue();
  }
}
