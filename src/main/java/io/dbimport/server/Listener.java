package io.dbimport.server;

import io.helidon.common.tls.Tls;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.DirectHandler.TransportRequest;
import io.helidon.http.DirectHandler.TransportResponse;
import io.helidon.http.HeaderValues;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.HttpRouting;
import java.net.BindException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.function.Consumer;

/** Starts web servers with the bounds that all of ours have. Stateless. */
final class Listener {
  private Listener() {}

  /** A caller who is told an errcode knows that nothing was carried out. */
  private static TransportResponse refused(
      TransportRequest request,
      EventType type,
      Status status,
      ServerResponseHeaders headers,
      String message) {
    TransportResponse.Builder response =
        TransportResponse.builder().status(status).headers(headers).keepAlive(false);
    return status.code() == Status.SERVICE_UNAVAILABLE_503.code()
        ? response
            .header(HeaderValues.CONTENT_TYPE_JSON)
            .entity("{\"errcode\":-1,\"errmsg\":\"system error: too many requests at once\"}")
            .build()
        : response.entity(message).build();
  }

  /** Helidon takes a request line or a head that it cannot read for a fault of its own. */
  private static TransportResponse internal(
      TransportRequest request,
      EventType type,
      Status status,
      ServerResponseHeaders headers,
      String message) {
    // Of a fault in a route the request is known.
    boolean unreadable = request.path().isEmpty();
    TransportResponse.Builder response =
        TransportResponse.builder()
            .status(unreadable ? Status.BAD_REQUEST_400 : status)
            .headers(headers)
            .keepAlive(false);
    return response.entity(unreadable ? "the request cannot be read" : message).build();
  }

  static WebServer start(
      String bind,
      int port,
      Tls tls,
      ConnectionBounds bounds,
      Consumer<HttpRouting.Builder> routes) {
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
            .protocolsDiscoverServices(false)
            .addConnectionSelector(new BoundedConnections(bounds))
            .directHandlers(
                DirectHandlers.builder()
                    .addHandler(EventType.OTHER, Listener::refused)
                    .addHandler(EventType.INTERNAL_ERROR, Listener::internal)
                    .build())
            .maxTcpConnections(bounds.connections())
            .maxConcurrentRequests(bounds.requestsAtOnce())
            // The connections bound themselves whenever Helidon looks at them.
            .idleConnectionPeriod(bounds.lookEvery())
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
