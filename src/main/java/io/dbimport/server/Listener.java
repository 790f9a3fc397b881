package io.dbimport.server;

import io.helidon.common.tls.Tls;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRouting;
import java.net.BindException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.function.Consumer;

/** Starts web servers with the bounds that all of ours have. Stateless. */
final class Listener {
  private static final int MAX_CONNECTIONS = 2_000;
  private static final int MAX_REQUESTS_AT_ONCE = 1_000;
  private static final Duration IDLE = Duration.ofMinutes(2);

  private Listener() {}

  static WebServer start(String bind, int port, Tls tls, Consumer<HttpRouting.Builder> routes) {
    HttpRouting.Builder routing = HttpRouting.builder();
    routes.accept(routing);
    InetAddress address;
    try {
      address = InetAddress.getByName(bind);
    } catch (UnknownHostException unknown) {
      throw new IllegalArgumentException("no address to listen on: " + bind, unknown);
    }
    WebServer server =
        WebServer.builder()
            .address(address)
            .port(port)
            .tls(tls)
            .maxTcpConnections(MAX_CONNECTIONS)
            .maxConcurrentRequests(MAX_REQUESTS_AT_ONCE)
            .idleConnectionTimeout(IDLE)
            .shutdownGracePeriod(Duration.ofSeconds(5))
            // The process itself decides what a signal means.
            .shutdownHook(false)
            .routing(routing)
            .build()
            .start();
    if (server.port() < 0) {
      // Helidon only logs it, and runs on without a listener.
      server.stop();
      throw new IllegalStateException(
          "no listener", new BindException("the address is in use or not this machine's"));
    }
    return server;
  }
}
