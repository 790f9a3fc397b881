package io.dbimport.cli;

import java.util.Map;

/** The settings of a process that a test starts, read as the program reads them. Stateless. */
public final class EnvironmentSettings {
  private EnvironmentSettings() {}

  /**
   * What this process's environment says.
   *
   * @throws IllegalArgumentException with everything that is wrong with it
   */
  public static Settings read() {
    return read(System.getenv());
  }

  /** What such an environment says. */
  public static Settings read(Map<String, String> environment) {
    return switch (SettingsReader.read(Map.of(), environment, null)) {
      case SettingsReader.Reading.Good(Settings settings) -> settings;
      case SettingsReader.Reading.Bad(var problems) ->
          throw new IllegalArgumentException(String.join("\n", problems));
    };
  }
}
