package io.dbimport.cli;

import io.dbimport.cli.Setting.Group;
import io.dbimport.cli.Table.Cell;
import io.dbimport.client.PlainWords;
import io.dbimport.server.App;
import io.dbimport.server.AppsEditor;
import io.dbimport.server.AppsFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code apps}: who may call the server, as its file has it. */
@Command(
    name = "apps",
    mixinStandardHelpOptions = true,
    description =
        "Lists and edits the file of the server's apps. A running server takes a change at the"
            + " next call.")
final class AppsCommand implements Runnable {
  private static final String MASK = "***";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "apps what? " + String.join(", ", spec.subcommands().keySet()));
  }

  /** The file that every one of them is about. */
  @Command // which picocli wants of a mixin without options in its fields
  static final class InFile {
    private final SettingsFlags flags =
        new SettingsFlags(Group.SERVER_APPS).making(Setting.SERVER_APPS);

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    @Spec
    void flags(CommandSpec own) {
      flags.addTo(own);
    }

    private Path file() {
      Settings settings = flags.read();
      Logs.quiet(settings);
      return settings
          .path(Setting.SERVER_APPS)
          .orElseThrow(() ->
              Wiring.badSettings(
                  Setting.SERVER_APPS.variable() + ": required: the file of the server's apps"));
    }

    /** What is done with the file. */
    interface Edit {
      void on(AppsEditor apps);
    }

    /** Edits the file, and says what a server would not take of it. */
    void edit(Edit edit) {
      Path file = file();
      try {
        AppsEditor apps = AppsEditor.open(file);
        if (apps.readByOthers()) {
          warn(file + " holds secrets, and others than its owner can read it: chmod 600");
        }
        edit.on(apps);
        apps.save();
      } catch (IOException failure) {
        throw Wiring.badSettings(file + " cannot be read or written: " + PlainWords.of(failure));
      } catch (IllegalArgumentException wrong) {
        throw Wiring.badSettings(String.valueOf(wrong.getMessage()));
      }
      try {
        var _ = AppsFile.read(file);
      } catch (IllegalArgumentException wrong) {
        warn("a server does not take the file as it is: " + wrong.getMessage());
      }
    }

    private void warn(String what) {
      spec.commandLine().getErr().println(Masking.mask("warning: " + what));
    }

    List<App> read() {
      try {
        return AppsFile.read(file());
      } catch (IllegalArgumentException wrong) {
        throw Wiring.badSettings(String.valueOf(wrong.getMessage()));
      }
    }
  }

  private static void show(String appid, String secret) {
    try (Screen screen = Screen.open()) {
      screen.line("The secret of " + appid + ", shown this once:");
      screen.line(secret);
    }
  }

  @Command(name = "list", mixinStandardHelpOptions = true, description = "Lists the apps.")
  void list(@Mixin InFile in, @Option(names = "--json", description = "Print JSON.") boolean json) {
    List<App> apps = in.read();
    try (Screen screen = Screen.open()) {
      if (json) {
        screen.line(Json.pretty(apps.stream().map(AppsCommand::asJson).toList()));
        return;
      }
      Table table = new Table(List.of("APPID", "SECRET", "TOKENS", "CLOUD", "ENVIRONMENTS"));
      for (App app : apps) {
        table.row(
            List.of(
                Cell.of(app.appid()),
                Cell.of(app.secret() == null ? "-" : MASK),
                Cell.number(app.tokens().size()),
                Cell.of(app.cloudDevelopment() ? "on" : "off"),
                Cell.of(String.join(", ", app.environments()))));
      }
      table.print(screen);
    }
  }

  private static Map<String, Object> asJson(App app) {
    Map<String, Object> one = new LinkedHashMap<>();
    one.put("appid", app.appid());
    one.put("has_secret", app.secret() != null);
    one.put("tokens", app.tokens().size());
    one.put("environments", app.environments());
    one.put("cloud_development", app.cloudDevelopment());
    return one;
  }

  @Command(
      name = "add",
      mixinStandardHelpOptions = true,
      description = "Adds an app, makes its secret and prints it once.")
  void add(
      @Mixin InFile in,
      @Parameters(paramLabel = "APPID") String appid,
      @Option(
              names = "--env",
              paramLabel = "NAME",
              required = true,
              split = ",",
              description = "An environment of its own; may be repeated.")
          List<String> environments,
      @Option(names = "--no-cloud", description = "Cloud development is off: 85088.")
          boolean noCloud) {
    String[] secret = new String[1];
    in.edit(apps -> secret[0] = apps.add(appid, environments, !noCloud));
    show(appid, secret[0]);
  }

  @Command(name = "remove", mixinStandardHelpOptions = true, description = "Takes an app away.")
  void remove(@Mixin InFile in, @Parameters(paramLabel = "APPID") String appid) {
    in.edit(apps -> apps.remove(appid));
  }

  @Command(
      name = "secret",
      mixinStandardHelpOptions = true,
      description = "Gives an app a new secret and prints it once; tokens it has stay good.")
  void secret(@Mixin InFile in, @Parameters(paramLabel = "APPID") String appid) {
    String[] secret = new String[1];
    in.edit(apps -> secret[0] = apps.renewSecret(appid));
    show(appid, secret[0]);
  }
}
