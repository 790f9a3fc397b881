package io.dbimport.server;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A client that sends what it likes, and notes all that comes back until the connection ends. Used
 * by one thread.
 */
final class RawClient implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 60;

  private final Socket socket;
  private volatile String received = "";
  private final FutureTask<String> all;

  RawClient(int port) throws IOException {
    this(new Socket(InetAddress.ofLiteral("127.0.0.1"), port));
  }

  RawClient(Socket socket) throws IOException {
    this.socket = socket;
    InputStream in = socket.getInputStream();
    this.all = new FutureTask<>(() -> readAll(in));
    Thread.ofVirtual().start(all);
  }

  private String readAll(InputStream in) {
    StringBuilder text = new StringBuilder();
    byte[] block = new byte[8192];
    try {
      for (int n = in.read(block); n >= 0; n = in.read(block)) {
        text.append(new String(block, 0, n, StandardCharsets.ISO_8859_1));
        received = text.toString();
      }
    } catch (IOException reset) {
      received = text.append("\nRESET").toString();
    }
    return received;
  }

  RawClient send(String text) throws IOException {
    return send(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  RawClient send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
    return this;
  }

  /** Says that nothing more is sent. */
  RawClient endsSending() throws IOException {
    socket.shutdownOutput();
    return this;
  }

  /** Whether the connection has ended. */
  boolean ended() {
    return all.isDone();
  }

  /** What has come so far. */
  String received() {
    return received;
  }

  /** All that comes until the connection ends. */
  String untilTheEnd() throws Exception {
    try {
      return all.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException open) {
      throw new AssertionError("the connection is still open, received: " + received, open);
    } catch (ExecutionException failure) {
      throw new AssertionError(failure.getCause());
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
