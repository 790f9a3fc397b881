package io.dbimport.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PosterTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  /** A call whose clock goes on by this much after its deadline's timer was set. */
  private static Exchange postFrozenFor(Duration frozen, ScriptedPeer peer)
      throws InterruptedException {
    long began = Long.MAX_VALUE - 5;
    AtomicInteger looks = new AtomicInteger();
    try (Poster poster =
        new Poster(
            new ClientSettings(peer.uri(), ApiFamily.APP, TIMEOUT, null),
            () -> looks.getAndIncrement() == 0 ? began : began + frozen.toNanos())) {
      return poster.exchange(Outgoing.call("/tcb/x", "token", new byte[] {'{', '}'}), began);
    }
  }

  @Test
  void aProcessThatWakesAfterTheTimeoutSendsNothing() throws InterruptedException {
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.answer(200, "{}"))) {
      assertThat(postFrozenFor(TIMEOUT.plusNanos(1), peer)).isInstanceOf(Exchange.NotSent.class);
      assertThat(peer.requests()).isEmpty();
    }
  }

  @Test
  void aProcessThatWakesInTimeSends() throws InterruptedException {
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.answer(200, "{}"))) {
      assertThat(postFrozenFor(TIMEOUT, peer)).isInstanceOf(Exchange.Answer.class);
      assertThat(peer.requests()).hasSize(1);
    }
  }
}
