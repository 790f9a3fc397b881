package io.dbimport.cli;

import static java.util.Comparator.naturalOrder;

import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.regex.Pattern;

/**
 * Takes secrets out of text: those this process was given, wherever they stand, and whatever stands
 * where a secret usually does. Thread-safe. The known ones are kept for the whole process, tokens
 * for as long as they may turn up: Logback makes its converters itself, so nothing can be handed to
 * them.
 */
public final class Masking {
  private static final String MASK = "***";
  private static final int SHORTEST = 4;

  /** From its last use on: longer than a token lives, and than any line about a call is late. */
  static final Duration TOKEN_KEPT = Duration.ofHours(3);

  private static final long FOR_EVER = Long.MAX_VALUE;

  /**
   * When each secret was last used, by the monotonic clock. The longest are first: one may begin
   * with another.
   */
  private static final Map<String, Long> SECRETS =
      new ConcurrentSkipListMap<>(
          Comparator.comparingInt(String::length).reversed().thenComparing(naturalOrder()));

  private static final String NAMES =
      "(?:[a-z_]*access_token|token|secret|appsecret|password|passwd|authorization|signature"
          + "|x-cos-security-token|q-signature|ticket|component_verify_ticket"
          + "|sasl\\.jaas\\.config)";

  /** {@code name=value}, in a query, a form or a list of settings. */
  private static final Pattern IN_QUERY =
      Pattern.compile(
          "(?i)(\\b" + NAMES + "\\s*=\\s*)(?!\\[hidden\\]|null\\b|dev-token\\b)[^\\s&,;\"')}\\]]+");

  /** {@code "name":"value"}, quotes escaped or not; also a header's {@code name: value}. */
  private static final Pattern IN_JSON =
      Pattern.compile("(?i)(\\\\?\"" + NAMES + "\\\\?\"\\s*:\\s*\\\\?\")(?:[^\"\\\\]|\\\\[^\"])*");

  private static final Pattern IN_HEADER =
      Pattern.compile("(?i)(\\b(?:authorization|x-cos-security-token)\\s*:\\s*)[^\\r\\n\"]+");

  /** A password in an address: {@code //user:password@host}. */
  private static final Pattern IN_ADDRESS = Pattern.compile("(//[^\\s/:@]*:)[^\\s/@]+(?=@)");

  private Masking() {}

  /** From now on this text is masked wherever it stands. */
  public static void hide(String secret) {
    if (isSecret(secret)) {
      SECRETS.put(secret, FOR_EVER);
    }
  }

  /** Before a token is used: it is masked wherever it stands, until it has not been for long. */
  static void hideToken(String token) {
    hideToken(token, System.nanoTime());
  }

  /**
   * @param nanos now, by the monotonic clock
   */
  static void hideToken(String token, long nanos) {
    if (!isSecret(token)) {
      return;
    }
    boolean isNew = !SECRETS.containsKey(token);
    SECRETS.merge(token, nanos, (last, now) -> last == FOR_EVER ? last : now);
    if (isNew) {
      SECRETS.values().removeIf(last -> last != FOR_EVER && nanos - last > TOKEN_KEPT.toNanos());
    }
  }

  private static boolean isSecret(String text) {
    // The built-in token is in the README, and printed for people to paste.
    return text.length() >= SHORTEST && !text.equals(Wiring.DEV_TOKEN);
  }

  /** The text without its secrets. */
  public static String mask(String text) {
    String masked = IN_JSON.matcher(text).replaceAll("$1" + MASK);
    masked = IN_QUERY.matcher(masked).replaceAll("$1" + MASK);
    masked = IN_ADDRESS.matcher(masked).replaceAll("$1" + MASK);
    masked = IN_HEADER.matcher(masked).replaceAll("$1" + MASK);
    // After the names: a secret may be part of one.
    for (String secret : SECRETS.keySet()) {
      masked = masked.replace(secret, MASK);
    }
    return masked;
  }
}
