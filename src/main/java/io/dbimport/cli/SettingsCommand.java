package io.dbimport.cli;

import io.dbimport.cli.Screen.Look;
import io.dbimport.cli.Setting.Group;
import io.dbimport.cli.Table.Cell;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code settings}: what every setting is, and where that comes from. */
@Command(
    name = "settings",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Prints the effective settings and where each comes from, secrets masked.")
final class SettingsCommand implements Callable<Integer> {
  private static final String MASK = "***";
  private static final int WIDE = 100;

  private final SettingsFlags flags = new SettingsFlags(Group.values());

  @Option(names = "--check", description = "Only say whether they are good.")
  private boolean check;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Spec
  void spec(CommandSpec spec) {
    flags.addTo(spec);
  }

  @Override
  public Integer call() {
    Settings settings = flags.read();
    try (Screen screen = Screen.open()) {
      if (check) {
        screen.line(Look.GOOD, "the settings are good");
      } else if (json) {
        screen.line(Json.pretty(asJson(settings)));
      } else {
        print(settings, screen);
      }
    }
    return ExitCode.DONE;
  }

  private static void print(Settings settings, Screen screen) {
    // Without meanings where they would only wrap; --help and --json have them.
    boolean wide = screen.width() >= WIDE;
    Table table =
        new Table(
            wide
                ? List.of("SETTING", "VALUE", "FROM", "MEANING")
                : List.of("SETTING", "VALUE", "FROM"));
    for (Setting setting : Setting.values()) {
      Optional<Settings.Value> value = settings.value(setting);
      boolean set = settings.isSet(setting);
      table.row(
          cells(
              wide,
              Cell.of(setting.variable(), set ? Look.STRONG : Look.PLAIN),
              Cell.of(value.map(v -> shown(setting.secret(), v)).orElse("-")),
              Cell.of(value.map(Settings.Value::origin).orElse("-"), Look.FAINT),
              Cell.of(setting.meaning(), Look.FAINT)));
    }
    settings
        .kafka()
        .forEach((name, value) ->
            table.row(
                cells(
                    wide,
                    Cell.of("Kafka's " + name, Look.STRONG),
                    Cell.of(shown(KafkaProperties.secret(name), value)),
                    Cell.of(value.origin(), Look.FAINT),
                    Cell.of("passed through", Look.FAINT))));
    table.print(screen);
  }

  private static List<Cell> cells(boolean wide, Cell... cells) {
    return List.of(cells).subList(0, wide ? cells.length : cells.length - 1);
  }

  private static List<Map<String, Object>> asJson(Settings settings) {
    List<Map<String, Object>> all = new ArrayList<>();
    for (Setting setting : Setting.values()) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("setting", setting.variable());
      settings
          .value(setting)
          .ifPresent(value -> {
            one.put("value", shown(setting.secret(), value));
            one.put("from", value.origin());
          });
      one.put("meaning", setting.meaning());
      all.add(one);
    }
    settings
        .kafka()
        .forEach((name, value) ->
            all.add(
                Map.of(
                    "kafka", name,
                    "value", shown(KafkaProperties.secret(name), value),
                    "from", value.origin())));
    return all;
  }

  private static String shown(boolean secret, Settings.Value value) {
    return switch (value.text()) {
      case Secret.Given(String text) -> secret ? MASK : Masking.mask(text);
      case Secret.InFile(var file) -> MASK + " (in " + file + ")";
    };
  }
}
