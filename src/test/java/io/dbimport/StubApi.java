package io.dbimport;

import io.helidon.http.Method;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * An API that takes every import and notes it before it answers, so that the notes hold every POST
 * that arrived, whatever became of its caller. A job is {@code success} at the second look at it.
 * Runs in a test's JVM or, through {@link #main}, as a process that may be killed. Thread-safe.
 */
public final class StubApi implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /**
   * A POST that arrived. Immutable.
   *
   * @param epochNanos when it was noted
   * @param jobId what it was answered, if the answer arrived
   */
  public record Import(
      long epochNanos,
      String env,
      String collectionName,
      String filePath,
      int fileType,
      boolean stopOnError,
      int conflictMode,
      long jobId) {}

  private final FileChannel log;
  private final Duration delay;
  private final WebServer server;
  // No two processes give the same id, and each fits a JSON number that any reader takes.
  private final AtomicLong lastJobId = new AtomicLong(System.currentTimeMillis() * 1000);
  private final Map<Long, Integer> looks = new ConcurrentHashMap<>();

  private StubApi(int port, FileChannel log, Duration delay) {
    this.log = log;
    this.delay = delay;
    HttpRouting.Builder routing = HttpRouting.builder();
    for (String path : List.of("/componenttcb/dbimport", "/tcb/databasemigrateimport")) {
      routing.route(Method.POST, path, this::startImport);
    }
    for (String path : List.of("/componenttcb/dbmigrationstate", "/tcb/databasemigratequeryinfo")) {
      routing.route(Method.POST, path, this::jobState);
    }
    for (String path : List.of("/componenttcb/describeenvs", "/tcb/getenvinfo")) {
      routing.any(
          path, (_, response) -> send(response, ok().set("info_list", JSON.createArrayNode())));
    }
    this.server =
        WebServer.builder()
            .address(InetAddress.getLoopbackAddress())
            .port(port)
            .shutdownHook(false)
            .routing(routing)
            .build()
            .start();
  }

  /**
   * Starts listening on loopback.
   *
   * @param port 0 for a free one
   * @param log is appended to, a line for each import
   * @param delay between noting an import and answering it
   */
  public static StubApi start(int port, Path log, Duration delay) {
    try {
      return new StubApi(
          port, FileChannel.open(log, StandardOpenOption.CREATE, StandardOpenOption.APPEND), delay);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /**
   * Runs until it is killed; prints its port on a line of its own.
   *
   * @param args port (0 for a free one), log file, delay in milliseconds
   */
  public static void main(String[] args) throws InterruptedException {
    Duration delay = Duration.ofMillis(args.length > 2 ? Long.parseLong(args[2]) : 0);
    try (StubApi api = start(Integer.parseInt(args[0]), Path.of(args[1]), delay)) {
      System.out.println(api.port());
      Thread.currentThread().join();
    }
  }

  /** Every import noted in the file, in the order they arrived; the last line may be cut off. */
  public static List<Import> imports(Path log) {
    try {
      String text = Files.readString(log);
      return text.substring(0, text.lastIndexOf('\n') + 1).lines().map(StubApi::noted).toList();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  public URI uri() {
    return URI.create("http://127.0.0.1:" + port());
  }

  public int port() {
    return server.port();
  }

  private void startImport(ServerRequest request, ServerResponse response)
      throws IOException, InterruptedException {
    ObjectNode asked = body(request);
    long jobId = lastJobId.incrementAndGet();
    Instant now = Instant.now();
    asked.put("at", now.getEpochSecond() * 1_000_000_000L + now.getNano()).put("job_id", jobId);
    ByteBuffer line = ByteBuffer.wrap((asked + "\n").getBytes(StandardCharsets.UTF_8));
    // One write of an appending channel: lines of calls at once do not mix.
    log.write(line);
    if (!delay.isZero()) {
      Thread.sleep(delay);
    }
    send(response, ok().put("job_id", jobId));
  }

  private void jobState(ServerRequest request, ServerResponse response) throws IOException {
    long jobId = body(request).path("job_id").asLong(0);
    boolean done = looks.merge(jobId, 1, Integer::sum) > 1;
    send(
        response,
        ok().put("status", done ? "success" : "writing")
            .put("record_success", done ? 1 : 0)
            .put("record_fail", 0)
            .put("error_msg", done ? "import finished" : "")
            .put("file_url", ""));
  }

  private static ObjectNode body(ServerRequest request) throws IOException {
    try (InputStream in = request.content().inputStream()) {
      return (ObjectNode) JSON.readTree(in);
    }
  }

  private static ObjectNode ok() {
    return JSON.createObjectNode().put("errcode", 0).put("errmsg", "ok");
  }

  private static void send(ServerResponse response, JsonNode answer) {
    response.header("Content-Type", "application/json; charset=utf-8");
    response.send(JSON.writeValueAsBytes(answer));
  }

  private static Import noted(String line) {
    JsonNode json = JSON.readTree(line);
    return new Import(
        json.path("at").longValue(),
        json.path("env").stringValue(),
        json.path("collection_name").stringValue(),
        json.path("file_path").stringValue(),
        json.path("file_type").intValue(),
        json.path("stop_on_error").booleanValue(),
        json.path("conflict_mode").intValue(),
        json.path("job_id").longValue());
  }

  @Override
  public void close() {
    server.stop();
    try {
      log.close();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
