package io.dbimport.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.client.AccessTokens.TokenReply;
import io.dbimport.client.TokenSource.Fetched;
import io.dbimport.client.TokenSource.Fetched.Failed;
import io.dbimport.client.TokenSource.Fetched.Fresh;
import io.dbimport.fixtures.Eventually;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class RenewedTokenTest {
  private static final Duration TWO_HOURS = Duration.ofHours(2);
  private static final Duration PATIENT = Duration.ofSeconds(30);

  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 1_000);
  private final LinkedBlockingQueue<Fetched> answers = new LinkedBlockingQueue<>();

  /** Each time the source was asked: whether it was after a rejection. */
  private final List<Boolean> asked = new CopyOnWriteArrayList<>();

  private volatile boolean outage;

  private final RenewedToken tokens =
      new RenewedToken(
          "shop",
          afterRejection -> {
            asked.add(afterRejection);
            return outage ? new Failed("the service is away") : answers.take();
          },
          now::get,
          new SplittableRandom(1));

  private static Fresh fresh(String token) {
    return new Fresh(token, TWO_HOURS);
  }

  private void advance(Duration time) {
    now.addAndGet(time.toNanos());
  }

  private TokenReply token() throws InterruptedException {
    return tokens.token(null, PATIENT);
  }

  private void assertToken(String expected) throws InterruptedException {
    assertThat(token()).isEqualTo(new TokenReply.Token(expected));
  }

  private void eventuallyToken(String expected) throws Exception {
    var _ = Eventually.see("the token", this::token, new TokenReply.Token(expected)::equals);
  }

  private void eventuallyAsked(int times) throws Exception {
    var _ = Eventually.see("asked", asked::size, size -> size == times);
  }

  private String assertNoToken() throws InterruptedException {
    TokenReply reply = token();
    assertThat(reply).isInstanceOf(TokenReply.NoToken.class);
    return ((TokenReply.NoToken) reply).why();
  }

  /** A source that has given this, and has nothing more to give. */
  private void given(String token) throws InterruptedException {
    answers.add(fresh(token));
    assertToken(token);
  }

  @Test
  void twoHundredCallersWaitForOneFetch() throws Exception {
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<TokenReply>> replies = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        replies.add(callers.submit(this::token));
      }
      eventuallyAsked(1);
      answers.add(fresh("t1"));
      for (Future<TokenReply> reply : replies) {
        assertThat(reply.get()).isEqualTo(new TokenReply.Token("t1"));
      }
    }
    assertThat(asked).containsExactly(false);
  }

  @Test
  void aCallerWaitsNoLongerThanItsCallMayTake() throws InterruptedException {
    TokenReply reply = tokens.token(null, Duration.ofMillis(20));
    assertThat(((TokenReply.NoToken) reply).why()).contains("shop", "within 20 ms");
  }

  @Test
  void aTokenIsRenewedAheadOfItsEndWhileCallsGoOnWithTheOldOne() throws Exception {
    given("t1");
    advance(Duration.ofMinutes(95));
    assertToken("t1");
    assertThat(asked).hasSize(1);
    advance(Duration.ofMinutes(14));
    for (int i = 0; i < 50; i++) {
      assertToken("t1");
    }
    eventuallyAsked(2);
    answers.add(fresh("t2"));
    eventuallyToken("t2");
    assertThat(asked).containsExactly(false, false);
  }

  /** Seconds of life, and when at the earliest and at the latest it is renewed. */
  @ParameterizedTest
  @CsvSource({"7200, 5760, 6480", "1200, 900, 900", "600, 300, 300", "300, 150, 150", "2, 1, 1"})
  void renewalIsFiveMinutesAheadButHalfwayThroughAShortLife(long life, long from, long to)
      throws Exception {
    answers.add(new Fresh("t1", Duration.ofSeconds(life)));
    assertToken("t1");
    advance(Duration.ofSeconds(from).minusNanos(1));
    assertToken("t1");
    assertThat(asked).hasSize(1);
    advance(Duration.ofSeconds(to - from).plusNanos(1));
    assertToken("t1");
    eventuallyAsked(2);
  }

  @Test
  void aTokenIsNotUsedAfterItsEnd() throws Exception {
    given("t1");
    advance(TWO_HOURS);
    answers.add(fresh("t2"));
    assertToken("t2");
  }

  @Test
  void manyRejectionsOfOneTokenAreOneRenewal() throws Exception {
    given("t1");
    for (int i = 0; i < 500; i++) {
      tokens.rejected(null, "t1");
    }
    answers.add(fresh("t2"));
    assertToken("t2");
    for (int i = 0; i < 500; i++) {
      tokens.rejected(null, "t1");
    }
    assertToken("t2");
    assertThat(asked).containsExactly(false, true);
  }

  @Test
  void aTokenThatWasNotTakenIsUsedNoMoreEvenIfNoOtherCanBeHad() throws Exception {
    given("t1");
    tokens.rejected(null, "t1");
    answers.add(new Failed("the service is away"));
    assertThat(assertNoToken()).contains("shop", "the service is away").doesNotContain("t1");
  }

  @Test
  void theSameTokenAgainAfterARejectionIsNone() throws Exception {
    given("t1");
    tokens.rejected(null, "t1");
    answers.add(fresh("t1"));
    assertThat(assertNoToken()).contains("gave the token again");
    tokens.rejected(null, "t1");
    assertThat(asked).hasSize(2);
    advance(Duration.ofMillis(1500));
    answers.add(fresh("t2"));
    assertToken("t2");
    assertThat(asked).containsExactly(false, true, true);
  }

  @Test
  void fastRejectionsOfFreshTokensAreSpacedOut() throws Exception {
    given("t1");
    tokens.rejected(null, "t1");
    given("t2");
    tokens.rejected(null, "t2");
    assertThat(assertNoToken()).contains("did not take the token that was just renewed");
    advance(Duration.ofSeconds(29));
    var _ = assertNoToken();
    assertThat(asked).hasSize(2);
    advance(Duration.ofSeconds(17));
    given("t3");
    // It is taken for a while: the next rejection is a new matter.
    advance(Duration.ofMinutes(5));
    tokens.rejected(null, "t3");
    given("t4");
    assertThat(asked).containsExactly(false, true, true, true);
  }

  @Test
  void anOutageIsRiddenOutOnTheOldTokenWhileItLives() throws Exception {
    given("t1");
    advance(Duration.ofMinutes(110));
    outage = true;
    for (int seconds = 0; seconds < 600; seconds++) {
      assertToken("t1");
      advance(Duration.ofSeconds(1));
    }
    assertThat(assertNoToken()).contains("shop", "the service is away").doesNotContain("t1");
    outage = false;
    advance(Duration.ofSeconds(91));
    given("t2");
  }

  @Test
  void aServiceThatFailsIsAskedLessAndLess() throws Exception {
    outage = true;
    for (int seconds = 0; seconds < 600; seconds++) {
      var _ = assertNoToken();
      advance(Duration.ofSeconds(1));
    }
    // After 1 s, 2 s, 4 s and so on up to a minute, each up to half as long again by chance.
    assertThat(asked).hasSizeBetween(11, 16);
  }

  @Test
  void aFaultOfTheSourceLeavesNobodyWaiting() throws Exception {
    RenewedToken broken =
        new RenewedToken(
            "shop",
            _ -> {
              throw new IllegalStateException("s3cret");
            },
            now::get,
            new SplittableRandom(1));
    assertThat(((TokenReply.NoToken) broken.token(null, PATIENT)).why())
        .contains("IllegalStateException")
        .doesNotContain("s3cret");
  }

  @Test
  void noTextHoldsAToken() throws Exception {
    given("s3cret-token");
    assertThat(token().toString()).doesNotContain("s3cret");
    assertThat(fresh("s3cret-token").toString()).doesNotContain("s3cret");
  }

  @Test
  void thereIsOneApp() throws InterruptedException {
    assertThat(tokens.token("wx1", PATIENT)).isEqualTo(new TokenReply.UnknownApp("wx1"));
    assertThat(asked).isEmpty();
  }
}
