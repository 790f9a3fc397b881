package io.dbimport.server;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An app that may call the API. Immutable.
 *
 * @param appid names it
 * @param secret gets it tokens from the server; null when it has only those of the file
 * @param ticket must be given for a component token as well; null when none is asked for
 * @param tokens the access tokens it may use, besides those that it gets from the server
 * @param environments the environments that are its own
 * @param cloudDevelopment whether it may use them
 */
public record App(
    String appid,
    @Nullable String secret,
    @Nullable Token ticket,
    List<Token> tokens,
    List<String> environments,
    boolean cloudDevelopment) {
  public App {
    tokens = List.copyOf(tokens);
    environments = List.copyOf(environments);
  }

  /** An app that gets no tokens from the server. */
  public App(
      String appid, List<Token> tokens, List<String> environments, boolean cloudDevelopment) {
    this(appid, null, null, tokens, environments, cloudDevelopment);
  }

  /** Never the secret. */
  @Override
  public String toString() {
    return "App[" + appid + ", environments=" + environments + "]";
  }

  /**
   * An access token, or a ticket.
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
