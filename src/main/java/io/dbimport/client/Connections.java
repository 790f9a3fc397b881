package io.dbimport.client;

import io.helidon.common.tls.Tls;
import io.helidon.webclient.api.ClientConnection;
import io.helidon.webclient.api.ConnectionKey;
import io.helidon.webclient.api.Proxy;
import io.helidon.webclient.api.TcpClientConnection;
import io.helidon.webclient.api.WebClient;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;

/**
 * Open connections to one address. Thread-safe.
 *
 * <p>Helidon's own cache keeps an idle connection for as long as the peer does, so that a request
 * may meet a connection which the peer is just closing: its end would be an unknown outcome that
 * nobody needed. Here a connection that was idle for 15 seconds is dropped, and one that the peer
 * has closed is noticed before anything is written to it.
 */
final class Connections implements AutoCloseable {
  private static final long IDLE_NANOS = Duration.ofSeconds(15).toNanos();
  private static final List<String> HTTP_1_1 = List.of("http/1.1");

  private record Idle(TcpClientConnection connection, long sinceNanos) {}

  private final WebClient client;
  private final ConnectionKey key;
  private final ConcurrentLinkedDeque<Idle> idle = new ConcurrentLinkedDeque<>();
  private volatile boolean closed;

  Connections(WebClient client, URI url, Tls tls) {
    this.client = client;
    int defaultPort = tls.enabled() ? 443 : 80;
    this.key =
        ConnectionKey.create(
            url.getScheme(),
            url.getHost(),
            url.getPort() < 0 ? defaultPort : url.getPort(),
            tls,
            client.prototype().dnsResolver(),
            client.prototype().dnsAddressLookup(),
            Proxy.noProxy());
  }

  /**
   * A connection that is open as far as can be seen, kept or new. Closing the response gives it
   * back; after a failure the caller closes it.
   *
   * @throws RuntimeException when no connection can be made; nothing was sent then
   */
  ClientConnection take() {
    for (Idle last = idle.pollLast(); last != null; last = idle.pollLast()) {
      boolean fresh = System.nanoTime() - last.sinceNanos < IDLE_NANOS;
      if (fresh && last.connection.isConnected()) {
        return last.connection;
      }
      last.connection.closeResource();
    }
    return TcpClientConnection.create(client, key, HTTP_1_1, this::release, _ -> {}).connect();
  }

  private boolean release(TcpClientConnection connection) {
    if (closed || !connection.isConnected()) {
      return false;
    }
    connection.helidonSocket().idle();
    idle.addLast(new Idle(connection, System.nanoTime()));
    return true;
  }

  @Override
  public void close() {
    closed = true;
    for (Idle one = idle.pollLast(); one != null; one = idle.pollLast()) {
      one.connection.closeResource();
    }
  }
}
