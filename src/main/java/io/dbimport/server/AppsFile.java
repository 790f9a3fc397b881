package io.dbimport.server;

import io.dbimport.client.PlainWords;
import io.dbimport.engine.EngineSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads the apps of a server from a JSON file: an array of {@code {"appid":"…","secret":"…",
 * "component_verify_ticket":"…","tokens":[{"token":"…","expires_at":"…Z"}],"environments":["…"],
 * "cloud_development":true}}. A token may also be given as a plain string, and a ticket like a
 * token. Secret, ticket and {@code cloud_development} may be left out. Stateless.
 */
public final class AppsFile {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final Set<String> FIELDS =
      Set.of(
          "appid",
          "secret",
          "component_verify_ticket",
          "tokens",
          "environments",
          "cloud_development");

  private AppsFile() {}

  /** What is wrong with the file, as {@link #read} says it; empty when nothing is. */
  public static Optional<String> problem(Path file) {
    try {
      var _ = read(file);
      return Optional.empty();
    } catch (IllegalArgumentException wrong) {
      return Optional.of(String.valueOf(wrong.getMessage()));
    }
  }

  /**
   * The apps of the file.
   *
   * @throws IllegalArgumentException when something in it is not as it must be: names the place and
   *     what is accepted, never a value
   */
  public static List<App> read(Path file) {
    JsonNode root;
    try {
      root = JSON.readTree(Files.readString(file));
    } catch (IOException unreadable) {
      throw new IllegalArgumentException(
          file + " cannot be read: " + PlainWords.of(unreadable), unreadable);
    } catch (JacksonException notJson) {
      // Jackson's text quotes the file, which holds secrets.
      throw new IllegalArgumentException(
          file + " is not JSON (line " + notJson.getLocation().getLineNr() + ")");
    }
    if (!root.isArray() || root.isEmpty()) {
      throw new IllegalArgumentException(file + " must be a JSON array of at least one app");
    }
    List<App> apps = new ArrayList<>();
    Set<String> tokens = new HashSet<>();
    for (int i = 0; i < root.size(); i++) {
      String where = file + ": app " + (i + 1);
      App app = app(root.get(i), where, tokens);
      if (apps.stream().anyMatch(other -> other.appid().equals(app.appid()))) {
        throw new IllegalArgumentException(where + ", appid: the same appid is there twice");
      }
      apps.add(app);
    }
    return apps;
  }

  private static App app(JsonNode app, String where, Set<String> tokensSeen) {
    for (String name : app.propertyNames()) {
      if (!FIELDS.contains(name)) {
        throw new IllegalArgumentException(
            where + " has an unknown field " + name + "; known are " + sorted(FIELDS));
      }
    }
    List<App.Token> tokens = new ArrayList<>();
    for (JsonNode token : array(app, "tokens", where)) {
      App.Token read = token(token, where + ", tokens");
      if (!tokensSeen.add(read.value())) {
        throw new IllegalArgumentException(where + ", tokens: the same token is there twice");
      }
      tokens.add(read);
    }
    List<String> environments = new ArrayList<>();
    for (JsonNode environment : array(app, "environments", where)) {
      String name = text(environment, where + ", environments");
      if (!EngineSettings.isEnvironment(name)) {
        throw new IllegalArgumentException(
            where + ", environments: one is " + EngineSettings.ACCEPTED_ENVIRONMENT);
      }
      environments.add(name);
    }
    JsonNode cloud = app.path("cloud_development");
    if (!cloud.isMissingNode() && !cloud.isBoolean()) {
      throw new IllegalArgumentException(where + ", cloud_development must be true or false");
    }
    return new App(
        text(app.path("appid"), where + ", appid"),
        app.has("secret") ? text(app.path("secret"), where + ", secret") : null,
        app.has("component_verify_ticket")
            ? token(app.path("component_verify_ticket"), where + ", component_verify_ticket")
            : null,
        tokens,
        environments,
        cloud.isMissingNode() || cloud.booleanValue());
  }

  private static App.Token token(JsonNode token, String where) {
    if (token.isString()) {
      return new App.Token(text(token, where), null);
    }
    return new App.Token(
        text(token.path("token"), where + ", token"), expiry(token.path("expires_at"), where));
  }

  private static @Nullable Instant expiry(JsonNode expiry, String where) {
    if (expiry.isMissingNode() || expiry.isNull()) {
      return null;
    }
    try {
      return OffsetDateTime.parse(text(expiry, where + ", expires_at")).toInstant();
    } catch (DateTimeException notAnInstant) {
      throw new IllegalArgumentException(
          where + ", expires_at must be an instant such as 2026-01-31T08:00:00Z", notAnInstant);
    }
  }

  private static JsonNode array(JsonNode app, String name, String where) {
    JsonNode array = app.path(name);
    if (!array.isArray()) {
      throw new IllegalArgumentException(where + ", " + name + " must be an array");
    }
    return array;
  }

  private static String text(JsonNode node, String where) {
    if (!node.isString() || node.stringValue().isEmpty()) {
      throw new IllegalArgumentException(where + " must be a string that is not empty");
    }
    return node.stringValue();
  }

  private static List<String> sorted(Set<String> names) {
    return names.stream().sorted().toList();
  }
}
