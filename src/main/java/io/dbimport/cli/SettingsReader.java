package io.dbimport.cli;

import io.dbimport.client.PlainWords;
import io.dbimport.client.Trust;
import io.dbimport.server.AppsFile;
import io.dbimport.server.ServerSettings;
import io.dbimport.server.ServerTls;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads the settings of a process: flags before the environment before the file before defaults.
 * Every problem is found in one go. Confined to one read.
 */
final class SettingsReader {
  private static final String FILE_SUFFIX = "_FILE";
  private static final String KAFKA = "KAFKA_";

  /** What reading gave. Immutable. */
  sealed interface Reading {
    record Good(Settings settings) implements Reading {}

    record Bad(List<String> problems) implements Reading {}
  }

  /** One text and where it was given. */
  private record Given(String text, String origin) {}

  private static final Map<String, Setting> BY_NAME =
      Arrays.stream(Setting.values()).collect(Collectors.toMap(Setting::name, s -> s));

  private final List<String> problems = new ArrayList<>();
  private final Map<Setting, Settings.Value> values = new EnumMap<>(Setting.class);
  private final Map<String, Settings.Value> kafka = new TreeMap<>();

  /** Given, but not as they must be: a default stands in their place. */
  private final Set<Setting> refused = EnumSet.noneOf(Setting.class);

  private final Set<Setting> made;

  private SettingsReader(Set<Setting> made) {
    this.made = made;
  }

  /** The settings of a process that makes no file that they name. */
  static Reading read(
      Map<String, String> flags, Map<String, String> environment, @Nullable Path file) {
    return read(flags, environment, file, Set.of());
  }

  /**
   * The settings, or everything that is wrong with them.
   *
   * @param flags by the names that the environment uses, without their prefix
   * @param environment all of it
   * @param file properties; null for none
   * @param made settings whose files need not be there
   */
  static Reading read(
      Map<String, String> flags,
      Map<String, String> environment,
      @Nullable Path file,
      Set<Setting> made) {
    SettingsReader reader = new SettingsReader(made);
    // The first that names a setting wins: the strongest source comes first.
    flags.forEach((name, text) -> reader.take(name, new Given(text, flagOf(name))));
    Set<String> taken = reader.taken();
    new TreeMap<>(environment)
        .forEach((variable, text) -> {
          if (variable.startsWith(Setting.PREFIX)) {
            reader.takeUnless(
                taken, variable.substring(Setting.PREFIX.length()), new Given(text, variable));
          }
        });
    if (file != null) {
      Set<String> stronger = reader.taken();
      reader
          .load(file)
          .forEach((key, text) ->
              reader.takeUnless(
                  stronger,
                  key.toUpperCase(Locale.ROOT).replace('.', '_'),
                  new Given(text, key + " in " + file)));
    }
    for (Setting setting : Setting.values()) {
      setting
          .fallback()
          .ifPresent(text ->
              reader.values.putIfAbsent(
                  setting, new Settings.Value(new Secret.Given(text), Settings.DEFAULT)));
    }
    reader.checkTogether();
    return reader.problems.isEmpty()
        ? new Reading.Good(new Settings(reader.values, reader.kafka))
        : new Reading.Bad(List.copyOf(reader.problems));
  }

  private static String flagOf(String name) {
    if (name.startsWith(KAFKA) && !BY_NAME.containsKey(name)) {
      String property = name.substring(KAFKA.length()).toLowerCase(Locale.ROOT).replace('_', '.');
      return "--kafka-property " + property;
    }
    return "--" + name.toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Names of what is set so far, both ways that a secret can be given. */
  private Set<String> taken() {
    Set<String> names = new HashSet<>();
    values.keySet().forEach(setting -> names.addAll(bothWays(setting.name())));
    kafka.keySet().forEach(key -> names.addAll(bothWays(kafkaName(key))));
    return names;
  }

  private static List<String> bothWays(String name) {
    return List.of(name, name + FILE_SUFFIX);
  }

  private static String kafkaName(String property) {
    return KAFKA + property.toUpperCase(Locale.ROOT).replace('.', '_');
  }

  private void takeUnless(Set<String> taken, String name, Given given) {
    if (!taken.contains(name)) {
      take(name, given);
    }
  }

  private void take(String name, Given given) {
    Setting setting = BY_NAME.get(name);
    if (setting != null) {
      takePlain(setting, given);
      return;
    }
    if (name.endsWith(FILE_SUFFIX)) {
      Setting secret = BY_NAME.get(name.substring(0, name.length() - FILE_SUFFIX.length()));
      if (secret != null && secret.secret()) {
        fromFile(given).ifPresent(value -> put(secret, value, given));
        return;
      }
    }
    if (name.startsWith(KAFKA) && name.length() > KAFKA.length()) {
      takeKafka(name.substring(KAFKA.length()).toLowerCase(Locale.ROOT).replace('_', '.'), given);
      return;
    }
    problems.add(
        given.origin()
            + ": there is no such setting"
            + Nearest.to(name, knownNames())
                .map(near -> "; did you mean " + spelt(near, given) + "?")
                .orElse("; dbimport settings lists them"));
  }

  /** Says a name as the source of the given text spells names. */
  private static String spelt(String name, Given given) {
    if (given.origin().startsWith(Setting.PREFIX)) {
      return Setting.PREFIX + name;
    }
    return given.origin().startsWith("--")
        ? flagOf(name)
        : name.toLowerCase(Locale.ROOT).replace('_', '.');
  }

  private static Set<String> knownNames() {
    return Stream.of(Setting.values())
        .flatMap(s -> s.secret() ? bothWays(s.name()).stream() : Stream.of(s.name()))
        .collect(Collectors.toSet());
  }

  private void takePlain(Setting setting, Given given) {
    String text = given.text().strip();
    if (setting.secret()) {
      Masking.hide(text);
    }
    if (text.isEmpty()) {
      refused.add(setting);
      problems.add(given.origin() + ": is empty; leave it out instead");
      return;
    }
    Optional<String> problem = setting.format().check().problem(text);
    if (problem.isPresent()) {
      refused.add(setting);
      String shown = setting.secret() ? "the value" : "\"" + Masking.mask(text) + "\"";
      problems.add(given.origin() + ": " + shown + " " + problem.get());
      return;
    }
    put(setting, new Secret.Given(text), given);
  }

  private void put(Setting setting, Secret value, Given given) {
    Settings.Value before = values.putIfAbsent(setting, new Settings.Value(value, given.origin()));
    if (before != null) {
      problems.add(
          given.origin() + ": is also given by " + before.origin() + "; give it one way only");
    }
  }

  private void takeKafka(String property, Given given) {
    if (property.endsWith(".file") && KafkaProperties.secret(withoutFile(property))) {
      // Kafka's clients take a secret once: a changed file counts from the next start on.
      fromFile(given)
          .ifPresent(value -> kafka.putIfAbsent(withoutFile(property), at(value, given)));
      return;
    }
    Optional<String> problem = KafkaProperties.problem(property);
    if (problem.isPresent()) {
      problems.add(given.origin() + ": " + property + " " + problem.get());
      return;
    }
    if (KafkaProperties.secret(property)) {
      Masking.hide(given.text());
    }
    kafka.putIfAbsent(property, at(new Secret.Given(given.text()), given));
  }

  private static Settings.Value at(Secret value, Given given) {
    return new Settings.Value(value, given.origin());
  }

  private static String withoutFile(String property) {
    return property.endsWith(".file")
        ? property.substring(0, property.length() - ".file".length())
        : property;
  }

  private Optional<Secret> fromFile(Given given) {
    Optional<String> noPath = Format.pathProblem(given.text());
    if (noPath.isPresent()) {
      problems.add(given.origin() + ": \"" + given.text() + "\" " + noPath.get());
      return Optional.empty();
    }
    Secret.InFile secret = new Secret.InFile(Path.of(given.text()));
    try {
      secret.value();
      return Optional.of(secret);
    } catch (IOException unreadable) {
      problems.add(given.origin() + ": no secret can be read from " + given.text());
      return Optional.empty();
    }
  }

  private Map<String, String> load(Path file) {
    Properties properties = new Properties();
    try (Reader text = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      properties.load(text);
    } catch (IOException | IllegalArgumentException unreadable) {
      // The second is what the properties' own reader throws, for an escape that is none.
      String why =
          unreadable instanceof IOException failure
              ? PlainWords.of(failure)
              : String.valueOf(unreadable.getMessage());
      problems.add("--config: " + file + " cannot be read as a properties file in UTF-8: " + why);
    }
    Map<String, String> sorted = new TreeMap<>();
    properties.stringPropertyNames().forEach(key -> sorted.put(key, properties.getProperty(key)));
    return sorted;
  }

  /** What no setting shows alone. What is refused already is compared with nothing. */
  private void checkTogether() {
    Settings all = new Settings(values, kafka);
    checkFiles(all);
    if (noneRefused(Setting.SERVER_TLS_CERT, Setting.SERVER_TLS_KEY)
        && all.isSet(Setting.SERVER_TLS_CERT) != all.isSet(Setting.SERVER_TLS_KEY)) {
      problems.add(
          Setting.SERVER_TLS_CERT.variable()
              + " and "
              + Setting.SERVER_TLS_KEY.variable()
              + ": give both or neither");
    }
    if (noneRefused(Setting.STORAGE, Setting.STORAGE_ENDPOINT)
        && all.isSet(Setting.STORAGE_ENDPOINT)
        && !all.text(Setting.STORAGE).startsWith("s3:")) {
      problems.add(
          Setting.STORAGE_ENDPOINT.variable()
              + ": has no use unless "
              + Setting.STORAGE.variable()
              + " is s3://BUCKET/PREFIX");
    }
    if (noneRefused(Setting.RETRY_INITIAL, Setting.RETRY_MAX)
        && all.duration(Setting.RETRY_INITIAL).compareTo(all.duration(Setting.RETRY_MAX)) > 0) {
      problems.add(
          Setting.RETRY_INITIAL.variable()
              + ": is longer than "
              + Setting.RETRY_MAX.variable()
              + ", the longest backoff");
    }
    if (noneRefused(Setting.TICK) && all.duration(Setting.TICK).toSeconds() >= 5) {
      problems.add(Setting.TICK.variable() + ": is 5 s or more; results would wait that long");
    }
  }

  private boolean noneRefused(Setting... settings) {
    return Stream.of(settings).noneMatch(refused::contains);
  }

  private void checkFiles(Settings all) {
    readable(all, Setting.API_CA)
        .flatMap(Trust::problem)
        .ifPresent(problem -> problems.add(Setting.API_CA.variable() + ": " + problem));
    all.path(Setting.APPS)
        .ifPresent(file ->
            AppsReader.read(file)
                .problems()
                .forEach(problem -> problems.add(Setting.APPS.variable() + ": " + problem)));
    readable(all, Setting.SERVER_APPS)
        .filter(_ -> !made.contains(Setting.SERVER_APPS)) // who makes it mends it, too
        .flatMap(AppsFile::problem)
        .ifPresent(problem -> problems.add(Setting.SERVER_APPS.variable() + ": " + problem));
    Optional<Path> certificate = readable(all, Setting.SERVER_TLS_CERT);
    Optional<Path> key = readable(all, Setting.SERVER_TLS_KEY);
    if (certificate.isPresent() && key.isPresent()) {
      ServerTls.problem(new ServerSettings.TlsFiles(certificate.get(), key.get()))
          .ifPresent(problem -> problems.add(Setting.SERVER_TLS_CERT.variable() + ": " + problem));
    }
  }

  /** The file of a setting; empty when there is none to read, which is a problem if one is set. */
  private Optional<Path> readable(Settings all, Setting setting) {
    Optional<Path> file =
        all.path(setting).filter(path -> !(made.contains(setting) && Files.notExists(path)));
    Optional<String> whyNot = file.flatMap(InputFile::whyUnreadable);
    whyNot.ifPresent(why -> problems.add(setting.variable() + ": " + why));
    return whyNot.isPresent() ? Optional.empty() : file;
  }
}
