package io.dbimport.server;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An app that may call the API. Immutable.
 *
 * @param appid names it
 * @param tokens the access tokens it may use
 * @param environments the environments that are its own
 * @param cloudDevelopment whether it may use them
 */
public record App(
    String appid, List<Token> tokens, List<String> environments, boolean cloudDevelopment) {
  public App {
    tokens = List.copyOf(tokens);
    environments = List.copyOf(environments);
  }

  /**
   * An access token.
   *
   * @param expiresAt when it stops being taken; null for never
   */
  public record Token(String value, @Nullable Instant expiresAt) {
    /** Never the value. */
    @Override
    public String toString() {
      return "Token[***, expiresAt=" + expiresAt + "]";
    }
  }
}
