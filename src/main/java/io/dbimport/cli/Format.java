package io.dbimport.cli;

import io.dbimport.engine.EngineSettings;
import io.dbimport.engine.S3Location;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the text of a setting may be. Immutable.
 *
 * @param label stands for the value in a command's help
 * @param secret whether the text must never be shown
 * @param check what is wrong with a text; empty when nothing is
 */
record Format(String label, boolean secret, Check check) {

  /** Looks at a text. */
  interface Check {
    /** What is wrong with it, as the end of a sentence that begins with the value. */
    Optional<String> problem(String text);
  }

  static final Format TEXT = new Format("TEXT", false, _ -> Optional.empty());
  static final Format SECRET = new Format("SECRET", true, _ -> Optional.empty());
  static final Format PATH = new Format("FILE", false, Format::pathProblem);

  /** What Kafka takes as part of a topic, a group or a transactional id. */
  static final Format NAME =
      matching("NAME", "[A-Za-z0-9._-]{1,200}", "letters, digits, '.', '_' and '-', 200 at most");

  static final Format URL = new Format("URL", false, Format::urlProblem);
  static final Format JDBC_URL =
      matching("URL", "jdbc:postgresql:.*", "a JDBC URL such as jdbc:postgresql://host/database");

  /** A duration of at least a millisecond and at most 1,000 days. */
  static final Format DURATION = new Format("DURATION", false, Format::durationProblem);

  /** Calls per second: a decimal number above 0, a million at most. */
  static final Format RATE =
      new Format(
          "NUMBER",
          false,
          text ->
              text.matches("\\d{1,7}(\\.\\d{1,6})?")
                      && Double.parseDouble(text) > 0
                      && Double.parseDouble(text) <= 1_000_000
                  ? Optional.empty()
                  : notA("a number of calls per second above 0, such as 5 or 0.5"));

  /** A number of bytes: at least 1, at most 999,999 TB. */
  static final Format SIZE =
      new Format(
          "SIZE",
          false,
          text ->
              bytes(text) > 0
                  ? Optional.empty()
                  : notA("a size above 0 such as 100000, 64KB, 500MB, 20GB or 1TB"));

  private static final Pattern SIZE_SHAPE = Pattern.compile("(\\d{1,6})(KB|MB|GB|TB)|(\\d{1,15})");

  /** The bytes of a size, a KB being 1,024 of them; 0 for what is no size. */
  static long bytes(String text) {
    Matcher parts = SIZE_SHAPE.matcher(text);
    if (!parts.matches()) {
      return 0;
    }
    String plain = parts.group(3);
    if (plain != null) {
      return Long.parseLong(plain);
    }
    int shift = 10 * (1 + List.of("KB", "MB", "GB", "TB").indexOf(parts.group(2)));
    return Long.parseLong(parts.group(1)) << shift;
  }

  static final Format PORT = number("PORT", 0, 65_535);

  /** A whole number in these bounds, both included. */
  static Format number(String label, int least, int most) {
    String accepted = "a whole number from %d to %d".formatted(least, most);
    return new Format(
        label,
        false,
        text -> {
          boolean digits = text.matches("\\d{1,9}");
          int value = digits ? Integer.parseInt(text) : -1;
          return value >= least && value <= most ? Optional.empty() : notA(accepted);
        });
  }

  /** One of these words; others belong to what is not built yet. */
  static Format oneOf(List<String> words, List<String> notBuilt) {
    return new Format(
        String.join("|", words),
        false,
        text ->
            words.contains(text)
                ? Optional.empty()
                : notBuilt.contains(text)
                    ? Optional.of("is not built yet; accepted is " + String.join(", ", words))
                    : notA(String.join(" or ", words)));
  }

  /** Every value is refused: the feature comes later. */
  static Format notBuilt(String feature) {
    return new Format(
        "", false, _ -> Optional.of("cannot be used: " + feature + " is not built yet"));
  }

  /** A secret of a feature that comes later: refused as well, and never shown. */
  static Format secretNotBuilt(String feature) {
    return new Format("", true, notBuilt(feature).check());
  }

  /** Where uploads lie: a folder or a bucket. */
  static final Format STORAGE = new Format("URL", false, Format::storageProblem);

  private static Optional<String> storageProblem(String text) {
    if (text.startsWith("file:") && text.length() > "file:".length()) {
      return pathProblem(text.substring("file:".length()));
    }
    if (!text.startsWith("s3:")) {
      return notA("file:FOLDER or s3://BUCKET/PREFIX");
    }
    try {
      S3Location _ = S3Location.of(text, null);
      return Optional.empty();
    } catch (IllegalArgumentException wrong) {
      return Optional.of("is not accepted: " + wrong.getMessage());
    }
  }

  /** Names of environments, at least one, comma between. */
  static final Format ENVIRONMENTS = new Format("NAMES", false, Format::environmentsProblem);

  /** The names that a text of {@link #ENVIRONMENTS} has. */
  static List<String> environments(String text) {
    return Pattern.compile(",")
        .splitAsStream(text)
        .map(String::strip)
        .filter(name -> !name.isEmpty())
        .toList();
  }

  private static Optional<String> environmentsProblem(String text) {
    List<String> names = environments(text);
    if (names.isEmpty()) {
      return Optional.of("names no environment");
    }
    return names.stream()
        .filter(name -> !EngineSettings.isEnvironment(name))
        .findFirst()
        .map(name ->
            "is not accepted: \"%s\" is no environment, one is %s"
                .formatted(name, EngineSettings.ACCEPTED_ENVIRONMENT));
  }

  private static Format matching(String label, String pattern, String accepted) {
    Pattern compiled = Pattern.compile(pattern);
    return new Format(
        label, false, text -> compiled.matcher(text).matches() ? Optional.empty() : notA(accepted));
  }

  static Optional<String> pathProblem(String text) {
    try {
      var _ = Path.of(text);
      return Optional.empty();
    } catch (InvalidPathException wrong) {
      return Optional.of("is no path of a file: " + wrong.getReason());
    }
  }

  private static Optional<String> urlProblem(String text) {
    try {
      URI uri = new URI(text);
      boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      if (http && uri.getHost() != null && uri.getUserInfo() == null && uri.getQuery() == null) {
        return Optional.empty();
      }
    } catch (URISyntaxException _) {
      return notA("an address such as https://api.weixin.qq.com");
    }
    return notA("an address such as https://api.weixin.qq.com, without user or query");
  }

  private static Optional<String> durationProblem(String text) {
    Optional<Duration> duration = Durations.parse(text);
    boolean inBounds =
        duration.filter(d -> d.isPositive() && d.compareTo(Duration.ofDays(1000)) <= 0).isPresent();
    return inBounds ? Optional.empty() : notA("a duration such as 500ms, 10s, 15m, 24h or 7d");
  }

  private static Optional<String> notA(String accepted) {
    return Optional.of("is not accepted; write " + accepted);
  }
}
