package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.dbimport.ErrorClass;
import io.dbimport.JobReply;
import io.dbimport.JobStatus;
import io.dbimport.Outcome.Failed;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.Reply.Accepted;
import io.dbimport.Reply.Refused;
import io.dbimport.Reply.Unanswered;
import io.dbimport.Reply.Unavailable;
import io.dbimport.event.Delivery;
import io.dbimport.event.JobEnd;
import io.dbimport.event.RequestDecoder;
import io.dbimport.event.Source;
import io.dbimport.worker.Entry.JobOver;
import io.dbimport.worker.Entry.Settled;
import io.dbimport.worker.WorkerSettings.Ordering;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The life of deliveries within one assignment of their partition. */
final class WorkerTest {
  private static final Unavailable DOWN = new Unavailable(-1, "connection refused");
  private static final Unanswered SILENCE = new Unanswered(-1, "read timed out");

  private final WorkerBench bench = new WorkerBench();
  private final Worker worker = bench.worker;

  WorkerTest() {
    bench.assign(0);
  }

  @AfterEach
  void theBalanceHolds() {
    bench.assertBalance();
  }

  private static String withDeadline(Instant deadline, int conflictMode) {
    return Requests.json("env", "books", conflictMode, ",\"deadline\":\"" + deadline + "\"");
  }

  @Test
  void aDeliveryLivesFromThePollToTheEndOfItsJob() {
    Delivery delivery = bench.receive(0, Requests.insert("env", "books"));
    Instant requested = bench.clock.now().wall();
    assertThat(worker.view()).isEqualTo(new WorkerView(1, 0, 0, 0, requested));

    Call call = bench.call();
    assertThat(call.request().parameters().collectionName()).isEqualTo("books");
    assertThat(worker.view()).isEqualTo(new WorkerView(0, 1, 0, 0, requested));
    assertThat(worker.calling(0)).isEqualTo(1);
    assertThat(worker.hasEntries()).isFalse();

    bench.advance(Duration.ofSeconds(3));
    Instant answered = bench.clock.now().wall();
    bench.reply(call, new Accepted(100_074_947L));
    assertThat(worker.view()).isEqualTo(new WorkerView(0, 0, 1, 0, requested));
    assertThat(worker.calling(0)).isZero();
    assertThat(worker.entryCount()).isEqualTo(1);

    List<Entry> taken = worker.entries(10);
    assertThat(taken).hasSize(1);
    Settled settled = (Settled) taken.getFirst();
    assertThat(settled.delivery()).isSameAs(delivery);
    assertThat(settled.outcome()).isEqualTo(new JobAccepted(100_074_947L, 1));
    assertThat(settled.at()).isEqualTo(answered);
    assertThat(worker.view().settling()).as("taken is not yet committed").isEqualTo(1);
    assertThat(bench.listener.outcomes).isEmpty();

    Offsets offsets = worker.offsets(taken);
    assertThat(offsets.next()).containsExactly(Map.entry(0, 1L));
    worker.committed(taken, offsets, bench.clock.now(), bench.clock.now());
    bench.ledger.commit(taken, offsets.next());
    assertThat(worker.view()).isEqualTo(new WorkerView(0, 0, 0, 1, null));
    assertThat(bench.listener.outcomes).containsExactly(settled.outcome());
    assertThat(bench.listener.durations).containsExactly(Duration.ofSeconds(3));

    assertThat(bench.looks()).isEmpty();
    bench.advance(Duration.ofSeconds(1));
    Look look = bench.looks().getFirst();
    assertThat(look.job().jobId()).isEqualTo(100_074_947L);
    assertThat(look.job().acceptedAt()).isEqualTo(answered);
    bench.look(look, JobStatus.SUCCESS);
    assertThat(bench.commit()).hasExactlyElementsOfTypes(JobOver.class);
    assertThat(bench.listener.ends).hasExactlyElementsOfTypes(JobEnd.Ended.class);
    bench.assertAllDone();
    assertThat(worker.nextDueNanos()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void aJobIsFollowedOnlyAfterItsOutcomeIsCommitted() {
    bench.receive(0, Requests.insert("env", "books"));
    bench.accept(bench.call());
    bench.advance(Duration.ofMinutes(1));
    assertThat(bench.looks()).isEmpty();
    bench.commit();
    bench.advance(Duration.ofSeconds(1));
    assertThat(bench.looks()).hasSize(1);
  }

  @Test
  void aFinishedEventIsSaidOnceAndAFailedRequestHasNone() {
    bench.receive(0, Requests.insert("env", "books"));
    bench.receive(0, Requests.insert("env", "music"));
    List<Call> calls = bench.calls();
    bench.accept(calls.get(0));
    bench.reply(calls.get(1), Refused.of(-503003, "no file"));
    bench.commit();
    bench.advance(Duration.ofSeconds(1));
    List<Look> looks = bench.looks();
    assertThat(looks).hasSize(1);
    worker.looked(looks.getFirst(), new JobReply.NotKnown(-1, "down"), bench.clock.now());
    assertThat(bench.commit()).isEmpty();
    bench.advance(Duration.ofSeconds(2));
    bench.look(bench.looks().getFirst(), JobStatus.FAIL);
    assertThat(bench.commit()).hasSize(1);
    bench.advance(Duration.ofDays(2));
    assertThat(bench.looks()).isEmpty();
    bench.assertAllDone();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      nullValues = "none",
      value = {
        "none | MALFORMED | 44002",
        "`` | MALFORMED | 44002",
        "[1] | MALFORMED | 47001",
        "nonsense | MALFORMED | 47001",
        "{} | INVALID | 40101",
        "{\"env\":\"\",\"collection_name\":\"c\",\"file_path\":\"f\",\"file_type\":1,"
            + "\"stop_on_error\":true,\"conflict_mode\":1} | INVALID | 40097",
      })
  void whatCannotBeCalledIsSettledWithoutACall(String value, ErrorClass errorClass, int errcode) {
    bench.receive(0, value);
    assertThat(bench.calls()).isEmpty();
    bench.commit();
    Failed failed = bench.failure(0, 0);
    assertThat(failed.errorClass()).isEqualTo(errorClass);
    assertThat(failed.errcode()).isEqualTo(errcode);
    assertThat(failed.attempts()).isZero();
    bench.assertAllDone();
  }

  @Test
  void whatCannotBeCalledDoesNotWaitForThoseBeforeIt() {
    bench.receive(0, Requests.insert("env", "books"));
    bench.receive(0, "nonsense");
    assertThat(bench.commit()).hasSize(1);
    assertThat(bench.failure(0, 1).errorClass()).isEqualTo(ErrorClass.MALFORMED);
    assertThat(bench.ledger.offset(0)).as("the first is still open").isZero();
    bench.accept(bench.call());
    bench.commit();
    assertThat(bench.ledger.offset(0)).isEqualTo(2);
  }

  @Test
  void aRequestWhoseDeadlineHasPassedIsNotCalled() {
    Instant deadline = bench.clock.now().wall().plusSeconds(10);
    bench.receive(0, withDeadline(deadline, 1));
    bench.receive(0, Requests.insert("env", "books"));
    bench.advance(Duration.ofSeconds(10));
    assertThat(WorkerBench.offset(bench.call())).as("only the one behind it").isEqualTo(1);
    bench.commit();
    Failed failed = bench.failure(0, 0);
    assertThat(failed.errorClass()).isEqualTo(ErrorClass.EXPIRED);
    assertThat(failed.errcode()).isEqualTo(40097);
    assertThat(failed.detail()).contains(deadline.toString());
    assertThat(failed.attempts()).isZero();
  }

  @Test
  void aRequestIsCalledUntilItsDeadline() {
    bench.receive(0, withDeadline(bench.clock.now().wall().plusSeconds(10), 1));
    bench.advance(Duration.ofSeconds(10).minusNanos(1));
    bench.accept(bench.call());
    bench.commit();
  }

  @Test
  void aDeadlineEndsARetryInTime() {
    bench.receive(0, withDeadline(bench.clock.now().wall().plusMillis(700), 1));
    bench.reply(bench.call(), DOWN);
    bench.advance(Duration.ofMillis(500));
    bench.reply(bench.call(), DOWN);
    assertThat(worker.nextDueNanos() - bench.clock.now().nanos())
        .as("not the whole backoff of a second")
        .isEqualTo(Duration.ofMillis(200).toNanos());
    bench.advance(Duration.ofMillis(200));
    assertThat(bench.calls()).isEmpty();
    bench.commit();
    Failed failed = bench.failure(0, 0);
    assertThat(failed.errorClass()).isEqualTo(ErrorClass.EXPIRED);
    assertThat(failed.detail()).contains("connection refused");
    assertThat(failed.attempts()).isEqualTo(2);
  }

  @Test
  void aDeadlineWithinAQuotaWindowFailsWithTheQuotasCode() {
    bench.receive(0, withDeadline(bench.clock.now().wall().plusSeconds(30), 1));
    bench.reply(bench.call(), Refused.of(45011, "slower"));
    bench.advance(Duration.ofSeconds(30));
    assertThat(bench.calls()).isEmpty();
    bench.commit();
    Failed failed = bench.failure(0, 0);
    assertThat(failed.errorClass()).isEqualTo(ErrorClass.THROTTLED);
    assertThat(failed.errcode()).isEqualTo(45011);
    assertThat(failed.attempts()).as("a quota is not an attempt").isZero();
  }

  @Test
  void aDeadlineAfterASilenceLeavesTheOutcomeUnknown() {
    bench.receive(0, withDeadline(bench.clock.now().wall().plusMillis(100), 2));
    bench.reply(bench.call(), SILENCE);
    bench.advance(Duration.ofMillis(100));
    assertThat(bench.calls()).isEmpty();
    bench.commit();
    Failed failed = bench.failure(0, 0);
    assertThat(failed.errorClass()).isEqualTo(ErrorClass.OUTCOME_UNKNOWN);
    assertThat(failed.errcode()).isEqualTo(-1);
    assertThat(failed.detail()).contains("deadline", "read timed out");
  }

  @Test
  void afterADayOfQuotasARequestFailsWithoutAnotherCall() {
    bench.receive(0, Requests.insert("env", "books"));
    Duration twoDays = Duration.ofDays(2);
    bench.reply(bench.call(), new Refused(-1, "HTTP 429", ErrorClass.THROTTLED, twoDays));
    bench.advance(Duration.ofDays(1).minusNanos(1));
    assertThat(bench.calls()).isEmpty();
    assertThat(worker.view().queued()).isZero();
    assertThat(worker.waits().parked()).isEqualTo(1);
    bench.advance(Duration.ofNanos(1));
    assertThat(bench.calls()).isEmpty();
    bench.commit();
    assertThat(bench.failure(0, 0).errorClass()).isEqualTo(ErrorClass.THROTTLED);
  }

  @Test
  void anOldInsertIsNeverCalledButAnOldUpsertIs() {
    Instant remembered = bench.clock.now().wall().minus(Duration.ofDays(7));
    Instant forgotten = remembered.minusNanos(1);
    bench.receive(Requests.delivery(0, 0, forgotten, Requests.insert("a", "books")));
    bench.receive(Requests.delivery(0, 1, forgotten, Requests.upsert("b", "books")));
    bench.receive(Requests.delivery(0, 2, remembered, Requests.insert("c", "books")));
    assertThat(bench.calls()).extracting(WorkerBench::offset).containsExactly(1L, 2L);
    bench.commit();
    assertThat(bench.failure(0, 0).errorClass()).isEqualTo(ErrorClass.EXPIRED);
    assertThat(bench.failure(0, 0).errcode()).isEqualTo(40097);
  }

  @Test
  void lanesDoNotHoldEachOtherUp() {
    bench.receive(0, Requests.insert("env", "books"));
    bench.receive(0, Requests.insert("env", "music"));
    bench.receive(0, Requests.insert("env", "books"));
    bench.receive(0, Requests.insert("other", "books"));
    List<Call> calls = bench.calls();
    assertThat(calls).extracting(WorkerBench::offset).containsExactlyInAnyOrder(0L, 1L, 3L);
    calls.stream().filter(call -> WorkerBench.offset(call) != 0).forEach(bench::accept);
    bench.commit();
    assertThat(bench.calls()).as("the first lane still waits for its call").isEmpty();
    assertThat(bench.ledger.outcomes).hasSize(2);
  }

  @Test
  void aLaneThatBacksOffKeepsItsOrder() {
    bench.receive(0, Requests.insert("env", "books"));
    bench.receive(0, Requests.insert("env", "books"));
    bench.reply(bench.call(), DOWN);
    assertThat(bench.listener.retries).containsExactly(ErrorClass.UNAVAILABLE);
    assertThat(bench.calls()).isEmpty();
    bench.advance(Duration.ofMillis(499));
    assertThat(bench.calls()).isEmpty();
    bench.advance(Duration.ofMillis(1));
    Call second = bench.call();
    assertThat(WorkerBench.offset(second)).isZero();
    bench.accept(second);
    assertThat(WorkerBench.offset(bench.call())).isEqualTo(1);
    bench.commit();
    assertThat(bench.outcome(0, 0).attempts()).isEqualTo(2);
  }

  @Test
  void aWaitingLaneHoldsNoSlot() {
    WorkerBench narrow = oneSlot();
    narrow.receive(0, Requests.insert("env", "books"));
    narrow.receive(0, Requests.insert("other", "music"));
    narrow.reply(narrow.call(), Refused.of(-501003, "too many requests"));
    assertThat(WorkerBench.offset(narrow.call())).isEqualTo(1);
    narrow.assertBalance();
  }

  @Test
  void ofTwoLanesThatWaitTheOneWhoseTimeComesFirstIsCalledFirst() {
    bench.receive(0, Requests.upsert("env", "books"));
    Call slower = bench.call();
    bench.receive(0, Requests.upsert("other", "books"));
    Call down = bench.call();
    Duration window = Duration.ofSeconds(20);
    bench.reply(slower, new Refused(-501003, "slower", ErrorClass.THROTTLED, window));
    bench.reply(down, DOWN);
    bench.advance(Duration.ofMillis(500));
    assertThat(worker.nextCall(bench.clock.now()).map(WorkerBench::offset)).contains(1L);
  }

  @Test
  void aLaneWithoutWorkIsForgotten() {
    bench.receive(0, Requests.insert("env", "books"));
    Call call = bench.call();
    assertThat(call.lane.dropped).isFalse();
    bench.accept(call);
    assertThat(call.lane.dropped).isTrue();
  }

  @Test
  void aFailedRequestFreesItsLane() {
    bench.receive(0, Requests.insert("env", "books"));
    bench.receive(0, Requests.insert("env", "books"));
    bench.reply(bench.call(), Refused.of(85088, "no qbase privilege"));
    Call next = bench.call();
    assertThat(WorkerBench.offset(next)).isEqualTo(1);
    bench.accept(next);
    bench.receive(0, Requests.insert("env", "books"));
    assertThat(WorkerBench.offset(bench.call())).as("the lane begins anew").isEqualTo(2);
    bench.commit();
    assertThat(bench.failure(0, 0).errorClass()).isEqualTo(ErrorClass.FORBIDDEN);
  }

  @Test
  void anUnansweredInsertIsNeverCalledTwice() {
    bench.receive(0, Requests.insert("env", "books"));
    bench.reply(bench.call(), SILENCE);
    bench.advance(Duration.ofDays(1));
    assertThat(bench.calls()).isEmpty();
    bench.commit();
    assertThat(bench.failure(0, 0).errorClass()).isEqualTo(ErrorClass.OUTCOME_UNKNOWN);
    bench.assertAllDone();
  }

  @Test
  void anUnansweredUpsertIsCalledAgain() {
    bench.receive(0, Requests.upsert("env", "books"));
    bench.reply(bench.call(), SILENCE);
    bench.advance(Duration.ofMillis(500));
    bench.accept(bench.call());
    bench.commit();
    assertThat(bench.outcome(0, 0)).isInstanceOf(JobAccepted.class);
    assertThat(bench.listener.retries).containsExactly(ErrorClass.OUTCOME_UNKNOWN);
  }

  @Test
  void aCallThatBreaksIsAnInternalFailureAndTheWorkerGoesOn() {
    bench.receive(0, Requests.upsert("env", "books"));
    bench.receive(0, Requests.upsert("env", "books"));
    worker.broke(bench.call(), "a bug: NullPointerException", bench.clock.now());
    bench.accept(bench.call());
    bench.commit();
    Failed failed = bench.failure(0, 0);
    assertThat(failed.errorClass()).isEqualTo(ErrorClass.INTERNAL);
    assertThat(failed.errcode()).isEqualTo(-1000);
    assertThat(failed.detail()).contains("NullPointerException");
    assertThat(failed.attempts()).isEqualTo(1);
    assertThat(bench.outcome(0, 1)).isInstanceOf(JobAccepted.class);
  }

  @Test
  void aCallThatBreaksFreesItsSlot() {
    WorkerBench narrow = oneSlot();
    narrow.receive(0, Requests.upsert("env", "books"));
    narrow.receive(0, Requests.upsert("other", "music"));
    narrow.worker.broke(narrow.call(), "a bug", narrow.clock.now());
    assertThat(WorkerBench.offset(narrow.call())).isEqualTo(1);
    narrow.assertBalance();
  }

  @Test
  void aCallThatIsNotSentFreesItsSlot() {
    WorkerBench narrow = oneSlot();
    narrow.receive(0, Requests.upsert("env", "books"));
    narrow.worker.notSent(narrow.call(), narrow.clock.now());
    assertThat(WorkerBench.offset(narrow.call())).isZero();
    narrow.assertBalance();
  }

  @Test
  void aRequestThatIsTooLateWhenItIsItsTurnTakesNoSlot() {
    WorkerBench narrow = oneSlot();
    narrow.receive(0, withDeadline(narrow.clock.now().wall().plusSeconds(10), 1));
    narrow.receive(0, Requests.upsert("other", "music"));
    narrow.advance(Duration.ofSeconds(10));
    assertThat(WorkerBench.offset(narrow.call())).isEqualTo(1);
    narrow.assertBalance();
  }

  @Test
  void aRequestOfAClosingPartitionTakesNoSlot() {
    WorkerBench narrow = oneSlot();
    narrow.assign(1);
    narrow.receive(0, Requests.upsert("env", "books"));
    narrow.receive(1, Requests.upsert("other", "music"));
    narrow.worker.closing(0, narrow.clock.now());
    assertThat(WorkerBench.source(narrow.call()).partition()).isEqualTo(1);
    narrow.assertBalance();
  }

  private static WorkerBench oneSlot() {
    WorkerBench narrow =
        new WorkerBench(WorkerBench.settings(1, 1, Ordering.REQUEST, 100, 1 << 20));
    narrow.assign(0);
    return narrow;
  }

  @Test
  void aDecoderThatBreaksIsAnInternalFailureWithoutACall() {
    WorkerBench broken = new WorkerBench(WorkerSettings.defaults(), brokenDecoder());
    broken.assign(0);
    broken.receive(0, Requests.insert("env", "books"));
    assertThat(broken.calls()).isEmpty();
    broken.commit();
    assertThat(broken.failure(0, 0).errorClass()).isEqualTo(ErrorClass.INTERNAL);
    assertThat(broken.failure(0, 0).attempts()).isZero();
    broken.assertAllDone();
  }

  /** No bytes are known that make the decoder throw; none at all does. */
  @SuppressWarnings("NullAway")
  private static RequestDecoder brokenDecoder() {
    return null;
  }

  @Test
  void aWindowIsFullByDeliveriesUntilOutcomesAreCommitted() {
    WorkerBench narrow =
        new WorkerBench(WorkerBench.settings(10, 10, Ordering.NONE, 3, Long.MAX_VALUE));
    narrow.assign(0);
    narrow.assign(1);
    for (int i = 0; i < 3; i++) {
      assertThat(narrow.worker.full(0, narrow.clock.now())).as("with %d", i).isFalse();
      narrow.receive(0, Requests.insert("env", "books"));
    }
    assertThat(narrow.worker.full(0, narrow.clock.now())).isTrue();
    assertThat(narrow.worker.full(1, narrow.clock.now())).as("the other partition").isFalse();
    assertThat(narrow.worker.full(2, narrow.clock.now())).as("no partition of ours").isFalse();
    List<Call> calls = narrow.calls();
    narrow.accept(calls.get(1));
    assertThat(narrow.worker.full(0, narrow.clock.now())).as("not committed").isTrue();
    narrow.commit();
    assertThat(narrow.worker.full(0, narrow.clock.now())).as("the first is open").isFalse();
    for (int more = 0; more < 27; more++) {
      narrow.receive(0, "nonsense");
      narrow.commit();
    }
    assertThat(narrow.worker.full(0, narrow.clock.now())).as("the frontier is far back").isTrue();
    calls.stream().filter(call -> call != calls.get(1)).forEach(narrow::accept);
    narrow.commit();
    assertThat(narrow.worker.full(0, narrow.clock.now())).isFalse();
    narrow.assertBalance();
  }

  @Test
  void aWindowIsFullByBytesUntilOutcomesAreCommitted() {
    String value = Requests.insert("env", "books");
    long size = Requests.delivery(0, 0, ManualClock.START, value).sizeBytes();
    WorkerBench narrow =
        new WorkerBench(WorkerBench.settings(10, 10, Ordering.NONE, 1_000, 2 * size));
    narrow.assign(0);
    narrow.receive(0, value);
    assertThat(narrow.worker.full(0, narrow.clock.now())).isFalse();
    narrow.receive(0, value);
    assertThat(narrow.worker.full(0, narrow.clock.now())).isTrue();
    narrow.accept(narrow.calls().get(1));
    assertThat(narrow.worker.full(0, narrow.clock.now()))
        .as("its bytes may still have to be published")
        .isTrue();
    narrow.commit();
    assertThat(narrow.worker.full(0, narrow.clock.now())).isFalse();
    narrow.assertBalance();
  }

  @Test
  void settlementsAreTakenOldestFirstAndNoMoreThanAskedFor() {
    for (int i = 0; i < 3; i++) {
      bench.receive(0, "nonsense");
    }
    List<Entry> two = worker.entries(2);
    assertThat(two)
        .extracting(settlement -> ((Settled) settlement).delivery().source().offset())
        .containsExactly(0L, 1L);
    assertThat(worker.entryCount()).isEqualTo(1);
    assertThat(worker.offsets(two).next()).containsExactly(Map.entry(0, 2L));
    bench.assertBalance();
    bench.ledger.commit(two, worker.offsets(two).next());
    worker.committed(two, worker.offsets(two), bench.clock.now(), bench.clock.now());
    bench.commit();
    assertThat(bench.ledger.offset(0)).isEqualTo(3);
    bench.assertAllDone();
  }

  @Test
  void aTickIsFencedByItsPartitionEvenWhereTheFrontierStands() {
    bench.assign(1);
    bench.receive(0, Requests.insert("env", "books"));
    bench.receive(0, "nonsense");
    List<Entry> taken = worker.entries(10);
    assertThat(worker.offsets(taken).next())
        .as("partition 1 has nothing to say")
        .containsExactly(Map.entry(0, 0L));
    bench.ledger.commit(taken, worker.offsets(taken).next());
    worker.committed(taken, worker.offsets(taken), bench.clock.now(), bench.clock.now());
    assertThat(worker.offsets(List.of()).next()).as("nothing to say at all").isEmpty();
  }

  @Test
  void passedGapsAreCommittedOnce() {
    worker.position(0, 17);
    assertThat(worker.offsets(List.of()).next()).containsExactly(Map.entry(0, 17L));
    assertThat(worker.offsets(List.of()).isEmpty()).isFalse();
    bench.commit();
    assertThat(worker.offsets(List.of()).next()).isEmpty();
    assertThat(worker.offsets(List.of()).isEmpty()).isTrue();
    worker.position(5, 3);
    assertThat(worker.offsets(List.of()).next()).as("of a partition that is not ours").isEmpty();
  }

  @Test
  void aTimestampInTheFutureGivesNoNegativeDuration() {
    Instant future = bench.clock.now().wall().plusSeconds(60);
    bench.receive(Requests.delivery(0, 0, future, "nonsense"));
    bench.commit();
    assertThat(bench.listener.durations).containsExactly(Duration.ZERO);
  }

  @Test
  void aQuietWorkerStartsNothingAndFinishesWhatIsOpen() {
    bench.receive(0, Requests.insert("env", "books"));
    bench.receive(0, Requests.insert("env", "books"));
    Call open = bench.call();
    worker.quiet(bench.clock.now());
    bench.accept(open);
    assertThat(bench.calls()).isEmpty();
    bench.commit();
    bench.advance(Duration.ofMinutes(1));
    assertThat(bench.looks()).isEmpty();
    assertThat(worker.nextDueNanos()).isEqualTo(Long.MAX_VALUE);
    assertThat(worker.view().queued()).isEqualTo(1);
    assertThat(bench.ledger.offset(0)).isEqualTo(1);
  }

  @Test
  void aQuietWorkerAdmitsNoMoreWhatNoTickHasTakenYet() {
    bench.receive(0, Requests.insert("env", "books"));
    assertThat(worker.nextCall(bench.clock.now())).isEmpty();
    assertThat(worker.hasAdmitted()).isTrue();
    worker.quiet(bench.clock.now());
    assertThat(worker.hasAdmitted()).isFalse();
    assertThat(worker.hasEntries()).as("no intent is written for nothing").isFalse();
    assertThat(worker.view().queued()).isEqualTo(1);
    assertThat(worker.restingOffset(0)).contains(0L);
  }

  @Test
  void aDeliveryOfNoPartitionOfOursIsABug() {
    Delivery delivery = Requests.delivery(9, 0, ManualClock.START, "nonsense");
    assertThatIllegalStateException()
        .isThrownBy(() -> worker.received(delivery, bench.clock.now()));
    assertThatIllegalStateException().isThrownBy(() -> bench.assign(0));
    assertThat(bench.ledger.outcomes).doesNotContainKey(new Source(Requests.TOPIC, 9, 0));
  }
}
