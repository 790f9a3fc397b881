package io.dbimport.cli;

import io.dbimport.cli.Screen.Look;
import io.dbimport.cli.Setting.Group;
import io.dbimport.cli.Table.Cell;
import io.dbimport.kafka.KafkaSettings;
import io.dbimport.kafka.Topics;
import io.dbimport.kafka.Topics.Severity;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code topics check}: lists them and says what is not as it must be. */
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Lists the topics and says what to change, in them and in the cluster; exit code 1 when"
            + " something is wrong, 0 with warnings only.")
final class TopicsCheckCommand implements Callable<Integer> {
  private final SettingsFlags flags = new SettingsFlags(Group.KAFKA);

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Spec
  void spec(CommandSpec spec) {
    flags.addTo(spec);
  }

  @Override
  public Integer call() throws InterruptedException {
    Settings settings = flags.read();
    Logs.quiet(settings);
    KafkaSettings kafka = Wiring.kafka(settings);
    try (Admin admin = KafkaReach.open(kafka);
        Screen screen = Screen.open()) {
      Topics topics = new Topics(admin, kafka.topicPrefix(), Wiring.remembered(settings));
      Map<String, Topics.Topic> found = topics.describe();
      List<Topics.Problem> problems = topics.check();
      if (json) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("topics", found.values());
        all.put("problems", TopicProblems.of(problems, Severity.ERROR));
        all.put("warnings", TopicProblems.of(problems, Severity.WARNING));
        screen.line(Json.pretty(all));
        return exitCode(problems);
      }
      Table table = new Table(List.of("TOPIC", "PARTITIONS", "COPIES", "RETENTION", "CLEANUP"));
      for (Topics.Topic topic : found.values()) {
        table.row(
            List.of(
                Cell.of(topic.name()),
                Cell.number(topic.partitions()),
                Cell.number(topic.replicas()),
                Cell.of(retention(topic)),
                Cell.of(topic.config().getOrDefault("cleanup.policy", ""))));
      }
      if (!found.isEmpty()) {
        table.print(screen);
      }
      return tell(screen, problems);
    } catch (KafkaException refused) {
      throw KafkaReach.failed(kafka, refused);
    }
  }

  private static String retention(Topics.Topic topic) {
    long millis = Long.parseLong(topic.config().getOrDefault("retention.ms", "-1"));
    return millis < 0 ? "for ever" : millis / 3_600_000 + " h";
  }

  /** Says what is wrong, if anything is. */
  static int tell(Screen screen, List<Topics.Problem> problems) {
    TopicProblems.sentences(problems, Severity.ERROR)
        .forEach(sentence -> screen.line(Look.BAD, sentence));
    TopicProblems.sentences(problems, Severity.WARNING)
        .forEach(sentence -> screen.line(Look.NOTE, "warning: " + sentence));
    if (problems.isEmpty()) {
      screen.line(Look.GOOD, "the topics are as the worker needs them");
    }
    return exitCode(problems);
  }

  private static int exitCode(List<Topics.Problem> problems) {
    return TopicProblems.of(problems, Severity.ERROR).isEmpty()
        ? ExitCode.DONE
        : ExitCode.IMPORT_FAILED;
  }
}
