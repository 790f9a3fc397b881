package io.dbimport.chaos;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * An API on plain sockets that notes every import, with the answer it chose for it, before it
 * answers or does worse. A job is {@code success} at the second look at it. It can refuse
 * connections, hang, and take only the newest token. Thread-safe.
 */
final class EvilApi implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final Set<String> IMPORTS =
      Set.of("/componenttcb/dbimport", "/tcb/databasemigrateimport");
  private static final Set<String> STATES =
      Set.of("/componenttcb/dbmigrationstate", "/tcb/databasemigratequeryinfo");
  private static final String TOKENS = "/token";
  private static final Duration SLOW = Duration.ofMillis(300);

  private static final Duration TOKEN_COMES_LATE = Duration.ofMillis(150);

  /** Longer than any caller waits. */
  private static final Duration FOREVER = Duration.ofSeconds(30);

  /** Chooses what is done with an import. Thread-safe. */
  interface Script {
    Script KIND = (_, _) -> Answer.OK;

    /**
     * The answer to an import.
     *
     * @param path names the request
     * @param nth how many have arrived for this request with a token that is taken, from 1
     */
    Answer answer(String path, int nth);
  }

  private final int port;
  private final Path file;
  private final FileChannel notes;
  private final Path tokenFile;
  private final Duration deadline;
  private final AtomicLong lastJobId = new AtomicLong(System.currentTimeMillis() * 1000);
  private final AtomicInteger imports = new AtomicInteger();
  private final AtomicInteger held = new AtomicInteger();
  private final Map<String, Integer> arrived = new ConcurrentHashMap<>();
  private final Map<Long, Integer> looks = new ConcurrentHashMap<>();
  private final Map<Long, Long> jobEnds = new ConcurrentHashMap<>();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private volatile CountDownLatch gate = new CountDownLatch(1);
  private volatile Script script = Script.KIND;
  private volatile int looksUntilEnd = 2;
  private volatile Duration delay = Duration.ZERO;
  private volatile @Nullable Answer looksAnswered;
  private volatile String token;
  private volatile @Nullable ServerSocket listening;

  private EvilApi(ServerSocket listening, Path folder, Duration deadline) throws IOException {
    this.port = listening.getLocalPort();
    this.file = folder.resolve("posts");
    this.notes = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.APPEND);
    this.tokenFile = folder.resolve("token");
    this.deadline = deadline;
    this.token = "token-0";
    writeToken();
    this.listening = listening;
    accept(listening);
  }

  /**
   * Starts listening on loopback, and answers kindly.
   *
   * @param folder gets the notes and the file with the token that is taken
   * @param deadline of one call, as the callers have it
   */
  static EvilApi start(Path folder, Duration deadline) throws IOException {
    return new EvilApi(listen(0), folder, deadline);
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + port);
  }

  Path tokenFile() {
    return tokenFile;
  }

  /** Where a service answers with the token that is taken. */
  URI tokenUri() {
    return uri().resolve(TOKENS);
  }

  /** A line for each import, as {@link Post} reads it. */
  Path notes() {
    return file;
  }

  /** What is done with imports that arrive from now on. */
  void play(Script next) {
    script = next;
  }

  /** Between noting an import and a kind answer. */
  void delay(Duration next) {
    delay = next;
  }

  /** Every call but an import is answered like this; null for what a kind API says. */
  void answerLooks(@Nullable Answer next) {
    looksAnswered = next;
  }

  /** Jobs are over when they have been looked at so often; usually twice. */
  void endJobsAtLook(int nth) {
    looksUntilEnd = nth;
  }

  /** Job to when it was first said that it has ended, in nanoseconds of the epoch. */
  Map<Long, Long> jobEnds() {
    return jobEnds;
  }

  /** Imports that arrived. */
  int imports() {
    return imports.get();
  }

  /** Imports whose answer is held now. */
  int held() {
    return held.get();
  }

  /** Lets every answer that is held go. */
  void release() {
    CountDownLatch opened = gate;
    gate = new CountDownLatch(1);
    opened.countDown();
  }

  /** Takes only a new token from now on, and writes it to the file a moment later. */
  void renewToken() throws IOException, InterruptedException {
    token = "token-" + (Integer.parseInt(token.substring(6)) + 1);
    pause(TOKEN_COMES_LATE);
    writeToken();
  }

  private void writeToken() throws IOException {
    Path fresh = tokenFile.resolveSibling("token-fresh");
    Files.writeString(fresh, token);
    Files.move(fresh, tokenFile, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Refuses connections; each of those there are is closed, politely, after one more answer. */
  synchronized void refuse() throws IOException {
    ServerSocket socket = listening;
    listening = null;
    if (socket != null) {
      socket.close();
    }
  }

  /** Refuses connections, and cuts those there are. */
  synchronized void shut() throws IOException {
    refuse();
    for (Socket each : open) {
      each.close();
    }
  }

  /** Takes connections again, at the same address. */
  synchronized void open() throws IOException {
    if (listening == null) {
      ServerSocket socket = listen(port);
      listening = socket;
      accept(socket);
    }
  }

  private static ServerSocket listen(int port) throws IOException {
    ServerSocket socket = new ServerSocket();
    socket.setReuseAddress(true);
    socket.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), 200);
    return socket;
  }

  private void accept(ServerSocket from) {
    Thread.ofVirtual()
        .start(() -> {
          while (!from.isClosed()) {
            try {
              Socket socket = from.accept();
              open.add(socket);
              Thread.ofVirtual().start(() -> serve(socket));
            } catch (IOException shut) {
              // The loop's condition tells an API that is shut from a caller that went away.
            }
          }
        });
  }

  private void serve(Socket socket) {
    try (socket) {
      socket.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(socket.getInputStream());
      OutputStream out = socket.getOutputStream();
      Request request = Request.read(in);
      while (request != null && answer(request, socket, out) && listening != null) {
        request = Request.read(in);
      }
    } catch (IOException gone) {
      // The caller went away, or the API was shut.
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(socket);
    }
  }

  private static long epochNanos() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }

  /** False when the connection is of no more use. */
  private boolean answer(Request request, Socket socket, OutputStream out)
      throws IOException, InterruptedException {
    if (IMPORTS.contains(request.path())) {
      return startImport(request, socket, out);
    }
    if (request.path().equals(TOKENS)) {
      send(out, JSON.createObjectNode().put("access_token", token).put("expires_in", 7200));
      return true;
    }
    Answer asked = looksAnswered;
    if (asked != null) {
      return act(asked, ok().put("job_id", 0), socket, out);
    }
    if (STATES.contains(request.path())) {
      long jobId = request.json().path("job_id").asLong(0);
      boolean done = looks.merge(jobId, 1, Integer::sum) >= looksUntilEnd;
      if (done) {
        jobEnds.putIfAbsent(jobId, epochNanos());
      }
      send(
          out,
          ok().put("status", done ? "success" : "writing")
              .put("record_success", done ? 1 : 0)
              .put("record_fail", 0)
              .put("error_msg", done ? "import finished" : "")
              .put("file_url", ""));
    } else {
      send(out, ok().set("info_list", JSON.createArrayNode()));
    }
    return true;
  }

  private boolean startImport(Request request, Socket socket, OutputStream out)
      throws IOException, InterruptedException {
    ObjectNode asked = (ObjectNode) request.json();
    String path = asked.path("file_path").asString("");
    Answer answer =
        request.token().equals(token)
            ? script.answer(path, arrived.merge(path, 1, Integer::sum))
            : Answer.EXPIRED_TOKEN;
    long jobId = lastJobId.incrementAndGet();
    asked.put("at", epochNanos()).put("answer", answer.name()).put("job_id", jobId);
    // One write of an appending channel: lines of imports at once do not mix.
    notes.write(ByteBuffer.wrap((asked + "\n").getBytes(StandardCharsets.UTF_8)));
    imports.incrementAndGet();
    return act(answer, ok().put("job_id", jobId), socket, out);
  }

  private boolean act(Answer answer, ObjectNode started, Socket socket, OutputStream out)
      throws IOException, InterruptedException {
    switch (answer) {
      case OK -> send(delay, out, started);
      case SLOW -> send(SLOW, out, started);
      case HELD -> {
        CountDownLatch released = gate;
        held.incrementAndGet();
        try {
          released.await();
        } finally {
          held.decrementAndGet();
        }
        send(out, started);
      }
      case LATE -> send(deadline.plus(SLOW), out, started);
      case DRIP -> {
        byte[] whole = whole("200 OK", started.toString());
        Duration each = deadline.multipliedBy(2).dividedBy(whole.length);
        for (byte one : whole) {
          pause(each);
          out.write(one);
        }
      }
      case HANG -> {
        pause(FOREVER);
        return false;
      }
      case RESET -> {
        socket.setSoLinger(true, 0);
        return false;
      }
      case CLOSE -> {
        return false;
      }
      case HALF -> {
        byte[] whole = whole("200 OK", started.toString());
        out.write(whole, 0, whole.length - started.toString().length() / 2);
        return false;
      }
      case GARBAGE -> out.write(whole("200 OK", "<html>We will be back soon</html>"));
      case HTTP_500 -> out.write(whole("500 Internal Server Error", "<html>500</html>"));
      case HTTP_503 -> out.write(whole("503 Service Unavailable", "<html>503</html>"));
      case REDIRECT -> out.write(whole("307 Temporary Redirect\r\nLocation: " + uri() + "/", ""));
      case TOO_MANY -> out.write(whole("429 Too Many Requests\r\nRetry-After: 1", ""));
      case TIMED_OUT -> send(out, code(-501002, "resource server timeout"));
      case MISSING -> send(out, code(-501000, "env not found"));
      case BUSY -> send(out, code(-1, "system error"));
      case EXPIRED_TOKEN -> send(out, code(42001, "access_token expired"));
      case APP_QUOTA -> send(out, code(45011, "api minute-quota reach limit"));
      case ENV_QUOTA -> send(out, code(-501003, "exceed request limit"));
    }
    return true;
  }

  private void send(Duration after, OutputStream out, ObjectNode answer)
      throws IOException, InterruptedException {
    pause(after);
    send(out, answer);
  }

  /** What an API takes its time with is not a test that waits for something. */
  private static void pause(Duration time) throws InterruptedException {
    TimeUnit.NANOSECONDS.sleep(time.toNanos());
  }

  private void send(OutputStream out, ObjectNode answer) throws IOException {
    out.write(whole("200 OK", answer.toString()));
  }

  private byte[] whole(String status, String body) {
    return ("HTTP/1.1 "
            + status
            + (listening == null ? "\r\nConnection: close" : "")
            + "\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: "
            + body.length()
            + "\r\n\r\n"
            + body)
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  private static ObjectNode ok() {
    return code(0, "ok");
  }

  private static ObjectNode code(int errcode, String errmsg) {
    return JSON.createObjectNode().put("errcode", errcode).put("errmsg", errmsg);
  }

  @Override
  public void close() {
    try {
      shut();
      notes.close();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** A request as far as this API reads it. Immutable. */
  private record Request(String path, String token, JsonNode json) {

    /** The next one; null when the caller has closed the connection before it. */
    static @Nullable Request read(InputStream in) throws IOException {
      String first = line(in);
      if (first == null) {
        return null;
      }
      String target = first.split(" ", -1)[1];
      int length = 0;
      List<String> headers = new ArrayList<>();
      for (String header = line(in); header != null && !header.isEmpty(); header = line(in)) {
        headers.add(header);
        String lower = header.toLowerCase(Locale.ROOT);
        if (lower.startsWith("content-length:")) {
          length = Integer.parseInt(lower.substring(15).strip());
        } else if (lower.startsWith("transfer-encoding:")) {
          throw new IOException("this API takes no chunks: " + headers);
        }
      }
      byte[] body = in.readNBytes(length);
      if (body.length < length) {
        throw new EOFException();
      }
      URI uri = URI.create(target);
      String query = uri.getQuery() == null ? "" : uri.getQuery();
      return new Request(uri.getPath(), query.replace("access_token=", ""), parsed(body));
    }

    private static JsonNode parsed(byte[] body) throws IOException {
      try {
        return JSON.readTree(body);
      } catch (JacksonException broken) {
        throw new IOException(broken);
      }
    }

    private static @Nullable String line(InputStream in) throws IOException {
      StringBuilder line = new StringBuilder();
      for (int next = in.read(); next != '\n'; next = in.read()) {
        if (next < 0) {
          return null;
        }
        if (next != '\r') {
          line.append((char) next);
        }
      }
      return line.toString();
    }
  }
}
