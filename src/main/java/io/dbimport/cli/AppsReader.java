package io.dbimport.cli;

import io.dbimport.client.PlainWords;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads the apps of {@code DBIMPORT_APPS}. Every problem is found in one go, and no text quotes a
 * secret. Confined to one read.
 *
 * <pre>{@code
 * {
 *   "default": "shop",
 *   "apps": {
 *     "platform": {"family": "component", "source": "component", "appid": "wx…",
 *                  "secret_file": "…", "ticket_file": "…" or "ticket_topic": "…"},
 *     "shop":     {"family": "app", "source": "stable", "appid": "wx…", "secret_file": "…"},
 *     "blog":     {"family": "app", "source": "url", "url": "https://…",
 *                  "method": "GET" or "POST", "authorization_file": "…"},
 *     "files":    {"family": "app", "source": "file", "token_file": "…"},
 *     "fixed":    {"family": "app", "source": "static", "token": "…"}
 *   }
 * }
 * }</pre>
 *
 * <p>{@code apps} goes by {@code app_id}. {@code default} names the app of a request without one;
 * it may be left out, and then a file with exactly one app has that one as its default. {@code
 * method} is GET unless it says POST, {@code authorization_file} may be left out; every other key
 * is required by its source, and no source takes another's. Files are found from the folder of this
 * one, must be there at the start, and are read again whenever a token is asked for; this file is
 * read at the start only.
 */
final class AppsReader {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  /**
   * What reading gave. Immutable.
   *
   * @param apps by {@code app_id}
   * @param defaultApp null when there is none
   * @param problems empty when all is good
   */
  record Reading(
      Map<String, AppSetting> apps, @Nullable String defaultApp, List<String> problems) {}

  private final Path file;
  private final List<String> problems = new ArrayList<>();
  private final Map<String, AppSetting> apps = new LinkedHashMap<>();

  private AppsReader(Path file) {
    this.file = file;
  }

  /** The apps of the file, or everything that is wrong with it. */
  static Reading read(Path file) {
    AppsReader reader = new AppsReader(file);
    String defaultApp = reader.root().flatMap(reader::readRoot).orElse(null);
    return new Reading(reader.apps, defaultApp, List.copyOf(reader.problems));
  }

  private Optional<JsonNode> root() {
    try {
      return Optional.of(JSON.readTree(Files.readString(file)));
    } catch (IOException unreadable) {
      problems.add(file + " cannot be read as UTF-8: " + PlainWords.of(unreadable));
    } catch (JacksonException notJson) {
      // Jackson's text quotes the file, which may hold a token.
      problems.add(
          file
              + " is not JSON, or has a key twice (line "
              + notJson.getLocation().getLineNr()
              + ")");
    }
    return Optional.empty();
  }

  private Optional<String> readRoot(JsonNode root) {
    JsonNode all = root.path("apps");
    if (!root.isObject() || !all.isObject() || all.isEmpty()) {
      problems.add(file + " must be a JSON object whose \"apps\" is an object of at least one app");
      return Optional.empty();
    }
    AppReader.unknown(problems, file.toString(), root, List.of("default", "apps"));
    all.forEachEntry((appId, app) -> {
      String where = file + ": app \"" + appId + "\"";
      if (appId.isEmpty()
          || appId.length() > 128
          || appId.chars().anyMatch(Character::isISOControl)) {
        problems.add(
            where + ": an app_id has 1 to 128 characters, none of them a control character");
      } else if (!app.isObject()) {
        problems.add(where + ": must be an object");
      } else {
        new AppReader(file, where, app, problems).read().ifPresent(good -> apps.put(appId, good));
      }
    });
    return defaultApp(root.path("default"), all);
  }

  private Optional<String> defaultApp(JsonNode named, JsonNode all) {
    if (named.isMissingNode()) {
      return all.size() == 1 ? all.propertyNames().stream().findFirst() : Optional.empty();
    }
    if (!named.isString() || !all.has(named.stringValue())) {
      problems.add(file + ": default must be one of " + String.join(", ", all.propertyNames()));
      return Optional.empty();
    }
    return Optional.of(named.stringValue());
  }
}
