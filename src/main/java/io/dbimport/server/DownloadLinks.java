package io.dbimport.server;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Download links: each good for one file of one environment, for a while, and for whoever holds it.
 * Immutable.
 *
 * @param secret signs them
 */
record DownloadLinks(LinkSecret secret) {
  /** Where the links lead. */
  static final String ROUTE = "/download";

  /** How long a link is good unless its caller says otherwise. */
  static final Duration USUAL_AGE = Duration.ofHours(2);

  /** The longest that a link is good. */
  static final Duration MAX_AGE = Duration.ofDays(1);

  private static final Pattern EXPIRES = Pattern.compile("\\d{1,12}");

  /**
   * The path and the query of a link to this file, to be put behind the server's address. Whether
   * there is such a file is not looked at.
   *
   * @param maxAge how long it is good: in whole seconds, above 0 and at most {@link #MAX_AGE}
   */
  String link(String env, String path, Duration maxAge, Instant now) {
    if (maxAge.toSeconds() < 1 || maxAge.compareTo(MAX_AGE) > 0) {
      throw new IllegalArgumentException("a link is good for 1 s to 24 h, not for " + maxAge);
    }
    String expires = Long.toString(now.plus(maxAge).getEpochSecond());
    return ROUTE
        + "?env="
        + encoded(env)
        + "&path="
        + encoded(path)
        + "&expires="
        + expires
        + "&signature="
        + signature(env, path, expires);
  }

  /** Why the link's parts are not good now; empty text when they are. */
  String whyNot(String env, String path, String expires, String signature, Instant now) {
    boolean signed =
        MessageDigest.isEqual(
            signature(env, path, expires).getBytes(StandardCharsets.UTF_8),
            signature.getBytes(StandardCharsets.UTF_8));
    if (!signed || !EXPIRES.matcher(expires).matches()) {
      return "SignatureDoesNotMatch";
    }
    return now.getEpochSecond() < Long.parseLong(expires) ? "" : "RequestHasExpired";
  }

  /** The first word tells it from what the same secret signs elsewhere. */
  private String signature(String env, String path, String expires) {
    return secret.sign(List.of("download", env, path, expires));
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
