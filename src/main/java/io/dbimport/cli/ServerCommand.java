package io.dbimport.cli;

import io.dbimport.cli.Setting.Group;
import java.net.URI;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code server}: the import service until it is told to stop. */
@Command(
    name = "server",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "The import service itself: the same HTTP API over PostgreSQL, with metrics and health on"
            + " the same port. Ends on SIGTERM or Ctrl-C; running jobs go on at the next start.")
final class ServerCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(ServerCommand.class);

  private final SettingsFlags flags =
      new SettingsFlags(Group.SERVER, Group.SERVER_APPS, Group.FILES, Group.TOKEN, Group.LISTEN);

  @Spec
  void spec(CommandSpec spec) {
    flags.addTo(spec);
  }

  @Override
  public Integer call() throws InterruptedException {
    Settings settings = flags.read();
    StopSignal signal = StopSignal.listen(ExitCode.STOPPED_BEFORE_DRAINED);
    try (ServerProcess server = ServerProcess.start(settings)) {
      LOG.info("{}", at(server.uri(), settings.text(Setting.BIND)));
      signal.await();
      LOG.info("SIG{}: stopping; the same again ends at once", signal.name());
    }
    return ExitCode.DONE;
  }

  /** Where it is, and who can reach it. */
  static String at(URI uri, String bind) {
    return "server at %s, metrics and health included%s"
        .formatted(
            uri, Wiring.isLoopback(bind) ? "" : "; bound to " + bind + ", so others reach it too");
  }
}
