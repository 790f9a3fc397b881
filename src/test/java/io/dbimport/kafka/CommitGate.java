package io.dbimport.kafka;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A port in front of a broker that falls silent at the next commit of a transaction: from then on
 * nothing goes through in either direction, until it is opened and those connections are cut.
 * Thread-safe.
 */
final class CommitGate implements Closeable {
  private static final short END_TXN = 26;

  /** What becomes of the commit that the gate is armed for. */
  enum Commit {
    LOST,
    PASSED_ON
  }

  /** A time without a word. */
  private static final class Silence {
    final CountDownLatch began = new CountDownLatch(1);
    final CountDownLatch newProducer = new CountDownLatch(1);
    final CountDownLatch over = new CountDownLatch(1);
  }

  private final ServerSocket listening;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicReference<Commit> armed = new AtomicReference<>();
  private volatile Silence silence = new Silence();
  private volatile boolean silent;
  private volatile int target;

  private CommitGate(ServerSocket listening) {
    this.listening = listening;
  }

  /** A gate that leads nowhere yet. */
  static CommitGate listening() throws IOException {
    return new CommitGate(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
  }

  int port() {
    return listening.getLocalPort();
  }

  /** Leads to this port of this machine from now on. */
  void leadTo(int port) {
    target = port;
    Thread.startVirtualThread(this::accept);
  }

  /** Falls silent at the next commit. */
  void arm(Commit commit) {
    silence = new Silence();
    armed.set(commit);
  }

  /** Waits until it is silent. */
  void awaitSilence() throws InterruptedException {
    silence.began.await();
  }

  /** Waits until a transactional producer was given up and another one calls, in vain. */
  void awaitNewProducer() throws InterruptedException {
    silence.newProducer.await();
  }

  /** Ends the silence, and cuts what was held up in it. */
  void open() throws IOException {
    for (Socket socket : open) {
      socket.close();
    }
    silent = false;
    silence.over.countDown();
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket near = listening.accept();
        Socket far = new Socket(InetAddress.getLoopbackAddress(), target);
        open.add(near);
        open.add(far);
        Thread.startVirtualThread(() -> pump(near, far, true));
        Thread.startVirtualThread(() -> pump(far, near, false));
      } catch (IOException closed) {
        // The loop's condition tells a closed gate from a client or a broker that went away.
      }
    }
  }

  /** Frames: four bytes of length, and a request begins with its kind. */
  private void pump(Socket from, Socket to, boolean requests) {
    try (from;
        to) {
      DataInputStream in = new DataInputStream(from.getInputStream());
      DataOutputStream out = new DataOutputStream(to.getOutputStream());
      while (true) {
        byte[] frame = new byte[in.readInt()];
        in.readFully(frame);
        if (requests && ByteBuffer.wrap(frame).getShort() == END_TXN) {
          Commit commit = armed.getAndSet(null);
          if (commit != null) {
            silent = true;
            silence.began.countDown();
            if (commit == Commit.LOST) {
              continue;
            }
            write(out, frame);
            continue;
          }
        }
        if (silent) {
          if (requests && isOfProducer(frame)) {
            silence.newProducer.countDown();
          }
          silence.over.await();
        }
        write(out, frame);
      }
    } catch (IOException cut) {
      // Either side went away: both do.
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(from);
      open.remove(to);
    }
  }

  private static void write(DataOutputStream out, byte[] frame) throws IOException {
    out.write(ByteBuffer.allocate(4 + frame.length).putInt(frame.length).put(frame).array());
    out.flush();
  }

  /** The first request of a connection (18) by a client that is named like a worker's producer. */
  private static boolean isOfProducer(byte[] frame) {
    return ByteBuffer.wrap(frame).getShort() == 18
        && new String(frame, StandardCharsets.ISO_8859_1).contains("one-producer");
  }

  @Override
  public void close() throws IOException {
    listening.close();
    open();
  }
}
