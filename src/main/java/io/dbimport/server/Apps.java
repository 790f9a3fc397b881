package io.dbimport.server;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.List;
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

  Apps(Supplier<List<App>> apps) {
    this.apps = apps;
  }

  /** Compares with every token there is, in a time that does not tell how much of one was right. */
  Access access(String token, Instant now) {
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
