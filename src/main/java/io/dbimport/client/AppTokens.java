package io.dbimport.client;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Several apps, each with a family and tokens of its own. Thread-safe.
 *
 * @param apps by {@code app_id}
 * @param defaultApp of a call that names no app; null when such a call is refused
 * @param services closed with this
 */
public record AppTokens(Map<String, App> apps, @Nullable String defaultApp, TokenServices services)
    implements AccessTokens {

  /**
   * One app. Immutable.
   *
   * @param tokens asked without an {@code app_id}
   */
  public record App(ApiFamily family, AccessTokens tokens) {}

  public AppTokens {
    apps = Map.copyOf(apps);
  }

  private Optional<App> app(@Nullable String appId) {
    String named = appId == null ? defaultApp : appId;
    return named == null ? Optional.empty() : Optional.ofNullable(apps.get(named));
  }

  @Override
  public TokenReply token(@Nullable String appId, Duration atMost) throws InterruptedException {
    Optional<App> app = app(appId);
    return app.isPresent()
        ? app.get().tokens().token(null, atMost)
        : new TokenReply.UnknownApp(appId);
  }

  @Override
  public void rejected(@Nullable String appId, String token) {
    app(appId).ifPresent(app -> app.tokens().rejected(null, token));
  }

  @Override
  public Optional<ApiFamily> family(@Nullable String appId) {
    return app(appId).map(App::family);
  }

  @Override
  public void close() {
    services.close();
  }
}
