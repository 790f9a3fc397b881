package io.dbimport.server;

import io.helidon.common.tls.Tls;
import io.helidon.webserver.WebServer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

/** Metrics and health of a process on a port of their own. Thread-safe. */
public final class ObserveServer implements AutoCloseable {
  private final WebServer server;

  private ObserveServer(WebServer server) {
    this.server = server;
  }

  /**
   * Starts listening, and binds the JVM's own meters.
   *
   * @param port 0 for a free one
   */
  public static ObserveServer start(
      String bind, int port, PrometheusMeterRegistry registry, Health health) {
    ObserveRoutes.bindJvm(registry);
    ObserveRoutes routes = new ObserveRoutes(registry, health);
    return new ObserveServer(
        Listener.start(
            bind,
            port,
            Tls.builder().enabled(false).build(),
            ConnectionBounds.USUAL,
            routes::addTo));
  }

  /** The port it listens on. */
  public int port() {
    return server.port();
  }

  @Override
  public void close() {
    server.stop();
  }
}
