package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.JobStatus;
import io.dbimport.Outcome.Failed;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.Reply;
import io.dbimport.event.Source;
import io.dbimport.worker.Entry.Settled;
import io.dbimport.worker.WorkerSettings.Ordering;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The same request id again, in a partition and within the time it is remembered. */
final class DuplicatesTest {
  private static final Reply SILENCE = new Reply.Unanswered(-1, "read timed out");

  private static String insert(String collection, String id) {
    return Requests.json("env", collection, 1, ",\"request_id\":\"" + id + "\"");
  }

  private static WorkerBench bench(Ordering ordering) {
    WorkerBench bench = new WorkerBench(ordering);
    bench.assign(0);
    return bench;
  }

  private static List<Instant> settledAt(List<Entry> entries) {
    return entries.stream().map(entry -> ((Settled) entry).at()).toList();
  }

  @ParameterizedTest
  @EnumSource
  void twoThatArePolledTogetherMakeOneCall(Ordering ordering) {
    WorkerBench bench = bench(ordering);
    bench.receive(0, insert("books", "one"));
    bench.receive(0, insert("books", "one"));
    Call call = bench.call();
    bench.reply(call, new Reply.Accepted(77));
    assertThat(bench.calls()).isEmpty();
    bench.commit();
    assertThat(bench.outcome(0, 0)).isEqualTo(new JobAccepted(77, 1));
    assertThat(bench.outcome(0, 1)).isEqualTo(new JobAccepted(77, 1));
    assertThat(bench.ledger.duplicates).containsExactly(new Source(Requests.TOPIC, 0, 1));
    assertThat(bench.worker.view().jobs()).as("one job, followed once").isEqualTo(1);
    bench.assertBalance();
  }

  @ParameterizedTest
  @EnumSource
  void oneAgainAfterAcceptedIsAnsweredAsItWasAlsoByTheNextOwner(Ordering ordering) {
    WorkerBench bench = bench(ordering);
    bench.receive(0, insert("books", "one"));
    bench.reply(bench.call(), new Reply.Accepted(77));
    bench.commit();
    Instant accepted = bench.clock.now().wall();
    bench.advance(Duration.ofSeconds(5));
    bench.receive(0, insert("books", "one"));
    assertThat(bench.calls()).isEmpty();
    assertThat(settledAt(bench.commit())).containsExactly(accepted);
    assertThat(bench.outcome(0, 1)).isEqualTo(new JobAccepted(77, 1));
    bench.worker.dropped(0);
    bench.ledger.compact(0);
    bench.assign(0);
    bench.receive(0, insert("books", "one"));
    assertThat(bench.calls()).isEmpty();
    bench.commit();
    assertThat(bench.outcome(0, 2)).isEqualTo(new JobAccepted(77, 1));
  }

  @ParameterizedTest
  @EnumSource
  void oneAgainAfterFailedIsAFreshRequestWhateverItSays(Ordering ordering) {
    WorkerBench bench = bench(ordering);
    bench.receive(0, insert("books", "one"));
    bench.reply(bench.call(), Reply.Refused.of(85088, "no"));
    bench.commit();
    bench.receive(0, insert("music", "one"));
    bench.accept(bench.call());
    bench.commit();
    assertThat(bench.outcome(0, 1)).isInstanceOf(JobAccepted.class);
  }

  @ParameterizedTest
  @EnumSource
  void oneThatWaitsBehindAFailedOneIsCalled(Ordering ordering) {
    WorkerBench bench = bench(ordering);
    bench.receive(0, insert("books", "one"));
    bench.receive(0, insert("books", "one"));
    bench.reply(bench.call(), Reply.Refused.of(85088, "no"));
    Call second = bench.call();
    assertThat(WorkerBench.offset(second)).isEqualTo(1);
    bench.receive(0, insert("books", "one"));
    assertThat(bench.calls()).as("the third waits for the second").isEmpty();
    bench.reply(second, new Reply.Accepted(5));
    assertThat(bench.calls()).isEmpty();
    bench.commit();
    assertThat(bench.outcome(0, 2)).isEqualTo(new JobAccepted(5, 1));
  }

  @ParameterizedTest
  @EnumSource
  void oneAgainWhileItIsUnknownIsUnknownWithoutACall(Ordering ordering) {
    WorkerBench bench = bench(ordering);
    bench.receive(0, insert("books", "one"));
    bench.reply(bench.call(), SILENCE);
    bench.receive(0, insert("books", "one"));
    assertThat(bench.calls()).isEmpty();
    bench.commit();
    Failed first = bench.failure(0, 0);
    assertThat(first.errorClass()).isEqualTo(ErrorClass.OUTCOME_UNKNOWN);
    assertThat(bench.failure(0, 1)).isEqualTo(first);
    bench.worker.dropped(0);
    bench.assign(0);
    bench.receive(0, insert("books", "one"));
    assertThat(bench.calls()).isEmpty();
    bench.commit();
    assertThat(bench.failure(0, 2)).isEqualTo(first);
    assertThat(bench.worker.waits().unknown()).as("one request, not three").isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource
  void otherContentUnderAnIdThatIsTakenIsRefused(Ordering ordering) {
    WorkerBench bench = bench(ordering);
    bench.receive(0, insert("books", "one"));
    bench.receive(0, insert("music", "one"));
    bench.reply(bench.call(), new Reply.Accepted(77));
    bench.advance(Duration.ofSeconds(5));
    bench.receive(0, insert("films", "one"));
    assertThat(bench.calls()).isEmpty();
    assertThat(settledAt(bench.commit())).as("now").endsWith(bench.clock.now().wall());
    for (int offset = 1; offset <= 2; offset++) {
      assertThat(bench.failure(0, offset).errorClass()).isEqualTo(ErrorClass.INVALID);
      assertThat(bench.failure(0, offset).errcode()).isEqualTo(40097);
      assertThat(bench.failure(0, offset).detail()).contains("another request", "offset 0");
    }
    assertThat(bench.outcome(0, 0)).isEqualTo(new JobAccepted(77, 1));
  }

  @ParameterizedTest
  @EnumSource
  void anIdIsForgottenWithTime(Ordering ordering) {
    WorkerBench bench = bench(ordering);
    bench.receive(0, insert("books", "one"));
    bench.reply(bench.call(), new Reply.Accepted(77));
    bench.commit();
    bench.advance(Duration.ofSeconds(1));
    bench.look(bench.looks().getFirst(), JobStatus.SUCCESS);
    bench.commit();
    bench.advance(Duration.ofDays(7).plusMinutes(1));
    bench.receive(0, insert("music", "other"));
    bench.accept(bench.call());
    bench.commit();
    bench.receive(0, insert("books", "one"));
    assertThat(bench.calls()).hasSize(1);
  }

  @ParameterizedTest
  @EnumSource
  void anIdIsForgottenAMinuteLaterAtTheLatest(Ordering ordering) {
    WorkerBench bench = bench(ordering);
    bench.receive(0, insert("books", "one"));
    bench.reply(bench.call(), new Reply.Accepted(77));
    bench.advance(Duration.ofDays(7));
    bench.commit();
    bench.advance(Duration.ofMinutes(1));
    bench.commit();
    bench.receive(0, insert("music", "one"));
    assertThat(bench.calls()).hasSize(1);
  }
}
