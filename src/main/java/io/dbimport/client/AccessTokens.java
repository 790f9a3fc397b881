package io.dbimport.client;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where the access tokens of the configured apps come from. Thread-safe. No body of it ever writes
 * a token anywhere. Whoever made it closes it, after the clients that use it.
 */
public interface AccessTokens extends AutoCloseable {

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

    /**
     * No such app is configured.
     *
     * @param appId null when none was named and no app is the default
     */
    record UnknownApp(@Nullable String appId) implements TokenReply {}

    /** There is none at the moment. */
    record NoToken(String why) implements TokenReply {}
  }

  /**
   * The token of an app.
   *
   * @param appId null means the one app there is, or the default
   * @param atMost how long this may block while a token is fetched
   * @throws InterruptedException when the calling thread is interrupted
   */
  TokenReply token(@Nullable String appId, Duration atMost) throws InterruptedException;

  /** The API did not take this token: the next one asked for should be another, if there is one. */
  void rejected(@Nullable String appId, String token);

  /** Which paths the app's token is for; empty means those of {@link ClientSettings}. */
  default Optional<ApiFamily> family(@Nullable String appId) {
    return Optional.empty();
  }

  @Override
  default void close() {}

  /** One app with a token that never changes. */
  static AccessTokens fixed(String token) {
    return new AccessTokens() {
      @Override
      public TokenReply token(@Nullable String appId, Duration atMost) {
        return appId == null ? new TokenReply.Token(token) : new TokenReply.UnknownApp(appId);
      }

      @Override
      public void rejected(@Nullable String appId, String rejected) {}
    };
  }
}
