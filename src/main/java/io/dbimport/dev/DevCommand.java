package io.dbimport.dev;

import io.dbimport.cli.ExitCode;
import io.dbimport.cli.Logs;
import io.dbimport.cli.Ports;
import io.dbimport.cli.Screen;
import io.dbimport.cli.Screen.Look;
import io.dbimport.cli.Setting;
import io.dbimport.cli.Setting.Group;
import io.dbimport.cli.Settings;
import io.dbimport.cli.SettingsFlags;
import io.dbimport.cli.StopSignal;
import io.dbimport.cli.Wiring;
import io.dbimport.dev.EmbeddedSystem.PortsToUse;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dev}: everything, up until Ctrl-C. */
@Command(
    name = "dev",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Starts a Kafka broker, a PostgreSQL, the server and a worker in this process, prints"
            + " where they are, and keeps them up until Ctrl-C.")
final class DevCommand implements Callable<Integer> {
  private static final int KAFKA_PORT = 9092;
  private static final int DATABASE_PORT = 5433;

  private final SettingsFlags flags = new SettingsFlags(Group.DEV, Group.WORKER, Group.TOKEN);

  @Option(names = "--keep", description = "Keep the data in ./dbimport-data.")
  private boolean keep;

  @Spec
  void spec(CommandSpec spec) {
    flags.addTo(spec);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Settings settings = flags.read();
    Logs.quiet(settings);
    StopSignal signal = StopSignal.listen(ExitCode.INTERRUPTED);
    try (Screen screen = Screen.open()) {
      screen.line(Look.STRONG, "dbimport dev");
      screen.line("");
      try (EmbeddedSystem system =
          EmbeddedSystem.start(screen, signal, settings, keep, ports(settings))) {
        tell(screen, system);
        signal.await();
        screen.line("");
        screen.line(Look.FAINT, "stopping");
      }
      return ExitCode.DONE;
    } catch (InterruptedException stopped) {
      return ExitCode.INTERRUPTED;
    }
  }

  /** A port that was asked for is used or refused; a usual one gives way to a free one. */
  private static PortsToUse ports(Settings settings) throws IOException {
    return new PortsToUse(
        settings.isSet(Setting.DEV_KAFKA_PORT)
            ? settings.number(Setting.DEV_KAFKA_PORT)
            : Ports.freeOr(KAFKA_PORT),
        settings.isSet(Setting.DEV_DATABASE_PORT)
            ? settings.number(Setting.DEV_DATABASE_PORT)
            : Ports.freeOr(DATABASE_PORT),
        usual(settings, Setting.SERVER_PORT),
        usual(settings, Setting.WORKER_PORT));
  }

  private static int usual(Settings settings, Setting port) throws IOException {
    int number = settings.number(port);
    return settings.isSet(port) ? number : Ports.freeOr(number);
  }

  private static void tell(Screen screen, EmbeddedSystem system) {
    Settings settings = system.settings();
    String env = Wiring.environments(settings).getFirst();
    String kafka = settings.text(Setting.KAFKA_BOOTSTRAP_SERVERS);
    String prefix = settings.text(Setting.TOPIC_PREFIX);
    screen.line("");
    screen.line(Look.STRONG, "Everything is up until Ctrl-C. In another terminal:");
    screen.line("");
    screen.line("  export DBIMPORT_KAFKA_BOOTSTRAP_SERVERS=" + kafka);
    screen.line("  export DBIMPORT_API_URL=" + settings.text(Setting.API_URL));
    screen.line("  export DBIMPORT_API_CA=" + system.certificate());
    screen.line(tokenLine(system.token()));
    screen.line("");
    String program = System.getProperty("dbimport.program", "dbimport");
    screen.line(
        "  "
            + program
            + " submit --env "
            + env
            + " --collection NAME --create-collection --wait FILE");
    screen.line("  kcat -b " + kafka + " -C -t " + prefix + ".finished");
    screen.line("  psql " + system.databaseAddress());
    screen.line("  curl " + system.workerAddress() + "/metrics");
  }

  /**
   * What to paste for the token.
   *
   * @param token the built-in one; empty for one of the user's own, which is not shown
   */
  static String tokenLine(Optional<String> token) {
    return token
        .map(builtIn -> "  export DBIMPORT_TOKEN=" + builtIn)
        .orElse("  # and DBIMPORT_TOKEN, the one you gave");
  }
}
