package io.dbimport.cli;

import io.dbimport.cli.Screen.Look;
import io.dbimport.cli.Setting.Group;
import io.dbimport.kafka.KafkaSettings;
import io.dbimport.kafka.Topics;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code topics create}: makes those that are not there, and touches no other. */
@Command(
    name = "create",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Makes the topics that are not there; the others are left as they are.")
final class TopicsCreateCommand implements Callable<Integer> {
  private static final int PARTITIONS = 4;

  private final SettingsFlags flags = new SettingsFlags(Group.KAFKA);

  @Option(
      names = "--partitions",
      paramLabel = "COUNT",
      description = "Partitions of each: at most so many workers share the work. Default: 4.")
  private @Nullable Integer asked;

  @Option(
      names = "--replication-factor",
      paramLabel = "COUNT",
      defaultValue = "-1",
      description = "Copies of each; default: the broker's own.")
  private short replicationFactor;

  @Spec
  void spec(CommandSpec spec) {
    flags.addTo(spec);
  }

  @Override
  public Integer call() throws InterruptedException {
    Settings settings = flags.read();
    Logs.quiet(settings);
    int partitions = asked == null ? PARTITIONS : asked;
    if (partitions < 1 || (replicationFactor < 1 && replicationFactor != -1)) {
      throw new CommandFailed(
          ExitCode.USAGE, "--partitions and --replication-factor must be at least 1");
    }
    KafkaSettings kafka = Wiring.kafka(settings);
    try (Admin admin = KafkaReach.open(kafka);
        Screen screen = Screen.open()) {
      Topics topics = new Topics(admin, kafka.topicPrefix(), Wiring.remembered(settings));
      List<String> made = topics.create(partitions, replicationFactor);
      made.forEach(topic -> screen.line("made " + topic));
      if (made.isEmpty()) {
        screen.line("all topics are there already");
      }
      if (asked != null) {
        topics.describe().values().stream()
            .filter(topic -> topic.partitions() != partitions)
            .forEach(topic ->
                screen.line(
                    Look.NOTE,
                    "%s has %d partitions, not %d, and is left so"
                        .formatted(topic.name(), topic.partitions(), partitions)));
      }
      return TopicsCheckCommand.tell(screen, topics.check());
    } catch (KafkaException refused) {
      throw KafkaReach.failed(kafka, refused);
    }
  }
}
