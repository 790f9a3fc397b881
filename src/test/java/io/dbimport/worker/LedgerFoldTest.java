package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.Outcome;
import io.dbimport.Reply;
import io.dbimport.event.AcceptedJob;
import io.dbimport.event.JournalRecord;
import io.dbimport.event.LedgerRecord;
import io.dbimport.event.LedgerRecord.OpenState;
import io.dbimport.event.Progress;
import io.dbimport.worker.Remembered.State;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the records of a ledger and a journal come to, whichever of them compaction left. */
final class LedgerFoldTest {
  private static final String TOPIC_ID = "Tq2nDuPGRe6hm5Bq0mlL2w";
  private static final long START = 10;
  private static final long CONTENT = 5;
  private static final Instant AT = ManualClock.START;
  private static final Outcome.Failed UNKNOWN =
      new Outcome.Failed(-1, "system error", ErrorClass.OUTCOME_UNKNOWN, "timeout", 2);
  private static final Outcome.Failed REFUSED =
      new Outcome.Failed(85088, "no qbase privilege", ErrorClass.FORBIDDEN, "no", 1);

  /** What {@link Requests#job} has. */
  private static final String ID = "request-1";

  private static final RequestKey KEY = RequestKey.of(ID, CONTENT);

  private final LedgerFold fold = new LedgerFold(START);

  private static LedgerRecord.Open open(long offset, OpenState state) {
    return new LedgerRecord.Open(
        TOPIC_ID, offset, state, ID, CONTENT, null, "env", "books", Progress.NONE);
  }

  private static LedgerRecord.Accepted accepted(long offset, boolean duplicate) {
    return new LedgerRecord.Accepted(TOPIC_ID, job(offset), CONTENT, duplicate);
  }

  private static AcceptedJob job(long offset) {
    return Requests.job(0, offset, AT);
  }

  private static LedgerRecord failed(long offset, Outcome.Failed failed, boolean duplicate) {
    return new LedgerRecord.Failed(TOPIC_ID, offset, ID, CONTENT, failed, AT, duplicate);
  }

  private static LedgerRecord ended(long offset) {
    return new LedgerRecord.Ended(TOPIC_ID, offset, ID, CONTENT, 77, 3, AT, "success");
  }

  private static JournalRecord reply(long offset, int call, long jobId) {
    return new JournalRecord(TOPIC_ID, offset, call, new Reply.Accepted(jobId));
  }

  private Remembered.Entry known() {
    return Objects.requireNonNull(fold.restored().remembered().find(KEY));
  }

  private boolean forgotten() {
    return fold.restored().remembered().find(KEY) == null;
  }

  @ParameterizedTest
  @EnumSource
  void aDeliveryWithoutAnOutcomeIsOpenAndHasClaimedItsId(OpenState state) {
    fold.add(open(12, OpenState.PARKED));
    fold.add(open(12, state));
    assertThat(fold.restored().open()).isEqualTo(Map.of(12L, open(12, state)));
    assertThat(fold.restored().done()).isEmpty();
    assertThat(known().state()).isEqualTo(State.OPEN);
    assertThat(known().offset()).isEqualTo(12);
  }

  @Test
  void ofTwoThatAreOpenTheFirstHasTheId() {
    fold.add(open(12, OpenState.PARKED));
    fold.add(open(13, OpenState.PARKED));
    assertThat(fold.restored().open()).containsOnlyKeys(12L, 13L);
    assertThat(known().offset()).isEqualTo(12);
  }

  @Test
  void anAcceptedOneIsDoneAndItsJobIsFollowed() {
    fold.add(open(12, OpenState.INTENT));
    fold.add(accepted(12, false));
    Restored restored = fold.restored();
    assertThat(restored.open()).isEmpty();
    assertThat(restored.done()).isEqualTo(Set.of(12L));
    assertThat(restored.openJobs()).containsExactly(accepted(12, false).job());
    assertThat(known().state()).isEqualTo(State.ACCEPTED);
    assertThat(known().jobId()).isEqualTo(job(12).jobId());
  }

  @Test
  void oneThatIsAnsweredByAnotherIsDoneAndHasNoJobOfItsOwn() {
    fold.add(accepted(11, false));
    fold.add(open(12, OpenState.PARKED));
    fold.add(accepted(12, true));
    Restored restored = fold.restored();
    assertThat(restored.open()).isEmpty();
    assertThat(restored.done()).isEqualTo(Set.of(11L, 12L));
    assertThat(restored.openJobs()).extracting(job -> job.source().offset()).containsExactly(11L);
    assertThat(known().offset()).isEqualTo(11);
  }

  @Test
  void aJobThatEndedIsFollowedNoMoreAndRemembered() {
    fold.add(accepted(12, false));
    fold.add(ended(12));
    assertThat(fold.restored().openJobs()).isEmpty();
    assertThat(fold.restored().done()).isEqualTo(Set.of(12L));
    assertThat(known()).isEqualTo(new Remembered.Entry(State.ACCEPTED, CONTENT, 12, 77, AT, 3));
  }

  @Test
  void anEndAloneIsEnough() {
    fold.add(open(12, OpenState.INTENT));
    fold.add(ended(12));
    assertThat(fold.restored().open()).isEmpty();
    assertThat(fold.restored().done()).isEqualTo(Set.of(12L));
    assertThat(known().state()).isEqualTo(State.ACCEPTED);
  }

  @Test
  void aFailureFreesTheIdOfTheDeliveryThatHasIt() {
    fold.add(open(12, OpenState.PARKED));
    fold.add(open(13, OpenState.PARKED));
    fold.add(failed(13, REFUSED, false));
    assertThat(known().offset()).as("12 has it still").isEqualTo(12);
    fold.add(failed(12, REFUSED, false));
    assertThat(forgotten()).isTrue();
    assertThat(fold.restored().open()).isEmpty();
    assertThat(fold.restored().done()).isEqualTo(Set.of(12L, 13L));
    assertThat(fold.restored().unknown()).isEmpty();
  }

  @Test
  void aFailureThatCouldNotNameItsRequestFreesTheIdToo() {
    fold.add(open(12, OpenState.PARKED));
    fold.add(new LedgerRecord.Failed(TOPIC_ID, 12, "topic-0-12", 0, REFUSED, AT, false));
    assertThat(forgotten()).isTrue();
  }

  @Test
  void aFailureOfWhatNobodyClaimedIsDone() {
    fold.add(failed(12, REFUSED, false));
    assertThat(forgotten()).isTrue();
    assertThat(fold.restored().done()).isEqualTo(Set.of(12L));
  }

  @Test
  void anUnknownOutcomeIsRememberedAsSuchUntilItIsAccepted() {
    fold.add(open(12, OpenState.INTENT));
    fold.add(failed(12, UNKNOWN, false));
    assertThat(fold.restored().unknown()).isEqualTo(Map.of(12L, new Restored.Unknown(ID, UNKNOWN)));
    assertThat(known()).isEqualTo(new Remembered.Entry(State.UNKNOWN, CONTENT, 12, 0, AT, 2));
    fold.add(accepted(12, false));
    assertThat(fold.restored().unknown()).isEmpty();
    assertThat(known().state()).isEqualTo(State.ACCEPTED);
  }

  @Test
  void anUnknownOutcomeWhoseJobEndedIsUnknownNoMore() {
    fold.add(failed(12, UNKNOWN, false));
    fold.add(ended(12));
    assertThat(fold.restored().unknown()).isEmpty();
  }

  @Test
  void anUnknownOutcomeThatIsAnothersIsNotUnknownItself() {
    fold.add(failed(11, UNKNOWN, false));
    fold.add(failed(12, UNKNOWN, true));
    assertThat(fold.restored().unknown()).containsOnlyKeys(11L);
    assertThat(known().offset()).isEqualTo(11);
    assertThat(fold.restored().done()).isEqualTo(Set.of(11L, 12L));
  }

  @Test
  void whatLiesBelowTheStartIsNotReadAgainAndNeedsNoMark() {
    fold.add(accepted(START - 1, false));
    fold.add(accepted(START, false));
    assertThat(fold.restored().done()).isEqualTo(Set.of(START));
    assertThat(fold.restored().start()).isEqualTo(START);
  }

  @Test
  void theJournalIsAskedForWhatIsOpenOrUnknownAlone() {
    fold.add(open(12, OpenState.INTENT));
    fold.add(failed(13, UNKNOWN, false));
    fold.add(accepted(14, false));
    for (long offset = 12; offset <= 15; offset++) {
      fold.add(reply(offset, 1, 70 + offset));
    }
    assertThat(fold.restored().replies())
        .isEqualTo(
            Map.of(
                12L, new Restored.Answer(1, new Reply.Accepted(82)),
                13L, new Restored.Answer(1, new Reply.Accepted(83))));
  }

  @Test
  void ofADeliverysRepliesThatToTheLastCallCountsAndOfOneCallTheLast() {
    fold.add(open(12, OpenState.INTENT));
    fold.add(reply(12, 2, 1));
    fold.add(reply(12, 1, 2));
    assertThat(fold.restored().replies().get(12L))
        .isEqualTo(new Restored.Answer(2, new Reply.Accepted(1)));
    fold.add(reply(12, 2, 3));
    assertThat(fold.restored().replies().get(12L))
        .isEqualTo(new Restored.Answer(2, new Reply.Accepted(3)));
  }

  @Test
  void aReplyMayComeLateForAnIntentWithoutOneAndForAnUnknownOutcome() {
    assertThat(fold.restored().mayHaveLateReplies()).isFalse();
    fold.add(open(12, OpenState.PARKED));
    fold.add(open(13, OpenState.NOT_SENT));
    assertThat(fold.restored().mayHaveLateReplies()).isFalse();
    fold.add(open(14, OpenState.INTENT));
    assertThat(fold.restored().mayHaveLateReplies()).isTrue();
    fold.add(reply(14, 1, 1));
    assertThat(fold.restored().mayHaveLateReplies()).isFalse();
    fold.add(failed(15, UNKNOWN, false));
    assertThat(fold.restored().mayHaveLateReplies()).isTrue();
  }
}
