package io.dbimport.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A process that is measured from outside; what it prints goes to a file. Thread-safe. */
final class Launched implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Pattern PEAK = Pattern.compile("VmHWM:\\s*([0-9]+) kB");

  private final Process process;
  private final Path log;

  private Launched(ProcessBuilder builder, Path log) throws IOException {
    Files.createDirectories(log.toAbsolutePath().getParent());
    this.log = log;
    this.process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    // Also when the bench is told to end: nothing that it started outlives it.
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly, "end-of-process"));
  }

  /** A main of this bench in a JVM of its own. */
  static Launched main(Path log, String classPath, String heap, Class<?> main, List<String> args)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx" + heap, "-cp", classPath, main.getName()));
    command.addAll(args);
    return new Launched(new ProcessBuilder(command), log);
  }

  /** The program as users run it, told everything by its environment. */
  static Launched program(Path log, String heap, String command, Map<String, String> settings)
      throws IOException {
    String program = Path.of("target/dbimport/bin/dbimport").toAbsolutePath().toString();
    ProcessBuilder builder = new ProcessBuilder(program, command);
    builder.environment().keySet().retainAll(List.of("PATH"));
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("JAVA_OPTS", "-Xmx" + heap);
    builder.environment().putAll(settings);
    return new Launched(builder, log);
  }

  /** Waits for a line that it prints; the pattern's first group of it. */
  String awaitLine(Pattern pattern) throws IOException, InterruptedException {
    long giveUpAt = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < giveUpAt && process.isAlive()) {
      Matcher line = pattern.matcher(Files.readString(log));
      if (line.find()) {
        return line.group(1);
      }
      Thread.sleep(20);
    }
    throw new IllegalStateException("it does not start, see " + log);
  }

  boolean alive() {
    return process.isAlive();
  }

  Path log() {
    return log;
  }

  /** Time of all processors that it has used. */
  Duration cpu() {
    return process.info().totalCpuDuration().orElse(Duration.ZERO);
  }

  /** The most memory that it had at once; 0 where the system does not say. */
  long peakMiB() throws IOException {
    Path status = Path.of("/proc", Long.toString(process.pid()), "status");
    Matcher peak = PEAK.matcher(Files.exists(status) ? Files.readString(status) : "");
    return peak.find() ? Long.parseLong(peak.group(1)) >> 10 : 0;
  }

  /** SIGTERM; returns when the process is gone. */
  void terminate() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      throw new IllegalStateException("it does not end on SIGTERM, see " + log);
    }
  }

  /** Ends it at once if it still runs. */
  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
