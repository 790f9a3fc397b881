package io.dbimport.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class CommandLineTest {
  @TempDir private Path folder = Path.of("");

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @ParameterizedTest
  @ValueSource(
      strings = {
        "demo",
        "dev",
        "worker",
        "server",
        "submit",
        "check",
        "jobs",
        "topics",
        "apps",
        "settings"
      })
  void everyCommandHasHelp(String command) {
    assertThat(run(command, "--help")).isZero();
    assertThat(out.toString()).contains("Usage: dbimport " + command);
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void theHelpOfTheProgramNamesCommandsAndExitCodes() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString())
        .contains(
            "worker", "server", "submit", "check", "jobs", "topics", "settings", "demo", "dev")
        .contains("0", "64", "69", "70", "75", "77", "78", "130");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "wroker                                       | no command dbimport wroker; did you mean dbimport worker?",
        "zzz                                          | no command dbimport zzz",
        "jobs shwo 1                                  | no command dbimport jobs shwo; did you mean dbimport jobs show?",
        "topics creat                                 | did you mean dbimport topics create?",
        "console                                      | dbimport console is not built yet",
        "dead-letters list                            | dbimport dead-letters is not built yet",
        "unknown resolve --yes                        | dbimport unknown is not built yet",
        "jobs list                                    | dbimport jobs list is not built yet",
        "jobs watch 7                                 | dbimport jobs watch is not built yet",
        "worker --no-such-flag                        | --no-such-flag",
        "worker extra                                 | extra",
        "submit --env e --collection c                | FILE",
        "submit --env e absent.jsonl                  | --collection",
        "submit --env e --collection c absent.jsonl   | absent.jsonl is not there",
        "check                                        | FILE",
        "check absent.jsonl                           | absent.jsonl is not there",
        "check -                                      | --type json or --type csv",
        "check --type json - -                        | can be read once",
        "jobs                                         | show",
        "jobs show 1                                  | --env",
        "topics                                       | create",
        "topics create --partitions many              | option '--partitions': 'many' is no whole number",
        "topics create --replication-factor 99999     | : '99999' is no whole number",
        "jobs show one --env e                        | : 'one' is no whole number",
      })
  void wrongUseIsToldOnOneScreenAndEndsWith64(String line, String hint) {
    assertThat(run(line.strip().split(" "))).isEqualTo(64);
    assertThat(err.toString()).contains(hint);
    assertThat(err.toString().lines()).hasSizeLessThan(6);
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void noCommandIsWrongUse() {
    assertThat(run()).isEqualTo(64);
    assertThat(err.toString()).startsWith("which command?");
  }

  @Test
  void settingsThatCannotBeUsedEndWith78AndAreAllNamed() {
    assertThat(run("settings", "--tick", "never", "--api-url", "nowhere")).isEqualTo(78);
    assertThat(err.toString()).contains("--tick: \"never\"", "--api-url: \"nowhere\"");
  }

  @Test
  void aWorkerWithoutATokenEndsWith78() {
    assertThat(run("worker", "--worker-port", "0")).isEqualTo(78);
    assertThat(err.toString()).contains("DBIMPORT_TOKEN: the app's access token is required");
  }

  @Test
  void aServerWithoutADatabaseEndsWith78() throws IOException {
    assertThat(run("server", "--storage", "file:" + folder)).isEqualTo(78);
    assertThat(err.toString()).contains("DBIMPORT_DATABASE_URL: required");
  }

  @Test
  void aServerOffLoopbackNeedsATokenOfItsOwn() {
    assertThat(
            run(
                "server",
                "--storage",
                "file:" + folder,
                "--bind",
                "0.0.0.0",
                "--database-url",
                "jdbc:postgresql://127.0.0.1:1/none"))
        .isEqualTo(78);
    assertThat(err.toString()).contains("DBIMPORT_TOKEN: required").contains("not loopback");
  }

  @Test
  void aPortThatIsTakenEndsWith78AndIsNamed() throws IOException {
    Path token = Files.writeString(folder.resolve("token"), "planted-token-8");
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = Integer.toString(taken.getLocalPort());
      assertThat(run("worker", "--worker-port", port, "--token-file", token.toString()))
          .isEqualTo(78);
      assertThat(err.toString())
          .contains("DBIMPORT_WORKER_PORT: 127.0.0.1:" + port + " cannot be listened on");
    }
  }

  @Test
  void aFileThatTheImportWouldRefuseIsNotSent() throws IOException {
    Path file = Files.writeString(folder.resolve("bad.jsonl"), "{\"_id\":\"1\"}\n{\"_id\":}\n");
    Path token = Files.writeString(folder.resolve("token"), "planted-token-9");
    int code =
        run(
            "submit",
            "--env",
            "e",
            "--collection",
            "c",
            "--token-file",
            token.toString(),
            file.toString());
    assertThat(code).isEqualTo(1);
  }

  private int run(String... args) {
    CommandLine command = Main.commandLine();
    command.setOut(new PrintWriter(out, true));
    command.setErr(new PrintWriter(err, true));
    return command.execute(args);
  }
}
