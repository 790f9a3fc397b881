package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.ErrorCode;
import io.dbimport.Outcome.Failed;
import io.dbimport.Reply;
import io.dbimport.event.Source;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Deliveries that wait long hold up neither offsets nor memory nor others. */
final class ParkingTest {
  private static final int OTHERS = Boolean.getBoolean("few") ? 10_000 : 200_000;
  private static final Reply AN_HOUR =
      new Reply.Refused(-501003, "slower", ErrorClass.THROTTLED, Duration.ofHours(1));

  private static final String NAMED = named("books");

  private final WorkerBench bench = new WorkerBench();
  private final Worker worker = bench.worker;

  ParkingTest() {
    bench.assign(0);
  }

  private static String named(String collection) {
    return Requests.json("env", collection, 1, ",\"request_id\":\"the same\"");
  }

  private void handOver() {
    worker.dropped(0);
    bench.assign(0);
  }

  /** What is to be read again is not in the topic any more. */
  private void readAgainInVain() {
    Fetch fetch = worker.nextFetch(bench.clock.now()).orElseThrow();
    worker.fetched(fetch, Requests.TOPIC, Map.of(), bench.clock.now());
    bench.commit();
  }

  private void assertUnknown(Failed failed) {
    assertThat(failed.errorClass()).isEqualTo(ErrorClass.OUTCOME_UNKNOWN);
    assertThat(failed.errcode()).isEqualTo(-1);
    assertThat(failed.errmsg()).isEqualTo(ErrorCode.SYSTEM_ERROR.message());
    assertThat(failed.detail()).contains("bytes are gone");
    assertThat(failed.attempts()).isEqualTo(1);
    assertThat(worker.waits().unknown()).isEqualTo(1);
    assertThat(worker.waits().parked()).isZero();
    bench.assertBalance();
  }

  /** As the loop does: what is full is not read on, what may be called is called and answered. */
  private void turn(List<Long> called) {
    for (Call call : bench.calls()) {
      called.add(WorkerBench.offset(call));
      bench.accept(call);
    }
    bench.commit();
  }

  @Test
  void oneIsStuckForAnHourWhileAllOthersPass() {
    bench.receive(0, Requests.insert("stuck", "lane"));
    bench.reply(bench.call(), AN_HOUR);
    List<Long> called = new ArrayList<>();
    int ofItsLane = 0;
    int mostInMemory = 0;
    for (int number = 1; number <= OTHERS; number++) {
      boolean same = number % 100 == 0;
      ofItsLane += same ? 1 : 0;
      bench.receive(
          0, same ? Requests.insert("stuck", "lane") : Requests.upsert("env", "c" + number % 50));
      if (number % 500 == 0) {
        assertThat(worker.full(0, bench.clock.now())).as("at %d", number).isFalse();
        int before = -1;
        while (called.size() > before) {
          before = called.size();
          turn(called);
        }
        mostInMemory = Math.max(mostInMemory, worker.view().queued());
      }
    }
    assertThat(called).as("all others").hasSize(OTHERS - ofItsLane).doesNotHaveDuplicates();
    assertThat(worker.waits().parked()).isEqualTo(ofItsLane + 1);
    assertThat(mostInMemory).as("in memory at the end of a round").isLessThan(500);
    assertThat(bench.ledger.offset(0)).as("the offset goes on").isEqualTo(OTHERS + 1);
    bench.assertBalance();

    worker.dropped(0);
    bench.ledger.compact(0);
    bench.assign(0);
    assertThat(worker.waits().parked()).as("restored").isEqualTo(ofItsLane + 1);
    bench.assertBalance();

    bench.advance(Duration.ofHours(1));
    called.clear();
    while (worker.waits().parked() > 0 || worker.view().queued() > 0) {
      int before = called.size();
      turn(called);
      bench.advance(Duration.ofMillis(50));
      assertThat(called.size() > before || worker.waits().parked() == 0).isTrue();
    }
    assertThat(called).hasSize(ofItsLane + 1).isSorted().startsWith(0L, 100L, 200L);
    bench.assertBalance();
  }

  @Test
  void aFloodOfATenantThatCannotGoOnLeavesRoomForOthers() {
    for (int number = 0; number < 10_000; number++) {
      bench.receive(0, Requests.insert("flood", "c" + number % 100));
    }
    List<Call> open = bench.calls();
    assertThat(open).as("its cap").hasSize(32);
    assertThat(worker.full(0, bench.clock.now())).isTrue();
    bench.commit();
    assertThat(worker.full(0, bench.clock.now())).as("what cannot go on is put aside").isFalse();
    bench.receive(0, Requests.insert("other", "books"));
    assertThat(bench.call().request().parameters().env()).isEqualTo("other");
    bench.assertBalance();
  }

  @Test
  void whatComesBehindAParkedOneStaysBehindIt() {
    bench.receive(0, Requests.insert("env", "books"));
    bench.reply(bench.call(), AN_HOUR);
    bench.receive(0, Requests.insert("env", "books"));
    bench.commit();
    assertThat(worker.waits().parked()).isEqualTo(2);
    bench.advance(Duration.ofHours(1));
    bench.receive(0, Requests.insert("env", "books"));
    List<Long> called = new ArrayList<>();
    for (int round = 0; round < 5; round++) {
      turn(called);
      bench.advance(Duration.ofMillis(50));
    }
    assertThat(called).containsExactly(0L, 1L, 2L);
  }

  @Test
  void aLaneThatWasReadAgainGoesOnInMemory() {
    bench.receive(0, Requests.insert("env", "books"));
    bench.reply(bench.call(), AN_HOUR);
    bench.commit();
    bench.advance(Duration.ofHours(1));
    Call call = bench.call();
    bench.receive(0, Requests.insert("env", "books"));
    assertThat(worker.waits().parked()).isZero();
    bench.accept(call);
    assertThat(WorkerBench.offset(bench.call())).isEqualTo(1);
  }

  @Test
  void aRequestThatSurelyDidNothingAndWhoseBytesAreGoneIsExpired() {
    bench.receive(0, NAMED);
    Call call = bench.call();
    bench.reply(call, AN_HOUR);
    bench.commit();
    bench.advance(Duration.ofHours(1));
    assertThat(call.lane.dropped).isFalse();
    readAgainInVain();
    Failed failed = bench.failure(0, 0);
    assertThat(failed.errorClass()).isEqualTo(ErrorClass.EXPIRED);
    assertThat(failed.errcode()).isEqualTo(40097);
    assertThat(failed.detail()).contains("bytes are gone");
    assertThat(worker.waits().parked()).isZero();
    assertThat(call.lane.dropped).as("the lane is forgotten").isTrue();
    bench.receive(0, named("music"));
    bench.accept(bench.call());
    bench.assertBalance();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRequestThatWasNeverCalledAndWhoseBytesAreGoneFreesItsId(boolean handedOver) {
    bench.receive(0, Requests.insert("env", "films"));
    bench.reply(bench.call(), AN_HOUR);
    bench.receive(0, NAMED);
    bench.commit();
    bench.advance(Duration.ofHours(1));
    readAgainInVain();
    Failed failed = bench.failure(0, 1);
    assertThat(failed.errorClass()).isEqualTo(ErrorClass.EXPIRED);
    assertThat(failed.errmsg()).isEqualTo(ErrorCode.INVALID_ARGS.message());
    assertThat(failed.attempts()).isZero();
    if (handedOver) {
      handOver();
    }
    bench.receive(0, named("music"));
    bench.accept(bench.call());
    bench.assertBalance();
  }

  /** Or it would be imported twice: its id is all that tells of the first call. */
  @Test
  void aRequestThatMayBeCarriedOutAndWhoseBytesAreGoneKeepsItsId() {
    bench.receive(0, NAMED);
    bench.reply(bench.call(), AN_HOUR);
    bench.commit();
    bench.advance(Duration.ofHours(1));
    bench.call();
    handOver();
    readAgainInVain();
    Failed unknown = bench.failure(0, 0);
    assertUnknown(unknown);
    bench.receive(0, NAMED);
    assertThat(bench.calls()).isEmpty();
    bench.commit();
    assertThat(bench.outcome(0, 1)).isEqualTo(unknown);
    handOver();
    bench.receive(0, NAMED);
    assertThat(bench.calls()).as("nor by the next owner").isEmpty();
    bench.commit();
    assertThat(bench.outcome(0, 2)).isEqualTo(unknown);
  }

  @Test
  void aSilenceBeforeItsBytesWereGoneLeavesTheOutcomeUnknown() {
    bench.receive(0, Requests.upsert("env", "books"));
    bench.reply(bench.call(), new Reply.Unanswered(-1, "read timed out"));
    bench.advance(Duration.ofMillis(500));
    bench.reply(bench.call(), AN_HOUR);
    bench.commit();
    bench.advance(Duration.ofHours(1));
    readAgainInVain();
    assertUnknown(bench.failure(0, 0));
  }

  @Test
  void aDeadlineEndsTheWaitOfAParkedRequest() {
    String deadline = bench.clock.now().wall().plusSeconds(600).toString();
    bench.receive(0, Requests.json("env", "books", 1, ",\"deadline\":\"" + deadline + "\""));
    bench.reply(bench.call(), AN_HOUR);
    bench.commit();
    bench.advance(Duration.ofMinutes(10));
    assertThat(bench.calls()).isEmpty();
    bench.commit();
    assertThat(bench.failure(0, 0).errorClass()).isEqualTo(ErrorClass.THROTTLED);
    assertThat(bench.ledger.outcomes).containsKey(new Source(Requests.TOPIC, 0, 0));
  }
}
