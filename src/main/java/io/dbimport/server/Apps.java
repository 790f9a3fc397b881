package io.dbimport.server;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Who a token belongs to. Thread-safe. */
final class Apps {

  /** What a token gives. Immutable. */
  sealed interface Access {
    record Granted(App app) implements Access {}

    record Expired() implements Access {}

    record Unknown() implements Access {}
  }

  private final Supplier<List<App>> apps;
  private final IssuedTokens issued;

  Apps(Supplier<List<App>> apps, IssuedTokens issued) {
    this.apps = apps;
    this.issued = issued;
  }

  /** The app of that appid. */
  Optional<App> app(String appid) {
    return apps.get().stream().filter(app -> app.appid().equals(appid)).findFirst();
  }

  /**
   * Compares with every token of the file, in a time that does not tell how much of one was right,
   * and then looks among those that servers issued.
   *
   * @throws java.io.UncheckedIOException when the database does not answer
   */
  Access access(String token, Instant now) {
    Access fixed = fixed(token, now);
    return fixed instanceof Access.Unknown ? issued(token) : fixed;
  }

  private Access issued(String token) {
    return switch (issued.find(token)) {
      case IssuedTokens.Found.Good(String appid) ->
          app(appid).<Access>map(Access.Granted::new).orElseGet(Access.Unknown::new);
      case IssuedTokens.Found.Over() -> new Access.Expired();
      case IssuedTokens.Found.Unknown() -> new Access.Unknown();
    };
  }

  private Access fixed(String token, Instant now) {
    byte[] given = token.getBytes(StandardCharsets.UTF_8);
    Access access = new Access.Unknown();
    for (App app : apps.get()) {
      for (App.Token known : app.tokens()) {
        if (MessageDigest.isEqual(given, known.value().getBytes(StandardCharsets.UTF_8))) {
          Instant expires = known.expiresAt();
          access =
              expires == null || now.isBefore(expires)
                  ? new Access.Granted(app)
                  : new Access.Expired();
        }
      }
    }
    return access;
  }
}
