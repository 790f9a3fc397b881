package io.dbimport.server;

import io.helidon.common.buffers.BufferData;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.http.Status;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionListener;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.util.Set;

/**
 * HTTP/1.1 as Helidon speaks it, over connections whose peers cannot keep the server waiting for as
 * long as they like: Helidon alone waits without end for the rest of a head or of a body, and for a
 * peer that does not read. Thread-safe.
 */
final class BoundedConnections implements ServerConnectionSelector {
  private static final int MAX_REQUEST_LINE_BYTES = 4 << 10;
  private static final int MAX_HEADERS_BYTES = 16 << 10;

  private final ConnectionBounds bounds;
  private final Http1ConnectionSelector http1;

  BoundedConnections(ConnectionBounds bounds) {
    this.bounds = bounds;
    this.http1 =
        Http1ConnectionSelector.builder()
            .config(
                Http1Config.builder()
                    .maxPrologueLength(MAX_REQUEST_LINE_BYTES)
                    .maxHeadersSize(MAX_HEADERS_BYTES)
                    .addReceiveListener(new Received())
                    .addSendListener(new Sent())
                    .build())
            .build();
  }

  /** Tells a connection what it receives. */
  private static final class Received implements Http1ConnectionListener {
    @Override
    public void prologue(ConnectionContext connection, HttpPrologue line) {
      ((BoundedConnection) connection).requestBegan();
    }

    @Override
    public void headers(ConnectionContext connection, Headers headers) {
      ((BoundedConnection) connection)
          .headRead(headers.containsToken(HeaderValues.CONNECTION_CLOSE), bodyBytes(headers));
    }

    /** As far as the head says; one that contradicts itself is refused by Helidon. */
    private static long bodyBytes(Headers headers) {
      if (headers.contains(HeaderNames.TRANSFER_ENCODING)) {
        return BoundedConnection.UNKNOWN;
      }
      try {
        return headers.contentLength().orElse(0);
      } catch (IllegalArgumentException noNumber) {
        return BoundedConnection.UNKNOWN;
      }
    }
  }

  /** Tells a connection what it sends. */
  private static final class Sent implements Http1ConnectionListener {
    @Override
    public void status(ConnectionContext connection, Status status) {
      ((BoundedConnection) connection).answerBegins();
    }

    @Override
    public void headers(ConnectionContext connection, Headers headers) {
      ((BoundedConnection) connection)
          .answered(headers.containsToken(HeaderValues.CONNECTION_CLOSE));
    }
  }

  @Override
  public ServerConnection connection(ConnectionContext context) {
    return new BoundedConnection(context, http1, bounds);
  }

  @Override
  public int bytesToIdentifyConnection() {
    return http1.bytesToIdentifyConnection();
  }

  @Override
  public Support supports(BufferData data) {
    return http1.supports(data);
  }

  @Override
  public Set<String> supportedApplicationProtocols() {
    return http1.supportedApplicationProtocols();
  }
}
