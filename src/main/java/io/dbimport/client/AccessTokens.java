package io.dbimport.client;

import org.jspecify.annotations.Nullable;

/**
 * Where the access tokens of the configured apps come from. Thread-safe. No body of it ever writes
 * a token anywhere.
 */
public interface AccessTokens {

  /** What asking for a token gave. Immutable. */
  sealed interface TokenReply {

    /** A token to use now. */
    record Token(String value) implements TokenReply {
      /** Never the token. */
      @Override
      public String toString() {
        return "Token[***]";
      }
    }

    /** No such app is configured. */
    record UnknownApp(String appId) implements TokenReply {}

    /** There is none at the moment. */
    record NoToken(String why) implements TokenReply {}
  }

  /**
   * The token of an app.
   *
   * @param appId null means the one app there is
   */
  TokenReply token(@Nullable String appId);

  /** The API did not take this token: the next one asked for should be another, if there is one. */
  void rejected(@Nullable String appId, String token);

  /** One app with a token that never changes. */
  static AccessTokens fixed(String token) {
    return new AccessTokens() {
      @Override
      public TokenReply token(@Nullable String appId) {
        return appId == null ? new TokenReply.Token(token) : new TokenReply.UnknownApp(appId);
      }

      @Override
      public void rejected(@Nullable String appId, String rejected) {}
    };
  }
}
