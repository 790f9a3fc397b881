package io.dbimport;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A worker as a process, told everything by its environment; what it logs goes to a file.
 * Thread-safe.
 */
public final class LaunchedWorker implements AutoCloseable {
  private static final Path PROGRAM = Path.of("target/dbimport/bin/dbimport").toAbsolutePath();
  private static final Pattern PORT =
      Pattern.compile("metrics and health at http://127\\.0\\.0\\.1:([0-9]+)");
  private static final Pattern SAMPLE = Pattern.compile("(?m)^([a-z_]+(?:\\{[^}]*})?) (\\S+)$");
  private static final HttpClient HTTP =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

  private final Process process;
  private final Path log;

  private LaunchedWorker(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /** Launches {@code bin/dbimport worker} and does not wait for anything. */
  static LaunchedWorker launch(Map<String, String> settings, Path log) throws IOException {
    return launch(List.of(PROGRAM.toString(), "worker"), settings, log);
  }

  /** Launches another program that is a worker, and does not wait for anything. */
  public static LaunchedWorker launch(List<String> command, Map<String, String> settings, Path log)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().retainAll(Set.of("PATH"));
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("JAVA_OPTS", "-Xmx256m");
    builder.environment().putAll(settings);
    builder.redirectErrorStream(true).redirectOutput(log.toFile());
    Process process = builder.start();
    // Also when the test's own JVM is told to end: no worker outlives it.
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly, "end-of-worker"));
    return new LaunchedWorker(process, log);
  }

  /** Writes a line to its standard input. */
  public void tell(String line) throws IOException {
    OutputStream in = process.getOutputStream();
    in.write((line + "\n").getBytes(StandardCharsets.UTF_8));
    in.flush();
  }

  public boolean alive() {
    return process.isAlive();
  }

  /** Whether it is stopped by a signal, as {@code freeze} does. */
  public boolean frozen() {
    try {
      String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
      // The state follows the name, which stands in parentheses.
      return stat.charAt(stat.lastIndexOf(')') + 2) == 'T';
    } catch (IOException ended) {
      return false;
    }
  }

  /** Whether it listens, and so has started. */
  public boolean listens() {
    return port().isPresent();
  }

  /** Whether it says that it is at work. */
  public boolean ready() {
    OptionalInt port = port();
    return port.isPresent() && get(port.getAsInt(), "/readyz").statusCode() == 200;
  }

  /** Every sample of its metrics, by name and tags as they stand there; none before it listens. */
  public Map<String, Double> metrics() {
    OptionalInt port = port();
    Map<String, Double> samples = new HashMap<>();
    if (port.isPresent()) {
      Matcher line = SAMPLE.matcher(get(port.getAsInt(), "/metrics").body());
      while (line.find()) {
        samples.put(line.group(1), Double.valueOf(line.group(2)));
      }
    }
    return samples;
  }

  /** SIGTERM. */
  public void terminate() {
    process.destroy();
  }

  /** SIGKILL; returns when the process is gone. */
  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** SIGSTOP: it does nothing more, and its connections stay. */
  public void freeze() throws IOException, InterruptedException {
    signal("STOP");
  }

  /** SIGCONT: it goes on as if no time had passed. */
  public void thaw() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String name) throws IOException, InterruptedException {
    int code =
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    if (code != 0) {
      throw new IOException("no SIG" + name + ": " + log);
    }
  }

  /** How it ended; waits for that. One that does not end shows its threads in its log. */
  public int exitCode() throws InterruptedException {
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      try {
        signal("QUIT");
      } catch (IOException failure) {
        throw new UncheckedIOException(failure);
      }
      boolean late = process.waitFor(2, TimeUnit.SECONDS);
      throw new AssertionError("the worker does not end" + (late ? " in time: " : ": ") + log);
    }
    return process.exitValue();
  }

  public String logged() {
    try {
      return Files.readString(log);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private OptionalInt port() {
    Matcher told = PORT.matcher(logged());
    return told.find() ? OptionalInt.of(Integer.parseInt(told.group(1))) : OptionalInt.empty();
  }

  private static HttpResponse<String> get(int port, String path) {
    URI uri = URI.create("http://127.0.0.1:" + port + path);
    try {
      return HTTP.send(
          HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(10)).build(),
          HttpResponse.BodyHandlers.ofString());
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(stopped);
    }
  }

  /** Ends it at once if it still runs. */
  @Override
  public void close() {
    process.destroyForcibly();
  }
}
