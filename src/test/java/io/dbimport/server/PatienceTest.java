package io.dbimport.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A peer's patience by a clock that the test moves. */
final class PatienceTest {
  private static final long SECOND = 1_000_000_000L;

  private final Patience patience =
      new Patience(
          new ConnectionBounds(
              1,
              1,
              Duration.ofSeconds(120),
              Duration.ofSeconds(30),
              1_000,
              Duration.ofSeconds(5),
              Duration.ofSeconds(1)));

  /** Near the end of what the clock can count. */
  private long now = Long.MAX_VALUE - 20 * SECOND;

  @AfterEach
  void nobodyElseIsInterrupted() {
    assertThat(Thread.interrupted()).isFalse();
  }

  private boolean stoppedAfter(long seconds) {
    patience.stopIfOver(Thread.currentThread(), now + seconds * SECOND);
    return Thread.interrupted();
  }

  private void waits(long seconds, long bytes) {
    patience.reading(now);
    now += seconds * SECOND;
    assertThat(patience.moved(now, bytes)).isTrue();
  }

  @Test
  void aPeerThatSendsNothingIsStoppedOnceWhenThePatienceIsOver() {
    patience.reading(now);

    assertThat(stoppedAfter(30)).isFalse();
    assertThat(stoppedAfter(31)).isTrue();
    assertThat(stoppedAfter(32)).isFalse();
    assertThat(patience.moved(now + 32 * SECOND, 1)).isFalse();
  }

  @Test
  void aPeerThatSendsOneByteASecondIsStopped() {
    for (int i = 0; i < 30; i++) {
      waits(1, 1);
    }
    patience.reading(now);

    assertThat(stoppedAfter(1)).isTrue();
  }

  @Test
  void aPeerThatSendsAsFastAsItMustIsNeverStopped() {
    for (int i = 0; i < 10_000; i++) {
      waits(20, 20_000);
    }
    patience.reading(now);

    assertThat(stoppedAfter(30)).isFalse();
  }

  @Test
  void whatCameFastEarlierBuysNoMoreThanThePatience() {
    waits(1, 1L << 40);
    patience.reading(now);

    assertThat(stoppedAfter(31)).isTrue();
  }

  @Test
  void whileTheServerWorksNobodyIsStopped() {
    waits(1, 1);
    assertThat(stoppedAfter(100_000)).isFalse();
    now += 100_000 * SECOND;
    patience.reading(now);

    assertThat(stoppedAfter(28)).isFalse();
  }

  @Test
  void whatIsWrittenMayTakeAsLongAsItsBytes() {
    patience.writing(now, 100_000);

    assertThat(stoppedAfter(130)).isFalse();
    assertThat(stoppedAfter(131)).isTrue();
  }

  @Test
  void anIdlePeerMayStayLongerAndANewRequestHasItsOwnPatience() {
    waits(29, 0);
    patience.idle(now);
    assertThat(stoppedAfter(120)).isFalse();
    now += 120 * SECOND;
    assertThat(patience.moved(now, 1)).isTrue();
    patience.renew();
    patience.reading(now);

    assertThat(stoppedAfter(30)).isFalse();
    assertThat(patience.moved(now, 0)).isTrue();
    patience.idle(now);
    assertThat(stoppedAfter(121)).isTrue();
  }

  @Test
  void whatIsThrownAwayBuysNothing() {
    patience.linger();
    waits(3, 0);
    patience.reading(now);

    assertThat(stoppedAfter(2)).isFalse();
    assertThat(stoppedAfter(3)).isTrue();
  }
}
