package io.dbimport.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.fixtures.KafkaFixture;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the commands say of topics on one broker, which can give no more than one copy. */
final class TopicsCommandTest {
  private static final String ONE_COPY = "has one copy of each record: have 3, on as many brokers";

  @TempDir private Path folder = Path.of("");

  private final StringWriter err = new StringWriter();
  private String out = "";

  @Test
  void theBrokersOwnCountOfCopiesIsTheDefaultAndWarningsEndWith0() {
    assertThat(run("topics", "create", "--topic-prefix", "told", "--partitions", "2")).isZero();
    assertThat(out.lines()).filteredOn(line -> line.startsWith("made ")).hasSize(7);
    assertThat(out.lines().filter(line -> line.contains(ONE_COPY)))
        .as("one line for all that share it")
        .singleElement()
        .asString()
        .startsWith("warning: each of told.accepted, told.dead-letters, ");

    assertThat(run("topics", "create", "--topic-prefix", "told", "--partitions", "3")).isZero();
    assertThat(out)
        .contains(
            "all topics are there already\n",
            "told.requests has 2 partitions, not 3, and is left so\n");
    assertThat(run("topics", "create", "--topic-prefix", "told")).isZero();
    assertThat(out).as("nothing was asked").doesNotContain("is left so");

    assertThat(run("topics", "check", "--topic-prefix", "told")).isZero();
    assertThat(out).contains("COPIES", ONE_COPY).doesNotContain("as the worker needs them");
  }

  /** A worker that starts all the same does not end by itself. */
  @Test
  @Timeout(60)
  void problemsEndWith1AndAWorkersStartWith78() throws Exception {
    String prefix = KafkaFixture.freshTopics(1);
    set(prefix + ".ledger", "retention.ms", "1000");

    assertThat(run("topics", "check", "--topic-prefix", prefix)).isEqualTo(1);
    String problem =
        prefix
            + ".ledger keeps records for 1000 ms, which is less than 7 days: set retention.ms to"
            + " 604800000 or more";
    assertThat(out).contains(problem, "warning: ", ONE_COPY);

    Path token = Files.writeString(folder.resolve("token"), "planted-token-4");
    assertThat(
            run(
                "worker",
                "--topic-prefix",
                prefix,
                "--worker-port",
                "0",
                "--token-file",
                token.toString()))
        .isEqualTo(78);
    assertThat(err.toString())
        .isEqualTo("dbimport: the topics are not as the worker needs them:\n  " + problem + "\n");
  }

  @Test
  void programsReadProblemsAndWarningsApart() throws Exception {
    String prefix = KafkaFixture.freshTopics(1);
    set(prefix + ".requests", "cleanup.policy", "compact");

    assertThat(run("topics", "check", "--json", "--topic-prefix", prefix)).isEqualTo(1);
    JsonNode told = JsonMapper.builder().build().readTree(out);
    assertThat(told.path("topics")).hasSize(7);
    assertThat(told.path("topics").get(0).path("replicas").asInt(0)).isEqualTo(1);
    assertThat(told.path("problems")).hasSize(1);
    assertThat(told.path("problems").get(0).path("where").asString(""))
        .isEqualTo(prefix + ".requests");
    assertThat(told.path("problems").get(0).path("change").asString(""))
        .isEqualTo("set cleanup.policy to delete");
    assertThat(told.path("warnings").size()).isGreaterThanOrEqualTo(7);
  }

  private static void set(String topic, String name, String value) throws Exception {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    AlterConfigOp change =
        new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
    KafkaFixture.admin().incrementalAlterConfigs(Map.of(resource, List.of(change))).all().get();
  }

  /** What it prints goes to standard output, past picocli. */
  private int run(String... args) {
    List<String> all = new ArrayList<>(List.of(args));
    all.addAll(List.of("--kafka-bootstrap-servers", KafkaFixture.bootstrapServers()));
    CommandLine command = Main.commandLine();
    command.setErr(new PrintWriter(err, true));
    PrintStream before = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      return command.execute(all.toArray(String[]::new));
    } finally {
      System.setOut(before);
      out = printed.toString(StandardCharsets.UTF_8);
    }
  }
}
