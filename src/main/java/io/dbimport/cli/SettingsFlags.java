package io.dbimport.cli;

import io.dbimport.cli.SettingsReader.Reading;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The settings that a command takes as flags. A secret has no flag of its own, since everybody on
 * the machine can read a command line: only its file has. Confined to one command.
 */
public final class SettingsFlags {
  private static final String CONFIG = "--config";
  private static final String KAFKA_PROPERTY = "--kafka-property";

  private final Set<Setting.Group> groups;
  private final Set<Setting> made;
  private CommandSpec spec = CommandSpec.create();

  /** The settings of these groups, and those that every command takes. */
  public SettingsFlags(Setting.Group... groups) {
    this(Set.of(groups), Set.of());
  }

  private SettingsFlags(Set<Setting.Group> groups, Set<Setting> made) {
    this.groups = groups;
    this.made = made;
  }

  /** These, for a command that makes this file: it need not be there. */
  SettingsFlags making(Setting file) {
    return new SettingsFlags(groups, Set.of(file));
  }

  /** Adds the flags to a command. */
  public void addTo(CommandSpec command) {
    this.spec = command;
    ArgGroupSpec.Builder group =
        ArgGroupSpec.builder()
            .validate(false)
            .order(1000)
            .heading(
                "%nSettings (a flag goes before the environment, as DBIMPORT_API_URL for"
                    + " --api-url,%nand that before the file):%n");
    group.addArg(
        OptionSpec.builder(CONFIG)
            .paramLabel("FILE")
            .type(Path.class)
            .description("Settings as properties, api.url=… for --api-url.")
            .build());
    for (Setting setting : Setting.values()) {
      if (takes(setting)) {
        group.addArg(option(setting));
      }
    }
    if (groups.contains(Setting.Group.KAFKA)) {
      group.addArg(
          OptionSpec.builder(KAFKA_PROPERTY)
              .paramLabel("NAME=VALUE")
              .type(Map.class)
              .auxiliaryTypes(String.class, String.class)
              .description("Passed through to Kafka's clients; may be repeated.")
              .build());
    }
    spec.addArgGroup(group.build());
  }

  private boolean takes(Setting setting) {
    return (groups.contains(setting.group()) || setting.group() == Setting.Group.ALL)
        && setting.built();
  }

  private static OptionSpec option(Setting setting) {
    String meaning = setting.meaning();
    return OptionSpec.builder(setting.secret() ? setting.flag() + "-file" : setting.flag())
        .paramLabel(setting.secret() ? "FILE" : setting.format().label())
        .type(String.class)
        .description(
            (setting.secret() ? "File that holds it. " + meaning : meaning)
                + setting.fallback().map(text -> " Default: " + text + ".").orElse(""))
        .build();
  }

  /**
   * Reads the settings and sets up logging.
   *
   * @throws CommandFailed when any is wrong: names them all
   */
  public Settings read() {
    return switch (reading()) {
      case Reading.Good(Settings settings) -> {
        Logs.level(settings.text(Setting.LOG_LEVEL));
        yield settings;
      }
      case Reading.Bad(List<String> problems) ->
          throw new CommandFailed(
              ExitCode.BAD_SETTINGS, "bad settings:\n  " + String.join("\n  ", problems));
    };
  }

  Reading reading() {
    return SettingsReader.read(given(), System.getenv(), file(), made);
  }

  private @Nullable Path file() {
    return spec.findOption(CONFIG).getValue();
  }

  private Map<String, String> given() {
    Map<String, String> given = new LinkedHashMap<>();
    for (Setting setting : Setting.values()) {
      OptionSpec option = spec.findOption(setting.flag());
      OptionSpec inFile = spec.findOption(setting.flag() + "-file");
      if (option != null && option.<String>getValue() != null) {
        given.put(setting.name(), option.getValue());
      }
      if (inFile != null && inFile.<String>getValue() != null) {
        given.put(setting.name() + "_FILE", inFile.getValue());
      }
    }
    OptionSpec kafka = spec.findOption(KAFKA_PROPERTY);
    Map<String, String> properties = kafka == null ? null : kafka.getValue();
    if (properties != null) {
      properties.forEach((name, value) ->
          given.put("KAFKA_" + name.toUpperCase(Locale.ROOT).replace('.', '_'), value));
    }
    return given;
  }
}
