package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.JobStatus;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.Reply.Accepted;
import io.dbimport.Reply.Refused;
import io.dbimport.Reply.Unavailable;
import io.dbimport.event.Source;
import io.dbimport.worker.Entry.Admitted;
import io.dbimport.worker.Entry.JobOver;
import io.dbimport.worker.Entry.Settled;
import io.dbimport.worker.WorkerSettings.Ordering;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Partitions that come, go, and come back. */
final class HandOverTest {
  private static final String INSERT = Requests.insert("env", "books");
  private static final String UPSERT = Requests.upsert("env", "books");

  private final WorkerBench bench = new WorkerBench();
  private final Worker worker = bench.worker;

  HandOverTest() {
    bench.assign(0);
    bench.assign(1);
  }

  @AfterEach
  void theBalanceHolds() {
    bench.assertBalance();
  }

  @Test
  void everythingOpenIsHandedOverAndCounted() {
    bench.receive(0, INSERT);
    bench.receive(0, INSERT);
    bench.receive(0, Requests.insert("env", "music"));
    bench.receive(0, Requests.insert("env", "films"));
    List<Call> calls = bench.calls();
    bench.receive(1, "nonsense");
    bench.accept(calls.get(1));
    bench.reply(calls.get(2), new Unavailable(-1, "down"));
    worker.dropped(0);
    assertThat(bench.listener.handedOver)
        .as("one called, one queued behind it, one settled, one backing off")
        .isEqualTo(4);
    assertThat(worker.view().queued() + worker.view().inFlight()).isZero();
    assertThat(worker.entryCount()).as("of partition 1 alone").isEqualTo(1);
    assertThat(worker.nextDueNanos()).isEqualTo(Long.MAX_VALUE);
    bench.advance(Duration.ofHours(1));
    assertThat(bench.calls()).isEmpty();
    worker.dropped(0);
    assertThat(bench.listener.handedOver).as("once").isEqualTo(4);
  }

  @Test
  void aStaleReplyIsIgnoredAndFreesItsSlot() {
    WorkerBench narrow =
        new WorkerBench(WorkerBench.settings(1, 1, Ordering.REQUEST, 100, 1 << 20));
    narrow.assign(0);
    narrow.receive(0, UPSERT);
    Call stale = narrow.call();
    narrow.worker.dropped(0);
    narrow.assign(0);
    narrow.receive(0, UPSERT);
    assertThat(narrow.calls()).as("the old call is on the wire still").isEmpty();
    narrow.accept(stale);
    assertThat(narrow.worker.hasEntries()).isFalse();
    assertThat(narrow.worker.view().inFlight()).isZero();
    Call fresh = narrow.call();
    narrow.reply(fresh, new Accepted(77));
    narrow.commit();
    assertThat(narrow.outcome(0, 0)).isEqualTo(new JobAccepted(77, 1));
    narrow.assertBalance();
  }

  @Test
  void aStaleReplyOfAnyKindTouchesNothingOfTheNewAssignment() {
    for (var reply :
        List.of(
            new Accepted(1),
            Refused.of(85088, "no"),
            new Unavailable(-1, "down"),
            Refused.of(42001, "expired"))) {
      WorkerBench again = new WorkerBench();
      again.assign(0);
      again.receive(0, UPSERT);
      Call stale = again.call();
      again.worker.dropped(0);
      again.assign(0);
      again.receive(0, UPSERT);
      Call fresh = again.call();
      again.reply(stale, reply);
      assertThat(again.worker.calling(0)).as("after %s", reply).isEqualTo(1);
      assertThat(again.worker.hasEntries()).as("after %s", reply).isFalse();
      again.worker.broke(fresh, "a bug", again.clock.now());
      assertThat(again.commit()).as("after %s", reply).hasSize(1);
      again.assertAllDone();
    }
  }

  @Test
  void aTakenSettlementOfADroppedPartitionIsNotOursAnyMore() {
    bench.receive(0, "nonsense");
    bench.receive(1, "nonsense");
    List<Entry> tick = worker.entries(10);
    assertThat(tick).allMatch(worker::owned);
    worker.dropped(0);
    assertThat(tick).filteredOn(worker::owned).extracting(Entry::partition).containsExactly(1);
    bench.assign(0);
    assertThat(tick)
        .as("another assignment of the same partition does not own it either")
        .filteredOn(worker::owned)
        .extracting(Entry::partition)
        .containsExactly(1);
    List<Entry> rest = tick.stream().filter(worker::owned).toList();
    Offsets offsets = worker.offsets(rest);
    bench.ledger.commit(rest, offsets.next());
    worker.committed(rest, offsets, bench.clock.now(), bench.clock.now());
    assertThat(bench.ledger.outcomes).hasSize(1);
  }

  @Test
  void aCommitOfAnAssignmentThatIsOverGivesTheNextOneNoRightToCall() {
    bench.receive(0, Requests.upsert("env", "books"));
    assertThat(worker.nextCall(bench.clock.now())).isEmpty();
    List<Entry> tick = worker.entries(10);
    Offsets offsets = worker.offsets(tick);
    worker.dropped(0);
    bench.assign(0);
    worker.committed(tick, offsets, bench.clock.now(), bench.clock.now());
    bench.receive(0, Requests.upsert("env", "books"));
    assertThat(worker.nextCall(bench.clock.now())).isEmpty();
    bench.commit();
    assertThat(worker.nextCall(bench.clock.now())).isPresent();
  }

  @Test
  void aCallThatLosesItsPartitionBeforeItsIntentIsCommittedIsToldOfAsNotMade() {
    bench.receive(0, INSERT);
    assertThat(worker.nextCall(bench.clock.now())).isEmpty();
    List<Entry> tick = worker.entries(10);
    Offsets offsets = worker.offsets(tick);
    worker.dropped(0);
    assertThat(worker.nextUnmade()).as("it may not be committed").isEmpty();
    worker.committed(tick, offsets, bench.clock.now(), bench.clock.now());
    assertThat(worker.nextUnmade().orElseThrow().source().offset()).isZero();
    assertThat(worker.nextUnmade()).isEmpty();
    assertThat(bench.calls()).isEmpty();
  }

  @Test
  void aCallThatLosesItsPartitionBeforeItStartsIsToldOfAsNotMade() {
    bench.receive(0, INSERT);
    bench.receive(0, Requests.upsert("env", "other"));
    assertThat(worker.nextCall(bench.clock.now())).isEmpty();
    bench.commit();
    worker.dropped(0);
    assertThat(worker.nextUnmade().orElseThrow().intended()).isTrue();
    assertThat(worker.nextUnmade()).as("an upsert has no intent").isEmpty();
  }

  @Test
  void aRefusedCommitIsRepeatedFromMemory() {
    bench.receive(0, INSERT);
    bench.accept(bench.call());
    List<Entry> tick = worker.entries(10);
    assertThat(worker.offsets(tick).next()).containsExactly(Map.entry(0, 1L));
    bench.assertBalance();
    assertThat(worker.entries(10)).as("it is not given out twice").isEmpty();
    assertThat(worker.offsets(tick).next()).as("the second time").containsExactly(Map.entry(0, 1L));
    bench.ledger.commit(tick, worker.offsets(tick).next());
    worker.committed(tick, worker.offsets(tick), bench.clock.now(), bench.clock.now());
    assertThat(worker.view().jobs()).isEqualTo(1);
  }

  @Test
  void aRestoredPartitionSkipsWhatIsDone() {
    bench.receive(0, INSERT);
    bench.receive(0, "nonsense");
    bench.receive(0, INSERT);
    bench.commit();
    worker.dropped(0);
    int received = bench.listener.received;
    assertThat(bench.ledger.restored(0).done()).isEqualTo(Set.of(1L));
    bench.assign(0);
    bench.receive(0, INSERT);
    bench.receive(0, "nonsense");
    bench.receive(0, INSERT);
    assertThat(bench.listener.received - received).as("the done one is not received").isEqualTo(2);
    bench.accept(bench.call());
    bench.accept(bench.call());
    bench.commit();
    assertThat(bench.ledger.offset(0)).isEqualTo(3);
    assertThat(bench.ledger.outcomes).hasSize(3);
  }

  @Test
  void theFrontierPassesWhatIsDone() {
    worker.dropped(0);
    worker.assigned(0, 99, ModelLedger.restored(5, Set.of(5L, 6L)), bench.clock.now());
    for (long offset = 5; offset < 7; offset++) {
      worker.received(Requests.delivery(0, offset, ManualClock.START, INSERT), bench.clock.now());
    }
    assertThat(worker.offsets(List.of()).next()).containsExactly(Map.entry(0, 7L));
    assertThat(bench.calls()).isEmpty();
  }

  @Test
  void openJobsAreFollowedOnByTheNextOwner() {
    bench.receive(0, INSERT);
    bench.accept(bench.call());
    bench.commit();
    bench.advance(Duration.ofSeconds(1));
    Look stale = bench.looks().getFirst();
    worker.dropped(0);
    assertThat(worker.view().jobs()).isZero();
    bench.assign(0);
    bench.look(stale, JobStatus.SUCCESS);
    assertThat(worker.hasEntries()).as("the old look is nobody's").isFalse();
    bench.advance(Duration.ofSeconds(1));
    bench.look(bench.looks().getFirst(), JobStatus.SUCCESS);
    assertThat(bench.commit()).hasExactlyElementsOfTypes(JobOver.class);
    bench.assign(2);
    worker.dropped(0);
    bench.assign(0);
    assertThat(worker.view().jobs()).as("ended for good").isZero();
  }

  @Test
  void anEndThatWasNotCommittedIsFoundAgainByTheNextOwner() {
    bench.receive(0, INSERT);
    bench.accept(bench.call());
    bench.commit();
    bench.advance(Duration.ofSeconds(1));
    bench.look(bench.looks().getFirst(), JobStatus.SUCCESS);
    worker.dropped(0);
    assertThat(worker.hasEntries()).isFalse();
    bench.assign(0);
    assertThat(worker.view().jobs()).isEqualTo(1);
    bench.advance(Duration.ofSeconds(1));
    bench.look(bench.looks().getFirst(), JobStatus.SUCCESS);
    bench.commit();
    assertThat(bench.ledger.ends).hasSize(1);
    assertThat(bench.listener.ends).hasSize(1);
  }

  @Test
  void lanesThatWaitElsewhereGoOnWhenAPartitionIsLetGo() {
    bench.receive(0, UPSERT);
    bench.receive(1, Requests.upsert("other", "books"));
    bench.calls().forEach(call -> bench.reply(call, new Unavailable(-1, "down")));
    worker.dropped(0);
    bench.advance(Duration.ofMillis(500));
    assertThat(WorkerBench.source(bench.call()).partition()).isEqualTo(1);
  }

  @Test
  void aClosingPartitionAdmitsNoMoreWhatNoTickHasTakenYet() {
    bench.receive(0, INSERT);
    bench.receive(1, INSERT);
    bench.receive(0, "nonsense");
    assertThat(worker.nextCall(bench.clock.now())).isEmpty();
    worker.closing(0, bench.clock.now());
    assertThat(worker.calling(0)).isZero();
    assertThat(worker.calling(1)).isEqualTo(1);
    assertThat(bench.commit())
        .as("what is known of 0 is still said, and 1 goes on")
        .hasExactlyElementsOfTypes(Settled.class, Admitted.class);
    assertThat(bench.call().source().partition()).isEqualTo(1);
    assertThat(worker.restingOffset(0)).contains(0L);
  }

  /** What a breaker was open is not counted, whoever began to try. */
  @Test
  void theNextOwnerTriesOnForAsLongAsABreakerWasOpen() {
    bench.receive(1, INSERT);
    Call first = bench.call();
    Unavailable busy = new Unavailable(-502001, "busy");
    bench.ledger.journal(first, busy);
    bench.reply(first, busy);
    bench.advance(Duration.ofMillis(500));
    bench.ledger.journal(bench.call(), busy);
    worker.dropped(1);
    for (int lane = 0; lane < Breaker.STRIKES; lane++) {
      bench.receive(0, Requests.insert("env", "c" + lane));
    }
    bench.calls().forEach(call -> bench.reply(call, busy));
    bench.advance(Duration.ofMinutes(16));
    bench.assign(1);
    bench.receive(1, INSERT);
    bench.commit();
    assertThat(bench.ledger.outcomes).as("its patience is not over").isEmpty();
  }

  @Test
  void aClosingPartitionStartsNothingAndFinishesWhatIsOpen() {
    bench.receive(0, INSERT);
    bench.receive(0, INSERT);
    bench.receive(0, Requests.insert("env", "music"));
    bench.receive(1, INSERT);
    List<Call> calls = bench.calls();
    assertThat(calls).hasSize(3);
    worker.closing(0, bench.clock.now());
    assertThat(worker.calling(0)).isEqualTo(2);
    for (Call call : calls) {
      if (WorkerBench.offset(call) == 2) {
        bench.reply(call, new Unavailable(-1, "down"));
      } else {
        bench.accept(call);
      }
    }
    bench.receive(1, INSERT);
    bench.advance(Duration.ofMinutes(1));
    assertThat(bench.calls())
        .extracting(WorkerBench::source)
        .containsExactly(new Source(Requests.TOPIC, 1, 1));
    assertThat(worker.calling(0)).isZero();
    bench.commit();
    assertThat(bench.ledger.outcomes).hasSize(2);
    bench.assertBalance();
    worker.dropped(0);
    assertThat(bench.listener.handedOver).isEqualTo(2);
    assertThat(worker.calling(0)).isZero();
  }
}
