package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.JobReply;
import io.dbimport.JobStatus;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.Reply;
import io.dbimport.event.LedgerRecord.OpenState;
import io.dbimport.worker.Entry.Admitted;
import io.dbimport.worker.Entry.Marked;
import io.dbimport.worker.WorkerSettings.Ordering;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Where the next call of a lane waits for the end of the job before it. */
final class CompletionOrderTest {
  private static final String INSERT = Requests.insert("env", "books");
  private static final String UPSERT = Requests.upsert("env", "books");
  private static final Reply NO_FILE = Reply.Refused.of(-503003, "no file");
  private static final Reply AN_HOUR =
      new Reply.Refused(-501003, "slower", ErrorClass.THROTTLED, Duration.ofHours(1));

  private final WorkerBench bench = new WorkerBench(Ordering.COMPLETION);
  private final Worker worker = bench.worker;

  CompletionOrderTest() {
    bench.assign(0);
  }

  @AfterEach
  void theBalanceHolds() {
    bench.assertBalance();
  }

  /** A request of the lane is accepted; its job is open. */
  private void acceptOne() {
    bench.receive(0, INSERT);
    bench.accept(bench.call());
    bench.commit();
  }

  /** Every job that is followed ends, which is not committed yet. */
  private void endJobs() {
    bench.advance(Jobs.LONGEST_PAUSE);
    List<Look> looks = bench.looks();
    assertThat(looks).isNotEmpty();
    looks.forEach(look -> bench.look(look, JobStatus.SUCCESS));
  }

  private long[] called() {
    return bench.calls().stream().mapToLong(WorkerBench::offset).toArray();
  }

  /** Another worker takes the partition over, with what the ledger says of it. */
  private void handOver() {
    worker.dropped(0);
    bench.ledger.compact(0);
    bench.assign(0);
  }

  @Test
  void theNextCallWaitsUntilTheEndOfTheJobIsCommitted() {
    bench.receive(0, INSERT);
    bench.receive(0, UPSERT);
    bench.accept(bench.call());
    assertThat(called()).as("accepted").isEmpty();
    bench.commit();
    bench.advance(Duration.ofMinutes(1));
    assertThat(called()).as("its job is followed").isEmpty();
    bench.looks().forEach(look -> bench.look(look, JobStatus.WRITING));
    assertThat(called()).as("its job goes on").isEmpty();
    endJobs();
    assertThat(worker.nextCall(bench.clock.now())).as("its end is not committed").isEmpty();
    assertThat(worker.nextFetch(bench.clock.now())).isEmpty();
    bench.commit();
    assertThat(called()).containsExactly(1);
  }

  @Test
  void whatWaitsForAJobIsParkedAndHoldsUpNeitherOffsetNorMemory() {
    bench.receive(0, INSERT);
    bench.receive(0, INSERT);
    bench.receive(0, UPSERT);
    bench.accept(bench.call());
    bench.receive(0, INSERT);
    bench.commit();
    bench.receive(0, INSERT);
    bench.commit();
    assertThat(worker.waits().parked()).isEqualTo(4);
    assertThat(worker.view().queued()).isZero();
    assertThat(bench.ledger.offset(0)).isEqualTo(5);
    bench.advance(Duration.ofSeconds(2));
    assertThat(bench.looks()).hasSize(1);
    assertThat(worker.nextDueNanos()).as("nothing to look for").isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void nothingIsLookedForBehindTheJobOfWhatWasReadAgain() {
    for (int number = 0; number < 3; number++) {
      bench.receive(0, INSERT);
    }
    bench.accept(bench.call());
    bench.commit();
    endJobs();
    bench.commit();
    bench.accept(bench.call());
    bench.commit();
    assertThat(worker.waits().parked()).isEqualTo(1);
    bench.advance(Duration.ofSeconds(2));
    assertThat(bench.looks()).hasSize(1);
    assertThat(worker.nextDueNanos()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void whatIsParkedIsReadAgainOneByOneAndInOrder() {
    for (int number = 0; number < 50; number++) {
      bench.receive(0, INSERT);
    }
    List<Long> called = new ArrayList<>();
    for (int number = 0; number < 50; number++) {
      Call call = bench.call();
      called.add(WorkerBench.offset(call));
      assertThat(worker.view().queued()).as("kept beside it").isEqualTo(number == 0 ? 49 : 0);
      bench.accept(call);
      bench.commit();
      endJobs();
      bench.commit();
    }
    assertThat(called).containsExactlyElementsOf(LongStream.range(0, 50).boxed().toList());
    bench.assertAllDone();
  }

  @Test
  void otherLanesDoNotWait() {
    acceptOne();
    bench.assign(1);
    bench.receive(0, INSERT);
    bench.receive(0, Requests.insert("env", "music"));
    bench.receive(0, Requests.insert("other", "books"));
    bench.receive(1, INSERT);
    assertThat(bench.calls())
        .extracting(WorkerBench::source)
        .extracting(source -> source.partition() + "-" + source.offset())
        .containsExactlyInAnyOrder("0-2", "0-3", "1-0");
  }

  @Test
  void aFailedRequestDoesNotHoldItsLane() {
    bench.receive(0, INSERT);
    bench.receive(0, INSERT);
    bench.reply(bench.call(), NO_FILE);
    assertThat(called()).containsExactly(1);
  }

  @Test
  void aDuplicateDoesNotHoldItsLaneAndIsAnsweredThoughTheLaneWaits() {
    String again = Requests.json("env", "books", 1, ",\"request_id\":\"a\"");
    bench.receive(0, again);
    bench.receive(0, again);
    bench.accept(bench.call());
    bench.receive(0, again);
    bench.receive(0, INSERT);
    bench.commit();
    assertThat(bench.outcome(0, 1)).as("was behind it").isEqualTo(new JobAccepted(1, 1));
    assertThat(bench.outcome(0, 2)).as("came later").isEqualTo(new JobAccepted(1, 1));
    endJobs();
    bench.commit();
    assertThat(called()).as("one job, not three, was waited for").containsExactly(3);
  }

  @Test
  void aLostJobLetsItsLaneGoOn() {
    acceptOne();
    bench.receive(0, INSERT);
    bench.advance(Duration.ofHours(24));
    worker.looked(
        bench.looks().getFirst(), new JobReply.NotKnown(-1, "no such job"), bench.clock.now());
    bench.commit();
    assertThat(called()).containsExactly(1);
  }

  @Test
  void theNextOwnerWaitsOn() {
    acceptOne();
    bench.receive(0, INSERT);
    bench.commit();
    handOver();
    assertThat(worker.waits().parked()).isEqualTo(1);
    bench.receive(0, UPSERT);
    assertThat(called()).isEmpty();
    bench.commit();
    handOver();
    assertThat(worker.nextFetch(bench.clock.now())).as("to no purpose").isEmpty();
    assertThat(called()).isEmpty();
    endJobs();
    bench.commit();
    Call next = bench.call();
    assertThat(WorkerBench.offset(next)).isEqualTo(1);
    bench.reply(next, NO_FILE);
    bench.advance(Duration.ofMillis(50));
    assertThat(called()).containsExactly(2);
  }

  @Test
  void everyOpenJobIsWaitedForThoughTheOrderWasAnotherOneBefore() {
    WorkerBench earlier = new WorkerBench(Ordering.REQUEST);
    earlier.assign(0);
    earlier.receive(0, INSERT);
    earlier.receive(0, INSERT);
    earlier.accept(earlier.call());
    earlier.accept(earlier.call());
    earlier.commit();

    WorkerBench later = new WorkerBench(Ordering.COMPLETION, earlier);
    later.assign(0);
    later.receive(0, UPSERT);
    later.advance(Duration.ofSeconds(1));
    List<Look> looks = later.looks();
    assertThat(looks).hasSize(2);
    later.look(looks.getFirst(), JobStatus.SUCCESS);
    later.commit();
    assertThat(later.calls()).as("one is open").isEmpty();
    later.look(looks.getLast(), JobStatus.FAIL);
    later.commit();
    assertThat(WorkerBench.offset(later.call())).isEqualTo(2);
  }

  @Test
  void anInheritedAcceptedReplyHoldsTheLaneOfTheNextOwner() {
    bench.receive(0, INSERT);
    bench.ledger.journal(bench.call(), new Reply.Accepted(77));
    handOver();
    bench.receive(0, INSERT);
    bench.receive(0, UPSERT);
    assertThat(called()).isEmpty();
    bench.commit();
    assertThat(bench.outcome(0, 0)).isEqualTo(new JobAccepted(77, 1));
    assertThat(called()).isEmpty();
    endJobs();
    bench.commit();
    assertThat(called()).containsExactly(1);
  }

  @Test
  void anUnknownOutcomeDoesNotHoldItsLaneAndItsLateJobDoes() {
    Call lost = lostWithAnotherBehind();
    Call next = bench.call();
    bench.commit();
    worker.lateReply(0, 2, 0, new Restored.Answer(lost.number(), new Reply.Accepted(77)));
    bench.fetch();
    bench.reply(next, NO_FILE);
    bench.receive(0, INSERT);
    assertThat(called()).as("its job is open").isEmpty();
    bench.commit();
    endJobs();
    bench.commit();
    assertThat(called()).containsExactly(2);
  }

  @Test
  void aCallThatIsAdmittedAndNotStartedIsTakenBackForALateJob() {
    Call lost = lostWithAnotherBehind();
    assertThat(worker.nextCall(bench.clock.now())).as("its intent comes first").isEmpty();
    bench.commit();
    worker.lateReply(0, 2, 0, new Restored.Answer(lost.number(), new Reply.Accepted(77)));
    bench.fetch();
    assertThat(worker.nextCall(bench.clock.now())).isEmpty();
    List<Entry> tick = bench.commit();
    assertThat(tick).hasAtLeastOneElementOfType(Marked.class);
    assertThat(tick).doesNotHaveAnyElementsOfTypes(Admitted.class);
    assertThat(tick)
        .filteredOn(Marked.class::isInstance)
        .extracting(entry -> ((Marked) entry).state())
        .containsExactly(OpenState.NOT_SENT, OpenState.PARKED);
    endJobs();
    bench.commit();
    Call call = bench.call();
    assertThat(WorkerBench.offset(call)).isEqualTo(1);
    bench.accept(call);
    bench.commit();
    assertThat(bench.outcome(0, 1).attempts()).as("not sent is no attempt").isEqualTo(1);
  }

  @Test
  void aRequestThatCouldBeCalledAtOnceWaitsForALateJob() {
    bench.receive(0, INSERT);
    Call lost = bench.call();
    handOver();
    bench.receive(0, INSERT);
    bench.commit();
    bench.receive(0, UPSERT);
    worker.lateReply(0, 2, 0, new Restored.Answer(lost.number(), new Reply.Accepted(77)));
    bench.fetch();
    assertThat(worker.nextCall(bench.clock.now())).as("though it needs no intent").isEmpty();
    assertThat(worker.waits().parked()).isEqualTo(1);
  }

  @Test
  void aLaneWithoutWorkIsForgottenWhenItsJobIsOver() {
    bench.receive(0, INSERT);
    Call call = bench.call();
    bench.accept(call);
    bench.commit();
    assertThat(call.lane.dropped).isFalse();
    endJobs();
    bench.commit();
    assertThat(call.lane.dropped).isTrue();
  }

  /** What became of it is known: it must not be published only when another job has ended. */
  @Test
  void aJournalledReplyIsPublishedThoughItsLaneWaits() {
    WorkerBench earlier = new WorkerBench(Ordering.REQUEST);
    earlier.assign(0);
    earlier.receive(0, INSERT);
    earlier.accept(earlier.call());
    earlier.receive(0, INSERT);
    earlier.reply(earlier.call(), AN_HOUR);
    earlier.commit();
    earlier.advance(Duration.ofHours(1));
    earlier.ledger.journal(earlier.call(), new Reply.Accepted(77));

    WorkerBench later = new WorkerBench(Ordering.COMPLETION, earlier);
    later.assign(0);
    assertThat(later.worker.waits().parked()).isEqualTo(1);
    assertThat(later.calls()).isEmpty();
    later.commit();
    assertThat(later.outcome(0, 1)).isEqualTo(new JobAccepted(77, 1));
    assertThat(later.worker.view().jobs()).as("two to wait for").isEqualTo(2);
    assertThat(later.worker.waits().parked()).isZero();
  }

  @Test
  void aDeadlineThatPassesMeanwhileEndsTheRequestWithoutACall() {
    acceptOne();
    String deadline = bench.clock.now().wall().plusSeconds(60).toString();
    bench.receive(0, Requests.json("env", "books", 1, ",\"deadline\":\"" + deadline + "\""));
    bench.receive(0, INSERT);
    bench.commit();
    bench.advance(Duration.ofSeconds(60));
    endJobs();
    bench.commit();
    assertThat(called()).containsExactly(2);
    bench.commit();
    assertThat(bench.failure(0, 1).errorClass()).isEqualTo(ErrorClass.EXPIRED);
  }

  @Test
  void aStopDoesNotWaitForJobs() {
    bench.receive(0, INSERT);
    bench.receive(0, INSERT);
    Call open = bench.call();
    worker.quiet(bench.clock.now());
    bench.accept(open);
    bench.commit();
    assertThat(worker.hasEntries()).isFalse();
    assertThat(worker.view().inFlight()).isZero();
    assertThat(worker.restingOffset(0)).as("the next owner has it parked").contains(2L);
    worker.dropped(0);
    assertThat(bench.listener.handedOver).isEqualTo(1);
  }

  /** A call whose reply its owner took with it; a second request of its lane has come as well. */
  private Call lostWithAnotherBehind() {
    bench.receive(0, INSERT);
    Call lost = bench.call();
    worker.dropped(0);
    bench.assign(0);
    bench.receive(0, INSERT);
    bench.receive(0, INSERT);
    return lost;
  }
}
