package io.dbimport.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ConnectionsTest {
  private static final Duration PATIENT = Duration.ofSeconds(20);

  @Test
  void aLookUpThatHangsIsLeftWhenTheThreadIsInterrupted() throws InterruptedException {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    Connections.Names hanging =
        host -> {
          asked.countDown();
          try {
            never.await();
          } catch (InterruptedException unheard) {
            Thread.currentThread().interrupt();
          }
          throw new UnknownHostException(host);
        };
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    try (Connections connections =
        new Connections(URI.create("http://slow.example"), null, PATIENT, hanging)) {
      Thread caller =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  connections.take();
                } catch (IOException expected) {
                  thrown.set(expected);
                }
              });
      asked.await();
      caller.interrupt();
      caller.join();
    } finally {
      never.countDown();
    }
    assertThat(thrown.get()).hasMessageContaining("looked up");
  }

  @Test
  void everyAddressOfANameIsTried() throws IOException {
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.close())) {
      InetAddress dead = InetAddress.getByAddress(new byte[] {127, 0, 0, 2});
      InetAddress alive = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
      try (Connections connections =
          new Connections(
              URI.create("http://two.example:" + peer.port()),
              null,
              PATIENT,
              _ -> new InetAddress[] {dead, alive})) {
        Connection connection = connections.take();
        assertThat(connection.isConnected()).isTrue();
        connection.closeResource();
      }
    }
  }

  @Test
  void aConnectionGivenBackAfterTheEndIsClosed() throws IOException {
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.close())) {
      Connections connections =
          new Connections(peer.uri(), null, PATIENT, InetAddress::getAllByName);
      Connection connection = connections.take();
      connections.close();
      connection.releaseResource();
      assertThat(connection.isConnected()).isFalse();
    }
  }
}
