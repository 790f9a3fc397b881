package io.dbimport.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.Reply;
import io.dbimport.SelfSigned;
import io.dbimport.fixtures.Eventually;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Connections are kept and used again, and never make an outcome unknown that need not be. */
@Timeout(120)
class KeptConnectionsTest {
  private static final Duration PATIENT = Duration.ofSeconds(20);
  private static final String ACCEPTED = "{\"errcode\":0,\"errmsg\":\"ok\",\"job_id\":7}";
  private static final ImportRequest REQUEST =
      new ImportRequest(
          "r-1",
          null,
          new ImportParameters("e", "c", "f", FileType.JSON, true, ConflictMode.INSERT),
          null,
          false);

  @TempDir Path folder;

  private static HttpImportApi api(ScriptedPeer peer, Duration timeout) {
    return new HttpImportApi(
        new ClientSettings(peer.uri(), ApiFamily.COMPONENT, timeout, null),
        AccessTokens.fixed("t"));
  }

  private static void assertAccepted(Reply reply) {
    assertThat(reply).isEqualTo(new Reply.Accepted(7));
  }

  @Test
  void aHundredCallsOneAfterAnotherUseOneConnection() throws Exception {
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.answer(200, ACCEPTED));
        HttpImportApi api = api(peer, PATIENT)) {
      for (int i = 0; i < 100; i++) {
        assertAccepted(api.submit(REQUEST));
      }
      assertThat(peer.requests()).hasSize(100);
      assertThat(peer.connections()).isEqualTo(1);
    }
  }

  @Test
  void callsAtOnceUseNoMoreConnectionsThanThereAreCallsAtOnce() throws Exception {
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.answer(200, ACCEPTED));
        HttpImportApi api = api(peer, PATIENT);
        var callers = Executors.newFixedThreadPool(8)) {
      List<Future<Reply>> replies = new ArrayList<>();
      for (int i = 0; i < 400; i++) {
        replies.add(callers.submit((Callable<Reply>) () -> api.submit(REQUEST)));
      }
      for (Future<Reply> reply : replies) {
        assertAccepted(reply.get());
      }
      assertThat(peer.requests()).hasSize(400);
      assertThat(peer.connections()).isLessThanOrEqualTo(8);
    }
  }

  @Test
  void aConnectionThePeerSaysItClosesIsNotUsedAgain() throws Exception {
    try (ScriptedPeer peer =
            ScriptedPeer.http((_, stage) -> {
              stage.answer(200, ACCEPTED, "Connection: close");
              stage.close();
            });
        HttpImportApi api = api(peer, PATIENT)) {
      for (int i = 0; i < 20; i++) {
        assertAccepted(api.submit(REQUEST));
      }
      assertThat(peer.requests()).hasSize(20);
    }
  }

  /** As a peer does whose idle time is over: it closes, and has not said so before. */
  private static void closeAfterAnswering(ScriptedPeer.Request request, ScriptedPeer.Stage stage)
      throws IOException {
    stage.answer(200, ACCEPTED);
    stage.close();
  }

  @Test
  void aCallAfterThePeerClosedAnIdleConnectionIsMadeOnANewOne() throws Exception {
    try (ScriptedPeer peer = ScriptedPeer.http(KeptConnectionsTest::closeAfterAnswering);
        HttpImportApi api = api(peer, PATIENT)) {
      callAgainAndAgain(peer, api);
    }
  }

  @Test
  void aCallAfterThePeerClosedAnIdleTlsConnectionIsMadeOnANewOne() throws Exception {
    SelfSigned certificate = SelfSigned.forLoopback(folder);
    try (ScriptedPeer peer =
            ScriptedPeer.https(certificate, KeptConnectionsTest::closeAfterAnswering);
        HttpImportApi api =
            new HttpImportApi(
                new ClientSettings(peer.uri(), ApiFamily.APP, PATIENT, certificate.certificate()),
                AccessTokens.fixed("t"))) {
      callAgainAndAgain(peer, api);
    }
  }

  private static void callAgainAndAgain(ScriptedPeer peer, HttpImportApi api) throws Exception {
    int calls = 200;
    for (int i = 1; i <= calls; i++) {
      assertThat(api.submit(REQUEST)).as("call %s", i).isEqualTo(new Reply.Accepted(7));
      int closed = i;
      Eventually.isTrue("the peer closed", () -> peer.closedConnections() >= closed);
    }
    assertThat(peer.requests()).hasSize(calls);
  }

  @Test
  void bytesAfterAnAnswerAreNeverTheAnswerToTheNextCall() throws Exception {
    String stray = "{\"errcode\":0,\"errmsg\":\"ok\",\"job_id\":666}";
    try (ScriptedPeer peer =
            ScriptedPeer.http((_, stage) -> {
              String one = "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s";
              stage.write(
                  one.formatted(ACCEPTED.length(), ACCEPTED)
                      + one.formatted(stray.length(), stray));
            });
        HttpImportApi api = api(peer, PATIENT)) {
      for (int i = 0; i < 20; i++) {
        assertAccepted(api.submit(REQUEST));
      }
      assertThat(peer.requests()).hasSize(20);
    }
  }

  @Test
  void anInterruptedCallEndsAtOnceAndSaysSo() throws Exception {
    CountDownLatch called = new CountDownLatch(2);
    try (ScriptedPeer peer =
            ScriptedPeer.http((_, stage) -> {
              called.countDown();
              stage.pause(60_000);
            });
        HttpImportApi api = api(peer, Duration.ofSeconds(50))) {
      AtomicReference<Throwable> fromVirtual = new AtomicReference<>();
      AtomicReference<Throwable> fromPlatform = new AtomicReference<>();
      long began = System.nanoTime();
      Thread virtual = Thread.ofVirtual().start(() -> call(api, fromVirtual));
      Thread platform = Thread.ofPlatform().start(() -> call(api, fromPlatform));
      called.await();
      virtual.interrupt();
      platform.interrupt();
      virtual.join();
      platform.join();
      assertThat(fromVirtual.get()).isInstanceOf(InterruptedException.class);
      assertThat(fromPlatform.get()).isInstanceOf(InterruptedException.class);
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(30));
      assertThat(peer.requests()).hasSize(2);
    }
  }

  private static void call(HttpImportApi api, AtomicReference<Throwable> thrown) {
    try {
      api.submit(REQUEST);
    } catch (InterruptedException expected) {
      thrown.set(expected);
    }
  }

  @Test
  void aThreadThatIsInterruptedAlreadyCallsNobody() throws Exception {
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.answer(200, ACCEPTED));
        HttpImportApi api = api(peer, PATIENT)) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> api.submit(REQUEST)).isInstanceOf(InterruptedException.class);
      assertThat(Thread.interrupted()).isFalse();
      assertThat(peer.connections()).isZero();
      assertAccepted(api.submit(REQUEST));
    }
  }
}
