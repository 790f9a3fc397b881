package io.dbimport.cli;

import io.dbimport.cli.AppSetting.Source;
import io.dbimport.cli.AppSetting.Ticket;
import io.dbimport.client.ApiFamily;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** Reads one app of {@link AppsReader}'s file. Confined to one read. */
final class AppReader {
  private static final List<String> ALWAYS = List.of("family", "source");

  /** What each source takes besides. */
  private static final Map<String, List<String>> KEYS = new LinkedHashMap<>();

  static {
    KEYS.put("static", List.of("token"));
    KEYS.put("file", List.of("token_file"));
    KEYS.put("component", List.of("appid", "secret_file", "ticket_file", "ticket_topic"));
    KEYS.put("stable", List.of("appid", "secret_file"));
    KEYS.put("url", List.of("url", "method", "authorization_file"));
  }

  private final Path file;
  private final String where;
  private final JsonNode app;
  private final List<String> problems;

  /**
   * A reader of one app.
   *
   * @param where begins every problem
   * @param problems gets what is wrong
   */
  AppReader(Path file, String where, JsonNode app, List<String> problems) {
    this.file = file;
    this.where = where;
    this.app = app;
    this.problems = problems;
  }

  /** The app; empty when something is wrong with it. */
  Optional<AppSetting> read() {
    int before = problems.size();
    // First of all: one that stands where it should not is a token all the same.
    if (app.path("token").isString()) {
      Masking.hide(app.path("token").stringValue());
    }
    Optional<ApiFamily> family =
        word("family", List.of("component", "app"))
            .map(word -> ApiFamily.valueOf(word.toUpperCase(Locale.ROOT)));
    Optional<Source> source = word("source", List.copyOf(KEYS.keySet())).flatMap(this::source);
    return family.isPresent() && source.isPresent() && problems.size() == before
        ? Optional.of(new AppSetting(family.get(), source.get()))
        : Optional.empty();
  }

  /** Empty when something is missing, which is among the problems then. */
  private Optional<Source> source(String kind) {
    List<String> keys = KEYS.getOrDefault(kind, List.of());
    unknown(problems, where, app, Stream.concat(ALWAYS.stream(), keys.stream()).toList());
    return switch (kind) {
      case "static" -> text("token").map(token -> new Source.Static(new Secret.Given(token)));
      case "file" -> secret("token_file").map(token -> new Source.InFile(token.file()));
      case "component" -> {
        Optional<String> appid = text("appid");
        Optional<Secret.InFile> secret = secret("secret_file");
        Optional<Ticket> ticket = ticket();
        yield appid.isPresent() && secret.isPresent() && ticket.isPresent()
            ? Optional.of(new Source.Component(appid.get(), secret.get(), ticket.get()))
            : Optional.empty();
      }
      case "stable" -> {
        Optional<String> appid = text("appid");
        Optional<Secret.InFile> secret = secret("secret_file");
        yield appid.isPresent() && secret.isPresent()
            ? Optional.of(new Source.Stable(appid.get(), secret.get()))
            : Optional.empty();
      }
      case "url" -> {
        Optional<String> method =
            app.has("method") ? word("method", List.of("GET", "POST")) : Optional.of("GET");
        Secret authorization =
            app.has("authorization_file") ? secret("authorization_file").orElse(null) : null;
        yield url()
            .map(url ->
                new Source.Url(url, method.filter("POST"::equals).isPresent(), authorization));
      }
      default -> throw new IllegalArgumentException(kind);
    };
  }

  private Optional<Ticket> ticket() {
    if (app.has("ticket_file") == app.has("ticket_topic")) {
      problem("ticket_file", "or ticket_topic is required, one of the two");
      return Optional.empty();
    }
    if (app.has("ticket_file")) {
      return secret("ticket_file").map(Ticket.InFile::new);
    }
    Optional<String> topic = text("ticket_topic");
    topic
        .flatMap(name -> Format.NAME.check().problem(name))
        .ifPresent(wrong -> problem("ticket_topic", wrong));
    return topic.map(Ticket.InTopic::new);
  }

  private Optional<URI> url() {
    return text("url")
        .flatMap(text -> {
          Optional<URI> url = http(text);
          if (url.isEmpty()) {
            // Without the text: its query may give access.
            problem(
                "url", "must be an http or https address with a host, without user or fragment");
          }
          return url;
        });
  }

  private static Optional<URI> http(String text) {
    try {
      URI url = new URI(text);
      boolean http = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
      return http && url.getHost() != null && url.getUserInfo() == null && url.getFragment() == null
          ? Optional.of(url)
          : Optional.empty();
    } catch (URISyntaxException _) {
      return Optional.empty();
    }
  }

  private Optional<Secret.InFile> secret(String key) {
    return text(key)
        .flatMap(name -> {
          Secret.InFile secret = new Secret.InFile(file.resolveSibling(name));
          try {
            secret.value();
            return Optional.of(secret);
          } catch (IOException unreadable) {
            problem(key, "nothing can be read from " + secret.file());
            return Optional.empty();
          }
        });
  }

  private Optional<String> word(String key, List<String> words) {
    JsonNode word = app.path(key);
    if (word.isString() && words.contains(word.stringValue())) {
      return Optional.of(word.stringValue());
    }
    problem(
        key, (word.isMissingNode() ? "is required: " : "must be ") + String.join(" or ", words));
    return Optional.empty();
  }

  private Optional<String> text(String key) {
    JsonNode text = app.path(key);
    if (text.isString() && !text.stringValue().isBlank()) {
      return Optional.of(text.stringValue().strip());
    }
    problem(key, text.isMissingNode() ? "is required" : "must be a string that is not empty");
    return Optional.empty();
  }

  private void problem(String key, String what) {
    problems.add(where + ": " + key + " " + what);
  }

  /** Tells every key that is not among the known ones. */
  static void unknown(List<String> problems, String where, JsonNode object, List<String> known) {
    for (String name : object.propertyNames()) {
      if (!known.contains(name)) {
        problems.add(
            where
                + ": there is no key "
                + name
                + " here"
                + Nearest.to(name, known)
                    .map(near -> "; did you mean " + near + "?")
                    .orElse("; accepted are " + String.join(", ", known)));
      }
    }
  }
}
