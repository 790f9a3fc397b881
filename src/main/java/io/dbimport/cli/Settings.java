package io.dbimport.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The effective settings of one process, every one of them checked. Immutable. */
public final class Settings {

  /** Where a default comes from. */
  static final String DEFAULT = "default";

  /**
   * What a setting is set to.
   *
   * @param origin where that comes from: a flag, a variable, a file, or {@link #DEFAULT}
   */
  record Value(Secret text, String origin) {}

  private final Map<Setting, Value> values;
  private final Map<String, Value> kafka;

  /**
   * Settings as the reader found them.
   *
   * @param values of all settings that have one
   * @param kafka properties for Kafka's clients, by their own names
   */
  Settings(Map<Setting, Value> values, Map<String, Value> kafka) {
    this.values = new EnumMap<>(Setting.class);
    this.values.putAll(values);
    this.kafka = new TreeMap<>(kafka);
  }

  /** The same with another value for one of them. */
  public Settings with(Setting setting, String text) {
    Map<Setting, Value> changed = new EnumMap<>(values);
    changed.put(setting, new Value(new Secret.Given(text), "set by the command"));
    if (setting.secret()) {
      Masking.hide(text);
    }
    return new Settings(changed, kafka);
  }

  /** Whether somebody set it: a default does not count. */
  public boolean isSet(Setting setting) {
    Value value = values.get(setting);
    return value != null && !value.origin().equals(DEFAULT);
  }

  /** The text, if there is one; not for secrets. */
  public Optional<String> optional(Setting setting) {
    return value(setting)
        .map(value ->
            switch (value.text()) {
              case Secret.Given(String text) -> text;
              case Secret.InFile _ -> throw new IllegalArgumentException(setting + " is a secret");
            });
  }

  /** The text of a setting that has a default. */
  public String text(Setting setting) {
    return optional(setting)
        .orElseThrow(() -> new IllegalArgumentException(setting + " has no default"));
  }

  public Duration duration(Setting setting) {
    return Durations.parse(text(setting)).orElseThrow();
  }

  public int number(Setting setting) {
    return Integer.parseInt(text(setting));
  }

  public Optional<Path> path(Setting setting) {
    return optional(setting).map(Path::of);
  }

  Optional<Secret> secret(Setting setting) {
    return value(setting).map(Value::text);
  }

  Optional<Value> value(Setting setting) {
    return Optional.ofNullable(values.get(setting));
  }

  /** Properties for Kafka's clients, {@code bootstrap.servers} not among them. */
  Map<String, Value> kafka() {
    return kafka;
  }
}
