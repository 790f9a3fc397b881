package io.dbimport.server;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Upload links: each good for one environment and path, for an hour, and for whoever holds it.
 * Immutable.
 *
 * @param secret signs them
 */
record UploadLinks(LinkSecret secret) {
  private static final Duration LIFE = Duration.ofHours(1);
  private static final Pattern AUTHORIZATION =
      Pattern.compile("q-sign-algorithm=hmac-sha256&q-expires=(\\d{1,12})&q-signature=([0-9a-f]+)");

  /** The form's fields beside the file. Immutable; holds what gives access. */
  record Link(String path, String authorization, String token, String cosFileId) {
    @Override
    public String toString() {
      return "Link[" + path + "]";
    }
  }

  Link link(String env, String path, Instant now) {
    byte[] nonce = new byte[16];
    new SecureRandom().nextBytes(nonce);
    String token = HexFormat.of().formatHex(nonce);
    String fileId = HexFormat.of().formatHex(env.getBytes(StandardCharsets.UTF_8)) + "-" + token;
    String expires = Long.toString(now.plus(LIFE).getEpochSecond());
    return new Link(
        path,
        "q-sign-algorithm=hmac-sha256&q-expires="
            + expires
            + "&q-signature="
            + secret.sign(List.of(env, path, token, fileId, expires)),
        token,
        fileId);
  }

  /** Why the link is not good for this environment now; empty text when it is. */
  String whyNot(String env, Link link, Instant now) {
    Matcher parts = AUTHORIZATION.matcher(link.authorization());
    if (!parts.matches()) {
      return "SignatureDoesNotMatch";
    }
    String expires = parts.group(1);
    String right = secret.sign(List.of(env, link.path(), link.token(), link.cosFileId(), expires));
    if (!MessageDigest.isEqual(
        right.getBytes(StandardCharsets.US_ASCII),
        parts.group(2).getBytes(StandardCharsets.US_ASCII))) {
      return "SignatureDoesNotMatch";
    }
    return now.getEpochSecond() < Long.parseLong(expires) ? "" : "RequestHasExpired";
  }
}
