package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.ErrorCode;
import io.dbimport.ImportRequest;
import io.dbimport.Outcome;
import io.dbimport.Outcome.Failed;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.Reply;
import io.dbimport.Reply.Accepted;
import io.dbimport.Reply.Refused;
import io.dbimport.Reply.Unanswered;
import io.dbimport.Reply.Unavailable;
import io.dbimport.worker.Step.CallAgain;
import io.dbimport.worker.Step.Settle;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class AfterReplyTest {
  private static final Duration RETRY_FOR = Duration.ofMinutes(15);
  private static final Duration DAY = Duration.ofHours(24);
  private static final ImportRequest INSERT = Requests.request(null, false);
  private static final ImportRequest UPSERT = Requests.request(null, true);

  private final ManualClock clock = new ManualClock();
  private final AfterReply afterReply =
      new AfterReply(
          new Backoff(Duration.ofMillis(500), Duration.ofSeconds(60), FixedRandom.HIGHEST),
          RETRY_FOR,
          false);

  private Step first(Reply reply, ImportRequest request) {
    return afterReply.step(reply, request, Attempts.NONE.call(), clock.now(), Duration.ZERO);
  }

  private Step next(Reply reply, ImportRequest request, Attempts soFar) {
    return afterReply.step(reply, request, soFar.call(), clock.now(), Duration.ZERO);
  }

  private static Failed failed(Step step) {
    assertThat(step).isInstanceOf(Settle.class);
    Outcome outcome = ((Settle) step).outcome();
    assertThat(outcome).isInstanceOf(Failed.class);
    return (Failed) outcome;
  }

  private static CallAgain again(Step step) {
    assertThat(step).isInstanceOf(CallAgain.class);
    return (CallAgain) step;
  }

  @ParameterizedTest(name = "{0}")
  @CsvFileSource(resources = "/spec/errcodes.csv", useHeadersInDisplayName = true)
  void whatFollowsAnErrcodeIsWhatTheTableSays(
      String id, int errcode, String errorClass, String ifSafe, String ifNot) {
    assertFollows(id, errcode, errorClass, UPSERT, ifSafe);
    assertFollows(id, errcode, errorClass, INSERT, ifNot);
  }

  private void assertFollows(
      String id, int errcode, String tag, ImportRequest request, String expected) {
    ErrorClass errorClass = ErrorClass.valueOf(tag.toUpperCase(Locale.ROOT));
    Step step = first(Refused.of(errcode, "the answer rid: 1"), request);
    Failed reason =
        switch (step) {
          case Settle _ -> failed(step);
          case CallAgain again -> again.reason();
        };
    assertThat(reason.errcode()).as(id).isEqualTo(errcode);
    assertThat(reason.errorClass()).as(id).isEqualTo(errorClass);
    assertThat(reason.detail()).as(id).isEqualTo("the answer rid: 1");
    String follows =
        switch (step) {
          case Settle _ -> "fails";
          case CallAgain again when again.attempts().tokenRenewed() -> "renews_token";
          case CallAgain again when again.attempts().firstThrottled() != null -> "waits";
          case CallAgain _ -> "backs_off";
        };
    assertThat(follows).as(id).isEqualTo(expected);
    boolean counts = !expected.equals("waits");
    assertThat(reason.attempts()).as("%s: attempts", id).isEqualTo(counts ? 1 : 0);
    if (step instanceof CallAgain again) {
      assertThat(again.attempts().made()).as("%s: attempts", id).isEqualTo(counts ? 1 : 0);
      assertThat(again.attempts().backoffs())
          .as("%s: backoffs", id)
          .isEqualTo(expected.equals("backs_off") ? 1 : 0);
    }
  }

  @ParameterizedTest(name = "{0}")
  @CsvFileSource(resources = "/spec/errcodes.csv", useHeadersInDisplayName = true)
  void errmsgIsThePagesTextWhereThePageHasTheCode(
      String id, int errcode, String tag, String ifSafe, String ifNot, boolean listed) {
    String expected =
        listed ? ErrorCode.of(errcode).orElseThrow().message() : "the answer of " + tag;
    Step step = first(Refused.of(errcode, "the answer of " + tag), INSERT);
    Failed reason = step instanceof CallAgain again ? again.reason() : failed(step);
    assertThat(reason.errmsg()).as("%s %s %s", id, ifSafe, ifNot).isEqualTo(expected);
  }

  @Test
  void anAcceptedReplyIsTheOutcomeWithAllAttempts() {
    Attempts soFar = Attempts.NONE.call().unavailable(clock.now(), Duration.ZERO);
    assertThat(next(new Accepted(Long.MAX_VALUE), INSERT, soFar))
        .isEqualTo(new Settle(new JobAccepted(Long.MAX_VALUE, 2)));
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, -501002, -502011})
  void anUnansweredRequestThatIsNotRerunSafeIsNeverCalledTwice(int code) {
    Failed failed = failed(first(new Unanswered(code, "read timed out"), INSERT));
    assertThat(failed.errorClass()).isEqualTo(ErrorClass.OUTCOME_UNKNOWN);
    assertThat(failed.errcode()).isEqualTo(code);
    assertThat(failed.detail()).isEqualTo("read timed out");
    assertThat(failed.attempts()).isEqualTo(1);
  }

  @Test
  void anUnansweredRerunSafeRequestIsTriedAgain() {
    CallAgain again = again(first(new Unanswered(-1, "read timed out"), UPSERT));
    assertThat(again.reason().errorClass()).isEqualTo(ErrorClass.OUTCOME_UNKNOWN);
    assertThat(again.delay()).isEqualTo(Duration.ofMillis(500));
    assertThat(again.attempts().made()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 41001, -601001})
  void whatWasSurelyNotSentIsTriedAgainForAnyRequest(int code) {
    for (ImportRequest request : new ImportRequest[] {INSERT, UPSERT}) {
      CallAgain again = again(first(new Unavailable(code, "connection refused"), request));
      assertThat(again.reason().errorClass()).isEqualTo(ErrorClass.UNAVAILABLE);
      assertThat(again.reason().errcode()).isEqualTo(code);
    }
  }

  @Test
  void backoffsGrowWithEachOne() {
    Attempts attempts = Attempts.NONE;
    for (long millis : new long[] {500, 1_000, 2_000, 4_000}) {
      CallAgain again = again(next(new Unavailable(-1, "down"), INSERT, attempts));
      assertThat(again.delay()).isEqualTo(Duration.ofMillis(millis));
      attempts = again.attempts();
    }
    assertThat(attempts.made()).isEqualTo(4);
  }

  @Test
  void patienceEndsWhenTheFirstFailureIsOldEnough() {
    CallAgain again = again(first(new Unavailable(-1, "down"), INSERT));
    clock.advance(RETRY_FOR.minusNanos(1));
    again = again(next(new Unavailable(-502001, "busy"), INSERT, again.attempts()));
    clock.advance(Duration.ofNanos(1));
    Failed failed =
        failed(next(new Unavailable(-503001, "file service"), INSERT, again.attempts()));
    assertThat(failed)
        .isEqualTo(
            new Failed(-503001, "file request failed", ErrorClass.UNAVAILABLE, "file service", 3));
  }

  @Test
  void patienceGoesByTheMonotonicClock() {
    CallAgain again = again(first(new Unavailable(-1, "down"), INSERT));
    clock.setWall(ManualClock.START.plus(Duration.ofDays(400)));
    again = again(next(new Unavailable(-1, "down"), INSERT, again.attempts()));
    clock.setWall(ManualClock.START.minus(Duration.ofDays(400)));
    clock.advance(RETRY_FOR);
    failed(next(new Unavailable(-1, "down"), INSERT, again.attempts()));
  }

  @Test
  void patienceOfNothingMeansOneAttempt() {
    AfterReply impatient = new AfterReply(afterReply.backoff(), Duration.ZERO, false);
    Reply down = new Unavailable(-1, "down");
    failed(impatient.step(down, INSERT, Attempts.NONE.call(), clock.now(), Duration.ZERO));
  }

  @Test
  void aRefusedTokenIsTriedOnceMoreAtOnceAndThenFails() {
    CallAgain again = again(first(Refused.of(42001, "access_token expired"), INSERT));
    assertThat(again.delay()).isZero();
    Failed failed = failed(next(Refused.of(40001, "not latest"), INSERT, again.attempts()));
    assertThat(failed.errorClass()).isEqualTo(ErrorClass.TOKEN);
    assertThat(failed.errcode()).isEqualTo(40001);
    assertThat(failed.attempts()).isEqualTo(2);
  }

  @Test
  void aTokenIsTriedOnceMoreAfterOtherRepliesToo() {
    CallAgain again = again(first(new Unavailable(-1, "down"), INSERT));
    again = again(next(Refused.of(42001, "expired"), INSERT, again.attempts()));
    assertThat(again.delay()).isZero();
    again = again(next(new Unavailable(-1, "down"), INSERT, again.attempts()));
    assertThat(again.delay()).as("the second backoff").isEqualTo(Duration.ofSeconds(1));
    assertThat(failed(next(Refused.of(42001, "expired"), INSERT, again.attempts())).attempts())
        .isEqualTo(4);
  }

  @ParameterizedTest
  @ValueSource(ints = {45011, -501003, -501004, -501015, -501016})
  void aQuotaWithoutAWindowOfItsOwnWaitsAMinute(int code) {
    assertThat(again(first(Refused.of(code, "slower"), INSERT)).delay())
        .isEqualTo(Duration.ofSeconds(60));
  }

  @ParameterizedTest
  @CsvSource({
    "2026-03-01T10:00:00Z, PT6H",
    "2026-03-01T15:59:59.999Z, PT0.001S",
    "2026-03-01T16:00:00.001Z, PT23H59M59.999S",
    "2026-12-31T20:00:00Z, PT20H",
    "2028-02-28T16:00:01Z, PT23H59M59S",
  })
  void theDailyQuotaWaitsForTheNextDayInChina(Instant now, Duration wait) {
    clock.setWall(now);
    assertThat(again(first(Refused.of(45009, "daily quota"), INSERT)).delay()).isEqualTo(wait);
  }

  @Test
  void anAppThatIsNotConfiguredCostsNoAttemptAndTheServicesOwn40013DoesOne() {
    Refused notConfigured = new Refused(40013, "no app zzz", ErrorClass.INVALID, null);
    assertThat(failed(first(notConfigured, INSERT)))
        .returns(0, Failed::attempts)
        .returns(ErrorClass.INVALID, Failed::errorClass);
    assertThat(failed(first(Refused.of(40013, "invalid appid"), INSERT)))
        .returns(1, Failed::attempts)
        .returns(ErrorClass.FORBIDDEN, Failed::errorClass);
  }

  private static Refused tooManyRequests(Duration retryAfter) {
    return new Refused(-1, "HTTP 429", ErrorClass.THROTTLED, retryAfter);
  }

  @Test
  void theWaitTheServiceAsksForIsKept() {
    CallAgain again = again(first(tooManyRequests(Duration.ofSeconds(7)), INSERT));
    assertThat(again.delay()).isEqualTo(Duration.ofSeconds(7));
    assertThat(again.reason().errorClass()).isEqualTo(ErrorClass.THROTTLED);
    assertThat(again.reason().errcode()).isEqualTo(-1);
    assertThat(again.attempts().made()).isZero();
    Refused silent = new Refused(-1, "HTTP 429", ErrorClass.THROTTLED, null);
    assertThat(again(first(silent, INSERT)).delay()).isEqualTo(Duration.ofSeconds(60));
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT0S", "PT0.001S", "PT-5S"})
  void aServiceThatAsksForNoWaitIsNotCalledInALoop(Duration retryAfter) {
    assertThat(again(first(tooManyRequests(retryAfter), INSERT)).delay())
        .isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void aQuotaIsWaitedForADayAtMost() {
    CallAgain again = again(first(Refused.of(45011, "slower"), INSERT));
    clock.advance(DAY.minusNanos(1));
    again = again(next(Refused.of(-501003, "quota"), INSERT, again.attempts()));
    assertThat(again.delay()).as("no longer than the day").isEqualTo(Duration.ofNanos(1));
    clock.advance(Duration.ofNanos(1));
    Failed failed = failed(next(Refused.of(-501004, "at once"), INSERT, again.attempts()));
    assertThat(failed.errorClass()).isEqualTo(ErrorClass.THROTTLED);
    assertThat(failed.errcode()).isEqualTo(-501004);
    assertThat(failed.attempts()).as("no reply was an attempt").isZero();
  }

  @Test
  void timeInAQuotaWindowIsNotCountedAgainstPatience() {
    CallAgain again = again(first(new Unavailable(-1, "down"), INSERT));
    clock.advance(Duration.ofMinutes(10));
    again = again(next(Refused.of(45009, "daily quota"), INSERT, again.attempts()));
    clock.advance(again.delay());
    clock.advance(Duration.ofMinutes(5).minusNanos(1));
    again = again(next(new Unavailable(-1, "down"), INSERT, again.attempts()));
    clock.advance(Duration.ofNanos(1));
    assertThat(failed(next(new Unavailable(-1, "down"), INSERT, again.attempts())).attempts())
        .isEqualTo(3);
  }

  @Test
  void anEarlierSilenceIsNotForgottenWhenPatienceEnds() {
    CallAgain again = again(first(new Unanswered(-1, "reset"), UPSERT));
    clock.advance(RETRY_FOR);
    Failed failed = failed(next(new Unavailable(-1, "refused"), UPSERT, again.attempts()));
    assertThat(failed.errorClass())
        .as("the first attempt may have been carried out")
        .isEqualTo(ErrorClass.OUTCOME_UNKNOWN);
  }

  @Test
  void aDefiniteAnswerAfterASilenceIsReportedAsItIs() {
    CallAgain again = again(first(new Unanswered(-1, "reset"), UPSERT));
    Failed failed = failed(next(Refused.of(-502005, "no table"), UPSERT, again.attempts()));
    assertThat(failed.errorClass()).isEqualTo(ErrorClass.MISSING);
    assertThat(failed.attempts()).isEqualTo(2);
  }

  @Test
  void theSameReplyGivesTheSameStep() {
    for (Reply reply :
        new Reply[] {
          new Accepted(1), Refused.of(45011, "x"), new Unavailable(-1, "x"), new Unanswered(-1, "x")
        }) {
      assertThat(first(reply, UPSERT)).isEqualTo(first(reply, UPSERT));
    }
  }
}
