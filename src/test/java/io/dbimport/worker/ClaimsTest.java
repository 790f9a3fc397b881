package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.Outcome.Failed;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.worker.Claims.Claim;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import org.junit.jupiter.api.Test;

/** Who may use a request id, delivery by delivery. */
final class ClaimsTest {
  private static final String ID = "order-7";
  private static final RequestKey KEY = RequestKey.of(ID, 5);
  private static final Instant AT = ManualClock.START;
  private static final Failed UNKNOWN =
      new Failed(-1, "system error", ErrorClass.OUTCOME_UNKNOWN, "timeout", 2);
  private static final Failed REFUSED =
      new Failed(85088, "no qbase privilege", ErrorClass.FORBIDDEN, "no", 1);

  private final Remembered remembered = new Remembered();
  private final Claims claims = new Claims(remembered, new HashMap<>());

  @Test
  void theFirstThatComesHasTheIdHoweverOftenItAsks() {
    assertThat(claims.claim(KEY, 3)).isInstanceOf(Claim.Granted.class);
    assertThat(claims.claim(KEY, 3)).isInstanceOf(Claim.Granted.class);
    assertThat(claims.claim(KEY, 4)).isInstanceOf(Claim.Waits.class);
    assertThat(claims.claimFirst(KEY, 3)).isInstanceOf(Claim.Granted.class);
  }

  @Test
  void whoIsFirstInTheLaneTakesTheIdFromOneThatClaimedItBefore() {
    assertThat(claims.claim(KEY, 4)).isInstanceOf(Claim.Granted.class);
    assertThat(claims.claimFirst(KEY, 3)).isInstanceOf(Claim.Granted.class);
    assertThat(claims.claim(KEY, 4)).isInstanceOf(Claim.Waits.class);
    assertThat(claims.claim(KEY, 3)).isInstanceOf(Claim.Granted.class);
  }

  @Test
  void anOtherContentIsRefusedThoughItIsFirst() {
    assertThat(claims.claim(KEY, 3)).isInstanceOf(Claim.Granted.class);
    assertThat(claims.claimFirst(RequestKey.of(ID, 6), 2)).isInstanceOf(Claim.Refused.class);
  }

  @Test
  void anAcceptedOutcomeAnswersAll() {
    claims.claim(KEY, 3);
    claims.settled(KEY, ID, 3, new JobAccepted(77, 2), AT);
    assertThat(claims.claim(KEY, 4)).isEqualTo(new Claim.Answered(new JobAccepted(77, 2), AT));
  }

  @Test
  void aFailureFreesTheIdOfTheDeliveryThatHasIt() {
    claims.claim(KEY, 3);
    claims.settled(KEY, ID, 4, REFUSED, AT);
    assertThat(claims.claim(KEY, 5)).as("3 has it still").isInstanceOf(Claim.Waits.class);
    claims.settled(KEY, ID, 3, REFUSED, AT);
    assertThat(claims.claim(KEY, 5)).isInstanceOf(Claim.Granted.class);
    claims.settled(RequestKey.of("never claimed", 1), "never claimed", 9, REFUSED, AT);
  }

  @Test
  void anUnknownOutcomeAnswersUntilItIsResolved() {
    claims.claim(KEY, 3);
    claims.settled(KEY, ID, 3, UNKNOWN, AT);
    assertThat(claims.unknownCount()).isEqualTo(1);
    assertThat(claims.unknown(3)).isEqualTo(new Restored.Unknown(ID, UNKNOWN));
    assertThat(claims.claim(KEY, 4)).isEqualTo(new Claim.Answered(UNKNOWN, AT));
    claims.resolved(KEY, 3, 77, 2, AT.plusSeconds(9));
    assertThat(claims.unknownCount()).isZero();
    assertThat(claims.claim(KEY, 4))
        .isEqualTo(new Claim.Answered(new JobAccepted(77, 2), AT.plusSeconds(9)));
  }

  /** Whatever is lost of why, what may have been carried out is not called again. */
  @Test
  void anUnknownOutcomeWithoutItsReasonIsUnknown() {
    remembered.unknown(KEY, 3, AT, 2);
    Claim claim = claims.claim(KEY, 4);
    assertThat(claim).isInstanceOf(Claim.Answered.class);
    Failed failed = (Failed) ((Claim.Answered) claim).outcome();
    assertThat(failed.errorClass()).isEqualTo(ErrorClass.OUTCOME_UNKNOWN);
    assertThat(failed.errcode()).isEqualTo(-1);
    assertThat(failed.attempts()).isEqualTo(2);
  }

  @Test
  void aDeliveryThatIsGoneFreesItsIdAlone() {
    claims.claim(KEY, 3);
    claims.gone(4);
    assertThat(claims.claim(KEY, 5)).isInstanceOf(Claim.Waits.class);
    claims.gone(3);
    assertThat(claims.claim(KEY, 5)).isInstanceOf(Claim.Granted.class);
  }

  @Test
  void anUnknownOutcomeIsForgottenWithItsIdAndNoOther() {
    claims.settled(KEY, ID, 3, UNKNOWN, AT);
    claims.settled(RequestKey.of("later", 1), "later", 4, UNKNOWN, AT.plusSeconds(1));
    claims.expire(AT);
    assertThat(claims.unknownCount()).isEqualTo(2);
    claims.expire(AT.plus(Duration.ofMillis(1)));
    assertThat(claims.unknown(3)).isNull();
    assertThat(claims.unknown(4)).isNotNull();
    assertThat(claims.claim(KEY, 5)).isInstanceOf(Claim.Granted.class);
  }
}
