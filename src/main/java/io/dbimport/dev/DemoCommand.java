package io.dbimport.dev;

import io.dbimport.cli.ExitCode;
import io.dbimport.cli.Logs;
import io.dbimport.cli.Screen;
import io.dbimport.cli.Screen.Look;
import io.dbimport.cli.Setting.Group;
import io.dbimport.cli.Settings;
import io.dbimport.cli.SettingsFlags;
import io.dbimport.cli.StopSignal;
import io.dbimport.dev.EmbeddedSystem.PortsToUse;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code demo}: the main job on sample files, start to end. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Starts a Kafka broker, a PostgreSQL, the server and a worker in this process, imports"
            + " sample files through them, shows what came of it, and leaves nothing behind.")
final class DemoCommand implements Callable<Integer> {
  private final SettingsFlags flags = new SettingsFlags(Group.WORKER, Group.TOKEN);

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
      screen.line(
          Look.STRONG, "dbimport demo: Kafka request -> worker -> HTTPS -> server -> PostgreSQL");
      screen.line("");
      boolean good;
      try (EmbeddedSystem system =
          EmbeddedSystem.start(screen, signal, settings, keep, PortsToUse.FREE)) {
        good = new Demo(screen, signal, system).run();
        screen.line("");
        screen.progress("stopping", 0, 1);
      }
      screen.line(
          good ? Look.GOOD : Look.BAD,
          good
              ? "Done: every request came to the end it should have. Next: dbimport dev"
              : "Some request did not come to the end it should have.");
      return good ? ExitCode.DONE : ExitCode.IMPORT_FAILED;
    } catch (InterruptedException stopped) {
      return ExitCode.INTERRUPTED;
    }
  }
}
