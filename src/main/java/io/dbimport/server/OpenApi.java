package io.dbimport.server;

import io.helidon.webserver.http.HttpRouting;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;

/** {@code /openapi.json}: the description of every path of the server. Stateless. */
final class OpenApi {
  private OpenApi() {}

  static void addTo(HttpRouting.Builder routing) {
    byte[] document = read();
    routing.get(
        "/openapi.json",
        (_, response) -> {
          response.header("Content-Type", "application/json; charset=utf-8");
          response.send(document);
        });
  }

  private static byte[] read() {
    try (InputStream in =
        Objects.requireNonNull(OpenApi.class.getResourceAsStream("/openapi.json"))) {
      return in.readAllBytes();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }
}
