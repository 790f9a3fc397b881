package io.dbimport;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.cli.Ports;
import io.dbimport.fixtures.Eventually;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program as people run it. */
final class ProgramIT {
  @TempDir Path folder;

  @Test
  void theDemoPrintsTheSameTableEachTimeAndLeavesNothingBehind() throws Exception {
    String first = demo();
    String second = demo();
    assertThat(table(first))
        .isEqualTo(table(second))
        .hasSize(10)
        .anyMatch(line -> line.matches(".*countries\\.jsonl .*insert +job success +250 +0"))
        .anyMatch(line -> line.matches(".*stop_on_error .*strict .*job fail +4 +1"))
        .anyMatch(line -> line.contains("malformed 47001"));
    assertThat(first).contains("中国", "الصين", "Done:");
  }

  private String demo() throws IOException, InterruptedException {
    Path temporary = Files.createTempDirectory(folder, "demo");
    try (Program demo = Program.launch(folder, temporaryFilesIn(temporary), "demo")) {
      assertThat(demo.exitCode()).as(demo.out() + demo.err()).isZero();
      assertThat(demo.err()).isEmpty();
      assertNothingLeftIn(temporary);
      return demo.out();
    }
  }

  private static List<String> table(String out) {
    return out.lines()
        .dropWhile(line -> !line.startsWith("What became of them"))
        .skip(1)
        .takeWhile(line -> !line.isBlank())
        .toList();
  }

  @Test
  void ctrlCInTheDemoLeavesNothingBehind() throws Exception {
    Path temporary = Files.createTempDirectory(folder, "demo");
    try (Program demo = Program.launch(folder, temporaryFilesIn(temporary), "demo")) {
      Eventually.isTrue("PostgreSQL is up", () -> demo.out().contains("PostgreSQL"));
      demo.interrupt();
      assertThat(demo.exitCode()).isEqualTo(130);
      assertThat(demo.err()).isEmpty();
      assertNothingLeftIn(temporary);
    }
  }

  /** The JVM's own file of counters stays for a moment after the process. */
  private static void assertNothingLeftIn(Path temporary) throws IOException {
    try (Stream<Path> left = Files.list(temporary)) {
      assertThat(left.filter(file -> !file.getFileName().toString().startsWith("hsperfdata")))
          .isEmpty();
    }
    assertThat(
            ProcessHandle.allProcesses()
                .flatMap(process -> process.info().commandLine().stream())
                .filter(line -> line.contains(temporary.toString())))
        .isEmpty();
  }

  private static Map<String, String> temporaryFilesIn(Path folder) {
    return Map.of("JAVA_OPTS", "-Djava.io.tmpdir=" + folder);
  }

  @Test
  void aWorkerWithoutABrokerSaysSoAndEndsWith69() throws Exception {
    String address = "127.0.0.1:" + Ports.free();
    Map<String, String> settings =
        Map.of(
            "DBIMPORT_KAFKA_BOOTSTRAP_SERVERS", address,
            "DBIMPORT_TOKEN", "any-token",
            "DBIMPORT_WORKER_PORT", "0");
    try (Program worker = Program.launch(folder, settings, "worker")) {
      assertThat(worker.exitCode()).isEqualTo(69);
      assertThat(worker.err())
          .contains(
              "dbimport: no Kafka broker answered at "
                  + address
                  + " for 30 seconds; is it running");
    }
  }

  @Test
  void anUnknownSettingEndsWith78AndASuggestion() throws Exception {
    Map<String, String> settings = Map.of("DBIMPORT_API_TIMOUT", "3s", "DBIMPORT_TICK", "now");
    try (Program worker = Program.launch(folder, settings, "worker")) {
      assertThat(worker.exitCode()).isEqualTo(78);
      assertThat(worker.err())
          .contains("DBIMPORT_API_TIMOUT: there is no such setting; did you mean DBIMPORT_API_TIME")
          .contains("DBIMPORT_TICK: \"now\" is not accepted");
    }
  }

  @Test
  void aProductionCopyNeedsNothingOfLibDev() throws Exception {
    Path copy = folder.resolve("copy");
    copy(Program.HOME, copy);
    try (Program settings = Program.launch(copy, folder, Map.of(), "settings", "--check")) {
      assertThat(settings.exitCode()).as(settings.err()).isZero();
      assertThat(settings.out()).isEqualTo("the settings are good\n");
    }
    try (Program demo = Program.launch(copy, folder, Map.of(), "demo")) {
      assertThat(demo.exitCode()).isEqualTo(64);
    }
    try (Program topics =
        Program.launch(
            copy,
            folder,
            Map.of("DBIMPORT_KAFKA_BOOTSTRAP_SERVERS", "no port"),
            "topics",
            "check")) {
      assertThat(topics.exitCode()).isEqualTo(78);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(f -> !f.startsWith(from.resolve("lib/dev"))).toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
  }
}
