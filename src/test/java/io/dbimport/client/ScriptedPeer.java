package io.dbimport.client;

import io.dbimport.SelfSigned;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * The other end of a connection, on a real socket: it notes every request it has read before it
 * does with it what its script says. Thread-safe.
 */
final class ScriptedPeer implements AutoCloseable {

  /**
   * A request as it came. Immutable.
   *
   * @param line method, target and version
   * @param head all header lines
   * @param body a character a byte
   */
  record Request(String line, String head, String body) {
    /** The body as UTF-8. */
    String text() {
      return new String(body.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }
  }

  /** What is done with a request. */
  interface Script {
    void play(Request request, Stage stage) throws IOException, InterruptedException;
  }

  /** The connection a script plays on. Confined to the connection's thread. */
  final class Stage {
    private final Socket socket;
    private boolean closing;

    Stage(Socket socket) {
      this.socket = socket;
    }

    /** An answer with this status and body; the connection stays open. */
    void answer(int status, String body, String... headers) throws IOException {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " Text\r\n");
      for (String header : headers) {
        head.append(header).append("\r\n");
      }
      head.append("Content-Length: ").append(bytes.length).append("\r\n\r\n");
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      all.write(head.toString().getBytes(StandardCharsets.UTF_8));
      all.write(bytes);
      write(all.toByteArray());
    }

    void write(String text) throws IOException {
      write(text.getBytes(StandardCharsets.UTF_8));
    }

    void write(byte[] bytes) throws IOException {
      OutputStream out = socket.getOutputStream();
      out.write(bytes);
      out.flush();
      written.addAndGet(bytes.length);
    }

    /** Closes the connection after the script. */
    void close() {
      closing = true;
    }

    /** Closes it with a reset: what the client has not read yet is lost. */
    void reset() throws IOException {
      socket.setSoLinger(true, 0);
      closing = true;
    }

    /** Waits; false when the peer ends meanwhile. */
    boolean pause(long millis) throws InterruptedException {
      return !ended.await(millis, TimeUnit.MILLISECONDS);
    }
  }

  private final ServerSocket listening;
  private final @Nullable SelfSigned certificate;
  private final Script script;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final AtomicInteger connections = new AtomicInteger();
  private final AtomicInteger closed = new AtomicInteger();
  private final AtomicLong written = new AtomicLong();
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  private ScriptedPeer(@Nullable SelfSigned certificate, Script script) {
    this.certificate = certificate;
    this.script = script;
    try {
      this.listening = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
    Thread.ofVirtual().name("peer").start(this::accept);
  }

  static ScriptedPeer http(Script script) {
    return new ScriptedPeer(null, script);
  }

  static ScriptedPeer https(SelfSigned certificate, Script script) {
    return new ScriptedPeer(certificate, script);
  }

  URI uri() {
    String scheme = certificate == null ? "http" : "https";
    return URI.create(scheme + "://127.0.0.1:" + port());
  }

  int port() {
    return listening.getLocalPort();
  }

  /** Every request read so far. */
  List<Request> requests() {
    return List.copyOf(requests);
  }

  /** Connections accepted so far. */
  int connections() {
    return connections.get();
  }

  /** Connections that this end has closed so far. */
  int closedConnections() {
    return closed.get();
  }

  /** Bytes that went out so far. */
  long writtenBytes() {
    return written.get();
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket socket = listening.accept();
        connections.incrementAndGet();
        open.add(socket);
        Thread.ofVirtual().name("peer connection").start(() -> serve(socket));
      } catch (IOException closing) {
        return;
      }
    }
  }

  private void serve(Socket accepted) {
    try (Socket socket = secured(accepted)) {
      socket.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(socket.getInputStream());
      Stage stage = new Stage(socket);
      while (!stage.closing) {
        Request request = read(in);
        requests.add(request);
        script.play(request, stage);
      }
    } catch (IOException | InterruptedException gone) {
      // The other end left, or a script wrote to one that did: both are what tests are about.
    } finally {
      open.remove(accepted);
      closed.incrementAndGet();
    }
  }

  private Socket secured(Socket socket) throws IOException {
    if (certificate == null) {
      return socket;
    }
    SSLSocket tls =
        (SSLSocket)
            certificate
                .serverContext()
                .getSocketFactory()
                .createSocket(socket, "127.0.0.1", socket.getPort(), true);
    tls.setUseClientMode(false);
    return tls;
  }

  private static Request read(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (!endsWithEmptyLine(head)) {
      int next = in.read();
      if (next < 0) {
        throw new EOFException();
      }
      head.append((char) next);
    }
    String text = head.toString();
    int length =
        text.lines()
            .map(line -> line.toLowerCase(Locale.ROOT))
            .filter(line -> line.startsWith("content-length:"))
            .mapToInt(line -> Integer.parseInt(line.substring(line.indexOf(':') + 1).strip()))
            .findFirst()
            .orElse(0);
    byte[] body = in.readNBytes(length);
    if (body.length < length) {
      throw new EOFException();
    }
    return new Request(
        text.lines().findFirst().orElse(""), text, new String(body, StandardCharsets.ISO_8859_1));
  }

  private static boolean endsWithEmptyLine(StringBuilder head) {
    int length = head.length();
    return length >= 4 && head.substring(length - 4).equals("\r\n\r\n");
  }

  @Override
  public void close() {
    ended.countDown();
    try {
      listening.close();
      for (Socket socket : open) {
        socket.close();
      }
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
