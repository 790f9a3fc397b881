package io.dbimport.cli;

import io.dbimport.kafka.Clients;
import io.dbimport.kafka.KafkaSettings;
import io.dbimport.kafka.Topics;
import io.dbimport.kafka.Topics.Severity;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.PolicyViolationException;

/** Finds out at the start whether Kafka is there and as it must be. Stateless. */
public final class KafkaReach {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private KafkaReach() {}

  /**
   * An admin client of a cluster that answers. Waits for it 30 seconds at most.
   *
   * @throws CommandFailed when it does not answer (69), does not let us in (77), or its address
   *     cannot be used (78)
   */
  public static Admin open(KafkaSettings settings) throws InterruptedException {
    Admin admin;
    try {
      admin = new Clients(settings).admin();
    } catch (KafkaException wrong) {
      throw badProperties(wrong);
    }
    try {
      int millis = (int) PATIENCE.toMillis();
      admin
          .describeCluster(new DescribeClusterOptions().timeoutMs(millis))
          .nodes()
          .get(millis + 1000L, TimeUnit.MILLISECONDS);
      return admin;
    } catch (ExecutionException failure) {
      admin.close(Duration.ZERO);
      throw failed(settings, Objects.requireNonNullElse(failure.getCause(), failure));
    } catch (TimeoutException silent) {
      admin.close(Duration.ZERO);
      throw unreachable(settings);
    }
  }

  /**
   * Makes sure that the topics are as the worker needs them. Returns what should be otherwise
   * though a worker can do with it, a sentence each.
   *
   * @throws CommandFailed when they are not: says what to change (78), or that nobody may look (77)
   */
  public static List<String> requireTopics(Admin admin, KafkaSettings settings, Duration remembered)
      throws InterruptedException {
    List<Topics.Problem> problems = problems(admin, settings, remembered);
    List<String> errors = TopicProblems.sentences(problems, Severity.ERROR);
    if (!errors.isEmpty()) {
      throw new CommandFailed(
          ExitCode.BAD_SETTINGS,
          "the topics are not as the worker needs them:\n  " + String.join("\n  ", errors));
    }
    return TopicProblems.sentences(problems, Severity.WARNING);
  }

  /** Everything that is not as the worker needs it. */
  static List<Topics.Problem> problems(Admin admin, KafkaSettings settings, Duration remembered)
      throws InterruptedException {
    try {
      return new Topics(admin, settings.topicPrefix(), remembered).check();
    } catch (KafkaException failure) {
      throw failed(settings, failure);
    }
  }

  /** What a failure of Kafka's clients means to whoever typed the command. */
  public static CommandFailed failed(KafkaSettings settings, Throwable failure) {
    if (failure instanceof AuthorizationException || failure instanceof AuthenticationException) {
      return new CommandFailed(
          ExitCode.NOT_AUTHORISED, "Kafka does not let this client in: " + failure.getMessage());
    }
    if (failure instanceof org.apache.kafka.common.errors.TimeoutException) {
      return unreachable(settings);
    }
    boolean asked =
        failure instanceof InvalidReplicationFactorException
            || failure instanceof InvalidPartitionsException
            || failure instanceof PolicyViolationException;
    return new CommandFailed(
        asked ? ExitCode.USAGE : ExitCode.INTERNAL_ERROR, "Kafka refuses: " + failure.getMessage());
  }

  private static CommandFailed unreachable(KafkaSettings settings) {
    return new CommandFailed(
        ExitCode.KAFKA_UNREACHABLE,
        "no Kafka broker answered at %s for %d seconds; is it running, and is %s right?"
            .formatted(
                settings.clientProperties().get("bootstrap.servers"),
                PATIENCE.toSeconds(),
                Setting.KAFKA_BOOTSTRAP_SERVERS.variable()));
  }

  private static CommandFailed badProperties(KafkaException wrong) {
    Throwable cause = wrong.getCause() == null ? wrong : wrong.getCause();
    return new CommandFailed(
        ExitCode.BAD_SETTINGS,
        "Kafka's client cannot use its settings (%s among them): %s"
            .formatted(Setting.KAFKA_BOOTSTRAP_SERVERS.variable(), cause.getMessage()));
  }
}
