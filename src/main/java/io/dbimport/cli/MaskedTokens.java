package io.dbimport.cli;

import io.dbimport.client.AccessTokens;
import org.jspecify.annotations.Nullable;

/**
 * Tokens of another source, each masked in every log line from the moment it is known. Thread-safe.
 */
record MaskedTokens(AccessTokens tokens) implements AccessTokens {
  @Override
  public TokenReply token(@Nullable String appId) {
    TokenReply reply = tokens.token(appId);
    if (reply instanceof TokenReply.Token(String value)) {
      Masking.hide(value);
    }
    return reply;
  }

  @Override
  public void rejected(@Nullable String appId, String token) {
    tokens.rejected(appId, token);
  }
}
