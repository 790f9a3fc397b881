package io.dbimport.server;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.common.task.InterruptableTask;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.Router;
import io.helidon.webserver.http1.Http1Connection;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * One connection, between Helidon's HTTP/1.1 and its socket: measures how long the peer keeps it
 * waiting, bounds how much of a request is held in memory, and reads on for a while after an answer
 * that came before the request was whole, since closing at once would take the answer away from a
 * peer that still sends. Confined to its thread but for {@link #idleTime} and {@link #close}.
 */
final class BoundedConnection
    implements ServerConnection, ConnectionContext, InterruptableTask<Void> {
  /** Helidon holds a chunk whole, however long it says it is, and so its line. */
  private static final int MAX_HELD_BYTES = 1 << 20;

  /**
   * Helidon reads what an answered request still has, to keep the connection: no more than this.
   */
  private static final int MAX_DRAINED_BYTES = 1 << 20;

  /** The length of a body whose head does not say it. */
  static final long UNKNOWN = Long.MAX_VALUE;

  private final ConnectionContext context;
  private final Patience patience;
  private final HelidonSocket socket;
  private final DataReader reader;
  private final DataWriter writer;
  private final Http1Connection http1;
  private volatile @Nullable Thread thread;
  private volatile boolean lingering;
  private boolean requestBegun = true;
  private long pulledBytes;
  private long bodyEnd = UNKNOWN;
  private long drainedBytes;
  private boolean lastAsked;
  private boolean answered;
  private boolean answeredLast;
  private boolean ended;

  BoundedConnection(
      ConnectionContext context, Http1ConnectionSelector selector, ConnectionBounds bounds) {
    this.context = context;
    this.patience = new Patience(bounds);
    this.socket = context.serverSocket();
    this.reader = DataReader.create(this::read);
    this.writer = new Writer(context.dataWriter(), patience);
    this.http1 = (Http1Connection) selector.connection(this);
  }

  @Override
  public void handle(Limit limit) throws InterruptedException {
    thread = Thread.currentThread();
    try {
      http1.handle(limit);
    } finally {
      if (answeredLast && !ended && pulledBytes < bodyEnd) {
        linger();
      }
    }
  }

  /** A request line has come. */
  void requestBegan() {
    endIfAnsweredLast();
    requestBegun = false;
    bodyEnd = UNKNOWN;
    drainedBytes = 0;
    answered = false;
  }

  /** Helidon alone would go on, and take what is left of a refused body for the next request. */
  private void endIfAnsweredLast() {
    if (answeredLast) {
      throw new CloseConnectionException("the last answer is given");
    }
  }

  /**
   * A whole head has come.
   *
   * @param last whether the client wants no other answer on this connection
   * @param bodyBytes that follow, or {@link #UNKNOWN}
   */
  void headRead(boolean last, long bodyBytes) {
    lastAsked = last;
    bodyEnd = bodyBytes == UNKNOWN ? UNKNOWN : pulledBytes - reader.available() + bodyBytes;
  }

  /** An answer, or another one, is to go out. */
  void answerBegins() {
    endIfAnsweredLast();
  }

  /** An answer goes out. */
  void answered(boolean last) {
    answered = true;
    answeredLast = last || lastAsked;
  }

  /** What Helidon's reader takes next; null when the peer has closed. */
  private byte @Nullable [] read() {
    if (reader.available() > MAX_HELD_BYTES) {
      throw RequestException.builder()
          .type(EventType.BAD_REQUEST)
          .status(Status.REQUEST_ENTITY_TOO_LARGE_413)
          .setKeepAlive(false)
          .message("a chunk is longer than " + MAX_HELD_BYTES + " bytes")
          .build();
    }
    boolean betweenRequests = http1.canInterrupt() && !requestBegun;
    if (betweenRequests) {
      endIfAnsweredLast();
      patience.idle(System.nanoTime());
    } else {
      patience.reading(System.nanoTime());
    }
    byte[] bytes = receive();
    if (betweenRequests) {
      requestBegun = true;
      patience.renew();
    } else if (answered && bytes != null) {
      drainedBytes += bytes.length;
      if (drainedBytes > MAX_DRAINED_BYTES) {
        answeredLast = true;
        throw new CloseConnectionException("the rest of an answered request is too long");
      }
    }
    return bytes;
  }

  /** Waits for bytes; null when the peer has closed. */
  private byte @Nullable [] receive() {
    byte[] bytes = null;
    try {
      bytes = socket.get();
    } catch (UncheckedIOException broken) {
      // Nothing more can be answered, so Helidon must not try.
      throw new CloseConnectionException("the connection is broken", broken);
    } finally {
      ended = bytes == null;
      pulledBytes += bytes == null ? 0 : bytes.length;
      moved(patience, bytes == null || lingering ? 0 : bytes.length);
    }
    return bytes;
  }

  /** Ends a wait; the interrupt that ended it must not meet what the thread does next. */
  private static void moved(Patience patience, long bytes) {
    if (!patience.moved(System.nanoTime(), bytes) && Thread.interrupted()) {
      throw new CloseConnectionException("the peer has kept the server waiting too long");
    }
  }

  private void linger() {
    patience.linger();
    lingering = true;
    try {
      while (!ended) {
        patience.reading(System.nanoTime());
        byte[] _ = receive();
      }
    } catch (CloseConnectionException gone) {
      // It was to be closed anyway.
    }
  }

  /**
   * Helidon asks this of every connection from time to time. One whose peer takes too long is
   * stopped here; Helidon itself has none to close.
   */
  @Override
  public Duration idleTime() {
    Thread waiting = thread;
    if (waiting != null) {
      patience.stopIfOver(waiting, System.nanoTime());
    }
    return Duration.ZERO;
  }

  /** The server ends. */
  @Override
  public void close(boolean interrupt) {
    http1.close(interrupt);
    Thread reading = thread;
    if (lingering && reading != null) {
      reading.interrupt();
    }
  }

  @Override
  public boolean canInterrupt() {
    return lingering || http1.canInterrupt();
  }

  /** Waits for the peer to take what is written, as long as there is patience. */
  private record Writer(DataWriter to, Patience patience) implements DataWriter {
    @Override
    public void write(BufferData... buffers) {
      for (BufferData buffer : buffers) {
        write(buffer);
      }
    }

    @Override
    public void write(BufferData buffer) {
      long bytes = buffer.available();
      patience.writing(System.nanoTime(), bytes);
      try {
        to.write(buffer);
      } finally {
        moved(patience, bytes);
      }
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
      to.flush();
    }
  }

  @Override
  public ListenerContext listenerContext() {
    return context.listenerContext();
  }

  @Override
  public ExecutorService executor() {
    return context.executor();
  }

  @Override
  public DataWriter dataWriter() {
    return writer;
  }

  @Override
  public DataReader dataReader() {
    return reader;
  }

  @Override
  public Router router() {
    return context.router();
  }

  @Override
  public HelidonSocket serverSocket() {
    return socket;
  }

  @Override
  public PeerInfo remotePeer() {
    return context.remotePeer();
  }

  @Override
  public PeerInfo localPeer() {
    return context.localPeer();
  }

  @Override
  public boolean isSecure() {
    return context.isSecure();
  }

  @Override
  public String socketId() {
    return context.socketId();
  }

  @Override
  public String childSocketId() {
    return context.childSocketId();
  }
}
