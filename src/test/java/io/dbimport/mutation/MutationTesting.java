package io.dbimport.mutation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs PIT, and fails unless exactly those mutants survive that are known. PIT's own plugin for
 * Maven knows no toolchains; its command line, in a process of its own, has this one's Java.
 */
final class MutationTesting {
  private MutationTesting() {}

  /**
   * Breaks the code and ends with 1 when the report is not as the list says.
   *
   * @param args the directory for the report, the list of known survivors, and PIT's arguments
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    Path report = Path.of(args[0], "mutations.csv");
    Files.deleteIfExists(report);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-classpath");
    command.add(System.getProperty("java.class.path"));
    command.add("org.pitest.mutationtest.commandline.MutationCoverageReport");
    command.add("--reportDir=" + args[0]);
    command.addAll(List.of(args).subList(2, args.length));
    int exit = new ProcessBuilder(command).inheritIO().start().waitFor();
    if (exit != 0 || !Files.exists(report)) {
      System.err.println("PIT ended with " + exit);
      System.exit(1);
    }
    List<String> problems =
        Survivors.compare(Files.readAllLines(report), Files.readAllLines(Path.of(args[1])));
    problems.forEach(System.err::println);
    if (!problems.isEmpty()) {
      System.err.println("write a test, or a reason in " + args[1]);
      System.exit(1);
    }
  }
}
