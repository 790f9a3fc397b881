package io.dbimport.cli;

import io.dbimport.cli.Setting.Group;
import io.dbimport.cli.WorkerProcess.OnProblems;
import io.dbimport.kafka.WorkerEnd;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code worker}: consumes requests until it is told to stop. */
@Command(
    name = "worker",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Consumes import requests, calls the import API, publishes outcomes, and follows the jobs"
            + " to their end. Ends on SIGTERM or Ctrl-C: the first takes nothing new and finishes"
            + " what is open, the second ends at once.")
final class WorkerCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerCommand.class);
  private static final Duration LOOK = Duration.ofMillis(200);

  private final SettingsFlags flags =
      new SettingsFlags(Group.KAFKA, Group.WORKER, Group.API, Group.TOKEN, Group.LISTEN);

  @Spec
  void spec(CommandSpec spec) {
    flags.addTo(spec);
  }

  @Override
  public Integer call() throws InterruptedException {
    Settings settings = flags.read();
    StopSignal signal = StopSignal.listen(ExitCode.STOPPED_BEFORE_DRAINED);
    try (WorkerProcess worker = WorkerProcess.start(settings, OnProblems.REFUSE)) {
      LOG.info(
          "worker of group {} calls {}; metrics and health at http://{}:{}",
          settings.text(Setting.GROUP_ID),
          settings.text(Setting.API_URL),
          settings.text(Setting.BIND),
          worker.port());
      boolean stopping = false;
      while (true) {
        Optional<WorkerEnd> end = worker.awaitEnd(LOOK);
        if (end.isPresent()) {
          return exitCode(end.get());
        }
        if (signal.arrived() && !stopping) {
          stopping = true;
          LOG.info("SIG{}: stopping; the same again ends at once", signal.name());
          worker.stop();
        }
      }
    }
  }

  /** Says why the worker ended, and gives the code for it. */
  static int exitCode(WorkerEnd end) {
    return switch (end) {
      case WorkerEnd.Drained() -> {
        LOG.info("drained: every call was answered, and all of it is committed");
        yield ExitCode.DONE;
      }
      case WorkerEnd.NotHandedOver(Set<Integer> partitions) -> {
        LOG.warn(
            "drained: every call was answered, and all of it is committed; but Kafka did not take"
                + " partitions {} back: they rest until it has given this worker up",
            partitions);
        yield ExitCode.DONE;
      }
      case WorkerEnd.StoppedBeforeDrained(String what) -> {
        LOG.warn("stopped before it was drained: {}", what);
        yield ExitCode.STOPPED_BEFORE_DRAINED;
      }
      case WorkerEnd.InstanceIdInUse(String what) -> {
        LOG.error("{}: give each worker its own {}", what, Setting.INSTANCE_ID.variable());
        yield ExitCode.BAD_SETTINGS;
      }
      case WorkerEnd.NotAuthorised(String what) -> {
        LOG.error("Kafka does not let this worker in: {}", what);
        yield ExitCode.NOT_AUTHORISED;
      }
      case WorkerEnd.Broken(Throwable cause) -> {
        LOG.error("the worker broke", cause);
        yield ExitCode.INTERNAL_ERROR;
      }
    };
  }
}
