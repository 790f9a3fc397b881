package io.dbimport.cli;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.function.Supplier;

/** Ports to listen on. Stateless. */
public final class Ports {
  private Ports() {}

  /**
   * Starts something that listens.
   *
   * @param port its setting, to be named when it cannot
   * @throws CommandFailed when the port is taken or may not be used (78)
   */
  static <T> T listening(Setting port, Settings settings, Supplier<T> start) {
    try {
      return start.get();
    } catch (RuntimeException failure) {
      for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
        if (cause instanceof BindException) {
          throw Wiring.badSettings(
              "%s: %s:%s cannot be listened on: %s"
                  .formatted(
                      port.variable(),
                      settings.text(Setting.BIND),
                      settings.text(port),
                      cause.getMessage()));
        }
      }
      throw failure;
    }
  }

  /** This port of loopback when it is free, else one that is. */
  public static int freeOr(int wanted) throws IOException {
    return isFree(wanted) ? wanted : free();
  }

  /** A port of loopback that is free now. */
  public static int free() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException taken) {
      return false;
    }
  }
}
