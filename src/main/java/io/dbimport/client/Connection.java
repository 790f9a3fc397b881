package io.dbimport.client;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PlainSocket;
import io.helidon.common.socket.TlsSocket;
import io.helidon.webclient.api.ClientConnection;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * One connection that Helidon's client speaks over. Its own kind, because Helidon's cannot be asked
 * whether the peer has closed it: a thread beside it notices some time later. Used by one thread at
 * a time.
 */
final class Connection implements ClientConnection {
  private static final int WRITE_BUFFER_BYTES = 4096;

  /** Of one answer, its head included: Helidon holds a chunk whole, however long it says it is. */
  static final int MAX_ANSWER_BYTES = 2 * Poster.MAX_BODY_BYTES;

  private final SocketChannel channel;
  private final Socket socket;
  private final HelidonSocket helidonSocket;
  private final Input input;
  private final DataReader reader;
  private final Writer writer;
  private final Consumer<Connection> keeper;
  private boolean expectContinue;

  /**
   * A connection over an open channel.
   *
   * @param tls what is spoken over the channel, after its handshake; null for plain TCP
   * @param keeper gets the connection back after an answer that leaves it open
   */
  Connection(SocketChannel channel, @Nullable SSLSocket tls, Consumer<Connection> keeper)
      throws IOException {
    this.channel = channel;
    this.socket = tls == null ? channel.socket() : tls;
    String id = Integer.toHexString(System.identityHashCode(this));
    this.helidonSocket = tls == null ? PlainSocket.client(socket, id) : TlsSocket.client(tls, id);
    this.input = new Input(helidonSocket);
    this.reader = DataReader.create(input);
    this.writer =
        new Writer(new BufferedOutputStream(socket.getOutputStream(), WRITE_BUFFER_BYTES));
    this.keeper = keeper;
  }

  /**
   * Whether the peer has left the connection open and has said nothing more on it. Asks the
   * operating system, without waiting. Bytes that nobody asked for must never be taken for the
   * answer to the next call; under TLS they are mostly the peer's farewell.
   */
  boolean quietAndOpen() {
    try {
      if (reader.available() > 0 || (helidonSocket.isSecure() && buffered() > 0)) {
        return false;
      }
      channel.configureBlocking(false);
      boolean quiet = channel.read(ByteBuffer.allocate(1)) == 0;
      channel.configureBlocking(true);
      return quiet;
    } catch (IOException broken) {
      return false;
    }
  }

  /** Bytes that TLS has deciphered already. */
  private int buffered() throws IOException {
    return socket.getInputStream().available();
  }

  @Override
  public DataReader reader() {
    return reader;
  }

  @Override
  public DataWriter writer() {
    return writer;
  }

  /** For what is no call of the API: what is written goes out when it is flushed. */
  OutputStream output() {
    return writer.out();
  }

  @Override
  public String channelId() {
    return helidonSocket.socketId();
  }

  @Override
  public HelidonSocket helidonSocket() {
    return helidonSocket;
  }

  @Override
  public void readTimeout(Duration timeout) {
    try {
      socket.setSoTimeout(Math.toIntExact(timeout.toMillis()));
    } catch (IOException closed) {
      throw new UncheckedIOException(closed);
    }
  }

  @Override
  public boolean allowExpectContinue() {
    return expectContinue;
  }

  @Override
  public void allowExpectContinue(boolean allow) {
    expectContinue = allow;
  }

  @Override
  public boolean isConnected() {
    return channel.isOpen();
  }

  @Override
  public void releaseResource() {
    if (channel.isOpen()) {
      input.received = 0;
      keeper.accept(this);
    }
  }

  /** Closes the channel under TLS: a farewell could wait for a peer that does not read. */
  @Override
  public void closeResource() {
    try {
      channel.close();
    } catch (IOException gone) {
      throw new UncheckedIOException(gone);
    }
  }

  /** What comes from the peer, no more of it than an answer may have. */
  private static final class Input implements Supplier<byte[]> {
    private final HelidonSocket from;
    private long received;

    Input(HelidonSocket from) {
      this.from = from;
    }

    @Override
    public byte @Nullable [] get() {
      byte[] bytes = from.get();
      received += bytes == null ? 0 : bytes.length;
      if (received > MAX_ANSWER_BYTES) {
        throw new UncheckedIOException(
            new IOException("an answer of more than " + MAX_ANSWER_BYTES + " bytes"));
      }
      return bytes;
    }
  }

  /** Writes through a buffer, so that a small request is one packet. */
  private record Writer(OutputStream out) implements DataWriter {
    @Override
    public void write(BufferData... buffers) {
      for (BufferData buffer : buffers) {
        write(buffer);
      }
    }

    @Override
    public void write(BufferData buffer) {
      buffer.writeTo(out);
    }

    @Override
    public void writeNow(BufferData... buffers) {
      write(buffers);
      flush();
    }

    @Override
    public void writeNow(BufferData buffer) {
      write(buffer);
      flush();
    }

    @Override
    public void flush() {
      try {
        out.flush();
      } catch (IOException broken) {
        throw new UncheckedIOException(broken);
      }
    }
  }
}
