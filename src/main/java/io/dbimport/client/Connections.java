package io.dbimport.client;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * Open connections to one address. Thread-safe.
 *
 * <p>A request on a connection that the peer is just closing ends as an unknown outcome that nobody
 * needed. So a connection that was idle for 15 seconds is dropped, and one that the peer has closed
 * is noticed before anything is written to it.
 */
final class Connections implements AutoCloseable {
  private static final long IDLE_NANOS = Duration.ofSeconds(15).toNanos();

  /** Finds a host's addresses. */
  interface Names {
    InetAddress[] addresses(String host) throws UnknownHostException;
  }

  private record Idle(Connection connection, long sinceNanos) {}

  private final String host;
  private final int port;
  private final @Nullable SSLContext tls;
  private final int connectMillis;
  private final Names names;
  private final ConcurrentLinkedDeque<Idle> idle = new ConcurrentLinkedDeque<>();
  private volatile boolean closed;

  /**
   * None yet.
   *
   * @param tls null for plain TCP
   */
  Connections(URI url, @Nullable SSLContext tls, Duration connectTimeout, Names names) {
    this.names = names;
    int defaultPort = tls == null ? 80 : 443;
    this.host = url.getHost().replaceAll("[\\[\\]]", "");
    this.port = url.getPort() < 0 ? defaultPort : url.getPort();
    this.tls = tls;
    this.connectMillis = Math.toIntExact(connectTimeout.toMillis());
  }

  /**
   * A connection that is open as far as can be seen, kept or new. Closing the response gives it
   * back; after a failure the caller closes it.
   *
   * @throws IOException when no connection can be made, or the thread is interrupted; nothing was
   *     sent then
   */
  Connection take() throws IOException {
    for (Idle last = idle.pollLast(); last != null; last = idle.pollLast()) {
      boolean fresh = System.nanoTime() - last.sinceNanos < IDLE_NANOS;
      if (fresh && last.connection.quietAndOpen()) {
        return last.connection;
      }
      last.connection.closeResource();
    }
    SocketChannel channel = connect();
    try {
      return new Connection(channel, tls == null ? null : handshake(tls, channel), this::keep);
    } catch (IOException | RuntimeException noConnection) {
      channel.close();
      throw noConnection;
    }
  }

  /** Tries the name's addresses in the order the resolver gives them. */
  private SocketChannel connect() throws IOException {
    IOException last = new IOException("the name has no address");
    for (InetAddress address : resolve()) {
      SocketChannel channel = SocketChannel.open();
      try {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.socket().connect(new InetSocketAddress(address, port), connectMillis);
        return channel;
      } catch (IOException failure) {
        channel.close();
        last = failure;
      }
      if (Thread.currentThread().isInterrupted()) {
        throw last;
      }
    }
    throw last;
  }

  /** On a thread beside: the system's resolver takes its time and hears no interrupt. */
  private InetAddress[] resolve() throws IOException {
    FutureTask<InetAddress[]> asked = new FutureTask<>(() -> names.addresses(host));
    Thread.ofVirtual().name("resolve " + host).start(asked);
    try {
      return asked.get();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("stopped while the name was looked up");
    } catch (ExecutionException unknown) {
      throw new IOException("the name is not known", unknown.getCause());
    }
  }

  private SSLSocket handshake(SSLContext context, SocketChannel channel) throws IOException {
    SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket(channel.socket(), host, port, true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    parameters.setApplicationProtocols(new String[] {"http/1.1"});
    socket.setSSLParameters(parameters);
    socket.startHandshake();
    return socket;
  }

  private void keep(Connection connection) {
    idle.addLast(new Idle(connection, System.nanoTime()));
    if (closed) {
      close();
    }
  }

  @Override
  public void close() {
    closed = true;
    for (Idle one = idle.pollLast(); one != null; one = idle.pollLast()) {
      one.connection.closeResource();
    }
  }
}
