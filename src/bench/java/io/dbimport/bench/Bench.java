package io.dbimport.bench;

import java.nio.file.Files;
import java.nio.file.Path;

/** Runs one bench, prints its table, and leaves the same text in a file. Stateless. */
public final class Bench {
  static final Path FOLDER = Path.of("target/bench").toAbsolutePath();

  private Bench() {}

  /**
   * Runs it.
   *
   * @param args {@code peers}, {@code isolation}, {@code restore} or {@code import}, requests (or
   *     documents) of a run, runs
   */
  public static void main(String[] args) throws Exception {
    int requests = Integer.parseInt(args[1]);
    int runs = Integer.parseInt(args[2]);
    String name = args[0];
    String text =
        switch (name) {
          case "peers" -> new PeersBench(requests, runs).run();
          case "isolation" -> new IsolationBench(requests, runs).run();
          case "restore" -> new RestoreBench(requests, runs).run();
          case "import" -> new ImportBench(requests, runs).run();
          default -> throw new IllegalArgumentException("no bench: " + name);
        };
    Path file = FOLDER.resolve(name.equals("peers") ? "result.md" : name + ".md");
    Files.writeString(file, text);
    System.out.println();
    System.out.print(text);
    System.out.println("\nWritten to " + file);
  }
}
