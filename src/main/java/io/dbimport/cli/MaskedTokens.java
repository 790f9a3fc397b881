package io.dbimport.cli;

import io.dbimport.client.AccessTokens;
import io.dbimport.client.ApiFamily;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Tokens of another source, each masked in every log line from the moment it is known. Thread-safe.
 */
record MaskedTokens(AccessTokens tokens) implements AccessTokens {
  @Override
  public TokenReply token(@Nullable String appId, Duration atMost) throws InterruptedException {
    TokenReply reply = tokens.token(appId, atMost);
    if (reply instanceof TokenReply.Token(String value)) {
      Masking.hideToken(value);
    }
    return reply;
  }

  @Override
  public void rejected(@Nullable String appId, String token) {
    tokens.rejected(appId, token);
  }

  @Override
  public Optional<ApiFamily> family(@Nullable String appId) {
    return tokens.family(appId);
  }

  @Override
  public void close() {
    tokens.close();
  }
}
