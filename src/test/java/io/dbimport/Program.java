package io.dbimport;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * {@code bin/dbimport} as a process with no environment but what a test gives it; what it prints
 * goes to files. Thread-safe.
 */
final class Program implements AutoCloseable {
  static final Path HOME = Path.of("target/dbimport").toAbsolutePath();

  private final Process process;
  private final Path out;
  private final Path err;

  private Program(Process process, Path out, Path err) {
    this.process = process;
    this.out = out;
    this.err = err;
  }

  /** Launches it and does not wait for anything. */
  static Program launch(Path folder, Map<String, String> settings, String... args)
      throws IOException {
    return launch(HOME, folder, settings, args);
  }

  /** Launches a copy of it. */
  static Program launch(Path home, Path folder, Map<String, String> settings, String... args)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(home.resolve("bin/dbimport").toString());
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().keySet().retainAll(Set.of("PATH"));
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().putAll(settings);
    Path out = Files.createTempFile(folder, args[0] + "-", ".out");
    Path err = Files.createTempFile(folder, args[0] + "-", ".err");
    builder.redirectOutput(out.toFile()).redirectError(err.toFile());
    return new Program(builder.start(), out, err);
  }

  /** What it printed on standard output so far. */
  String out() {
    return read(out);
  }

  /** What it printed on standard error so far, its log included. */
  String err() {
    return read(err);
  }

  /** How it ended; waits for that. */
  int exitCode() throws InterruptedException {
    if (!process.waitFor(120, TimeUnit.SECONDS)) {
      throw new AssertionError("it does not end\n" + out() + err());
    }
    return process.exitValue();
  }

  boolean alive() {
    return process.isAlive();
  }

  /** Ctrl-C. */
  void interrupt() throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
  }

  /** SIGTERM. */
  void terminate() {
    process.destroy();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** Ends it at once if it still runs. */
  @Override
  public void close() {
    process.destroyForcibly();
  }
}
