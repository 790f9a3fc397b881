package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.Reply;
import io.dbimport.event.LedgerRecord.OpenState;
import io.dbimport.event.Source;
import io.dbimport.worker.Entry.Admitted;
import io.dbimport.worker.Entry.Marked;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is written down before a call, and what the next owner of the partition makes of it. */
final class IntentTest {
  private static final String INSERT = Requests.insert("env", "books");
  private static final String UPSERT = Requests.upsert("env", "books");

  private final WorkerBench bench = new WorkerBench();
  private final Worker worker = bench.worker;

  IntentTest() {
    bench.assign(0);
  }

  /** Takes the next tick and commits it. */
  private List<Entry> tick() {
    return bench.commit();
  }

  @Test
  void anInsertIsCalledOnlyAfterItsIntentIsCommitted() {
    bench.receive(0, INSERT);
    assertThat(worker.nextCall(bench.clock.now())).isEmpty();
    List<Entry> taken = worker.entries(10);
    assertThat(taken).hasExactlyElementsOfTypes(Admitted.class);
    assertThat(worker.nextCall(bench.clock.now())).as("taken is not committed").isEmpty();
    Offsets offsets = worker.offsets(taken);
    bench.ledger.commit(taken, offsets.next());
    worker.committed(taken, offsets, bench.clock.now(), bench.clock.now());
    Call call = worker.nextCall(bench.clock.now()).orElseThrow();
    assertThat(call.intended()).isTrue();
    assertThat(bench.ledger.intends(call)).isTrue();
    assertThat(call.startByNanos())
        .isEqualTo(bench.clock.now().nanosAfter(WorkerSettings.defaults().lease()));
  }

  @Test
  void anUpsertNeedsNoIntentOnceThePartitionIsSurelyOurs() {
    bench.receive(0, UPSERT);
    bench.accept(bench.call());
    tick();
    bench.receive(0, UPSERT);
    Call call = worker.nextCall(bench.clock.now()).orElseThrow();
    assertThat(call.intended()).isFalse();
    assertThat(worker.hasEntries()).isFalse();
  }

  @Test
  void noCallStartsWhenTheLastCommitIsTooLongAgo() {
    bench.receive(0, UPSERT);
    bench.accept(bench.call());
    tick();
    bench.advance(WorkerSettings.defaults().lease());
    bench.receive(0, UPSERT);
    assertThat(worker.nextCall(bench.clock.now())).as("somebody else may own it").isEmpty();
    assertThat(tick()).hasExactlyElementsOfTypes(Admitted.class);
    assertThat(worker.nextCall(bench.clock.now())).isPresent();
  }

  @Test
  void anIntentWhoseTimeToStartHasPassedIsTakenBackAndTriedAnew() {
    bench.receive(0, INSERT);
    assertThat(worker.nextCall(bench.clock.now())).isEmpty();
    tick();
    bench.advance(WorkerSettings.defaults().lease());
    assertThat(worker.nextCall(bench.clock.now())).isEmpty();
    assertThat(worker.nextUnmade().orElseThrow().number()).as("known at once").isEqualTo(1);
    List<Entry> next = worker.entries(10);
    assertThat(next).hasExactlyElementsOfTypes(Marked.class, Admitted.class);
    assertThat(((Marked) next.getFirst()).state()).isEqualTo(OpenState.NOT_SENT);
    assertThat(((Admitted) next.getLast()).progress().attempts()).as("it does not count").isOne();
    assertThat(((Admitted) next.getLast()).progress().calls()).as("its number is new").isEqualTo(2);
  }

  @Test
  void aCallThatWasNotSentIsTakenBackAndIsNoAttempt() {
    bench.receive(0, INSERT);
    worker.notSent(bench.call(), bench.clock.now());
    bench.accept(bench.call());
    tick();
    assertThat(bench.outcome(0, 0)).isEqualTo(new JobAccepted(1, 1));
  }

  @Test
  void aClosingPartitionTakesBackWhatWasAdmitted() {
    bench.receive(0, INSERT);
    assertThat(worker.nextCall(bench.clock.now())).isEmpty();
    tick();
    worker.closing(0, bench.clock.now());
    assertThat(bench.calls()).isEmpty();
    List<Entry> taken = tick();
    assertThat(taken).hasExactlyElementsOfTypes(Marked.class);
    assertThat(worker.calling(0)).isZero();
    assertThat(worker.restingOffset(0)).contains(0L);
  }

  @Test
  void anIntentWithoutAReplyIsAnUnknownOutcomeAndNoSecondCall() {
    bench.receive(0, INSERT);
    bench.call();
    worker.dropped(0);
    bench.assign(0);
    bench.receive(0, INSERT);
    assertThat(bench.calls()).isEmpty();
    tick();
    assertThat(bench.failure(0, 0).errorClass()).isEqualTo(ErrorClass.OUTCOME_UNKNOWN);
    assertThat(worker.waits().unknown()).isEqualTo(1);
  }

  @Test
  void aReplyInTheJournalIsPublishedWithoutACall() {
    bench.receive(0, INSERT);
    bench.ledger.journal(bench.call(), new Reply.Accepted(77));
    worker.dropped(0);
    bench.assign(0);
    bench.receive(0, INSERT);
    assertThat(bench.calls()).isEmpty();
    tick();
    assertThat(bench.outcome(0, 0)).isEqualTo(new JobAccepted(77, 1));
  }

  @Test
  void aReplyThatSurelyDidNothingMakesTheRequestFreshAndKeepsItsAttempts() {
    bench.receive(0, INSERT);
    bench.ledger.journal(bench.call(), new Reply.Unavailable(-1, "down"));
    worker.dropped(0);
    bench.assign(0);
    bench.receive(0, INSERT);
    bench.accept(bench.call());
    tick();
    assertThat(bench.outcome(0, 0).attempts()).isEqualTo(2);
  }

  @Test
  void ofTwoCallsTheReplyToTheLastCounts() {
    bench.receive(0, INSERT);
    Call first = bench.call();
    Reply down = new Reply.Unavailable(-1, "down");
    bench.ledger.journal(first, down);
    bench.reply(first, down);
    bench.advance(Duration.ofSeconds(1));
    bench.ledger.journal(bench.call(), new Reply.Accepted(77));
    worker.dropped(0);
    bench.assign(0);
    bench.receive(0, INSERT);
    assertThat(bench.calls()).isEmpty();
    tick();
    assertThat(bench.outcome(0, 0)).isEqualTo(new JobAccepted(77, 2));
  }

  /** A quota's answer is no attempt: two intents must still not be taken for one another. */
  @Test
  void theReplyToAnEarlierCallIsNotThatToTheLast() {
    bench.receive(0, INSERT);
    Call first = bench.call();
    Reply slower = Reply.Refused.of(-501003, "slower");
    bench.ledger.journal(first, slower);
    bench.reply(first, slower);
    bench.advance(Duration.ofMinutes(2));
    Call second = bench.call();
    assertThat(second.number()).isEqualTo(2);
    worker.dropped(0);
    bench.assign(0);
    assertThat(bench.calls()).as("parked: it is read again, and not called").isEmpty();
    tick();
    assertThat(bench.failure(0, 0).errorClass()).isEqualTo(ErrorClass.OUTCOME_UNKNOWN);
  }

  @Test
  void aLateReplyCorrectsAnUnknownOutcome() {
    bench.receive(0, INSERT);
    Call lost = bench.call();
    worker.dropped(0);
    bench.assign(0);
    bench.receive(0, INSERT);
    tick();
    worker.lateReply(0, 2, 0, new Restored.Answer(lost.number(), new Reply.Accepted(99)));
    bench.fetch();
    assertThat(tick()).hasExactlyElementsOfTypes(Entry.Resolved.class);
    assertThat(bench.ledger.resolved).containsExactly(new Source(Requests.TOPIC, 0, 0));
    assertThat(worker.waits().unknown()).isZero();
    assertThat(worker.view().jobs()).as("its job is followed").isEqualTo(1);
    assertThat(bench.listener.resolved).isEqualTo(1);
  }

  @Test
  void aReplyThatWasWrittenDownLateCorrectsAnUnknownOutcomeForTheNextOwner() {
    bench.receive(0, INSERT);
    Call lost = bench.call();
    worker.dropped(0);
    bench.assign(0);
    bench.receive(0, INSERT);
    tick();
    assertThat(bench.failure(0, 0).errorClass()).isEqualTo(ErrorClass.OUTCOME_UNKNOWN);
    worker.dropped(0);
    bench.ledger.journal(lost, new Reply.Accepted(99));
    bench.assign(0);
    bench.fetch();
    assertThat(tick()).hasExactlyElementsOfTypes(Entry.Resolved.class);
    assertThat(worker.waits().unknown()).isZero();
  }

  @Test
  void aLateReplyThatComesBeforeItsDeliveryIsTheReply() {
    bench.receive(0, INSERT);
    Call lost = bench.call();
    worker.dropped(0);
    bench.assign(0);
    worker.lateReply(0, 1, 0, new Restored.Answer(lost.number(), new Reply.Accepted(98)));
    worker.lateReply(0, 2, 0, new Restored.Answer(lost.number() + 1, new Reply.Accepted(97)));
    worker.lateReply(0, 2, 0, new Restored.Answer(lost.number(), new Reply.Accepted(99)));
    bench.receive(0, INSERT);
    assertThat(bench.calls()).isEmpty();
    tick();
    assertThat(bench.outcome(0, 0)).isEqualTo(new JobAccepted(99, 1));
    assertThat(worker.waits().unknown()).isZero();
  }

  @Test
  void lateRepliesThatComeTogetherCorrectAllOfThem() {
    bench.receive(0, INSERT);
    bench.receive(0, Requests.insert("env", "music"));
    assertThat(bench.calls()).hasSize(2);
    worker.dropped(0);
    bench.assign(0);
    bench.receive(0, INSERT);
    bench.receive(0, Requests.insert("env", "music"));
    tick();
    for (long offset = 0; offset < 2; offset++) {
      worker.lateReply(0, 2, offset, new Restored.Answer(1, new Reply.Accepted(90 + offset)));
    }
    bench.fetch();
    assertThat(tick()).hasExactlyElementsOfTypes(Entry.Resolved.class, Entry.Resolved.class);
    assertThat(worker.waits().unknown()).isZero();
  }

  @Test
  void aCallThatLateTurnsOutNotToHaveBeenSentIsMadeAnew() {
    bench.receive(0, INSERT);
    Call lost = bench.call();
    worker.dropped(0);
    bench.assign(0);
    worker.lateReply(0, 2, 0, new Restored.Answer(lost.number(), null));
    bench.receive(0, INSERT);
    bench.accept(bench.call());
    tick();
    assertThat(bench.outcome(0, 0)).isEqualTo(new JobAccepted(1, 1));
  }

  @Test
  void aLateReplyThatDoesNotSayAcceptedCorrectsNothing() {
    bench.receive(0, INSERT);
    Call lost = bench.call();
    worker.dropped(0);
    bench.assign(0);
    bench.receive(0, INSERT);
    tick();
    worker.lateReply(
        0, 2, 0, new Restored.Answer(lost.number(), new Reply.Unanswered(-1, "timeout")));
    bench.fetch();
    assertThat(tick()).isEmpty();
    assertThat(worker.waits().unknown()).isEqualTo(1);
  }

  @Test
  void whoWouldRatherHaveDataTwiceIsCalledAgain() {
    WorkerSettings defaults = WorkerSettings.defaults();
    WorkerBench eager =
        new WorkerBench(
            new WorkerSettings(
                defaults.limits(),
                new WorkerSettings.Retry(
                    Duration.ofMinutes(15), Duration.ofMillis(500), Duration.ofSeconds(60), true),
                defaults.ordering(),
                defaults.jobTimeout(),
                defaults.remembered(),
                defaults.lease(),
                defaults.window(),
                defaults.defaultApp()));
    eager.assign(0);
    eager.receive(0, INSERT);
    eager.reply(eager.call(), new Reply.Unanswered(-1, "timeout"));
    eager.advance(Duration.ofSeconds(1));
    eager.accept(eager.call());
    eager.commit();
    assertThat(eager.outcome(0, 0).attempts()).isEqualTo(2);
  }
}
