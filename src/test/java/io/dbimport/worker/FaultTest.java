package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.Outcome.Failed;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.Reply;
import io.dbimport.worker.Entry.Settled;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A fault of ours in one request ends that one, and no other. */
final class FaultTest {
  private static final String NAMED =
      Requests.json("env", "books", 1, ",\"request_id\":\"the same\"");

  private final WorkerBench bench = new WorkerBench();
  private final Worker worker = bench.worker;

  FaultTest() {
    bench.assign(0);
  }

  @AfterEach
  void theBalanceHolds() {
    bench.assertBalance();
  }

  @Test
  void aBugInJudgingTheReplyOfAnEarlierOwnersCallIsAnInternalError() {
    bench.receive(0, NAMED);
    bench.ledger.journal(bench.call(), new Reply.Refused(1, "no class", noClass(), null));
    worker.dropped(0);
    bench.assign(0);
    bench.receive(0, NAMED);
    bench.receive(0, Requests.insert("env", "books"));
    bench.accept(bench.call());
    bench.commit();
    assertThat(bench.failure(0, 0))
        .isEqualTo(Decided.internal("judging a reply failed: java.lang.NullPointerException", 1));
    assertThat(bench.outcome(0, 1)).isEqualTo(new JobAccepted(1, 1));
  }

  @Test
  void anAcceptanceThatCannotBeWrittenDownIsAnInternalErrorThatTellsTheJob() {
    bench.receive(0, NAMED);
    bench.accept(bench.call());
    commitFaulted();
    assertThat(bench.failure(0, 0)).isEqualTo(Decided.internal("accepted as job 1, but a bug", 1));
    assertThat(worker.view().jobs()).as("nobody knows it by an event").isZero();
    bench.receive(0, NAMED);
    bench.accept(bench.call());
    bench.commit();
    assertThat(bench.outcome(0, 1)).as("its id was free").isEqualTo(new JobAccepted(2, 1));
  }

  @Test
  void anUnknownOutcomeThatCannotBeWrittenDownStaysUnknown() {
    bench.receive(0, NAMED);
    bench.reply(bench.call(), new Reply.Unanswered(-1, "timeout"));
    commitFaulted();
    Failed failed = bench.failure(0, 0);
    assertThat(failed.errorClass()).isEqualTo(ErrorClass.OUTCOME_UNKNOWN);
    assertThat(failed.detail()).isEqualTo("a bug");
    assertThat(worker.waits().unknown()).isEqualTo(1);
    bench.receive(0, NAMED);
    assertThat(bench.calls()).isEmpty();
    bench.commit();
    assertThat(bench.outcome(0, 1)).isEqualTo(failed);
  }

  @Test
  void anIntentThatCannotBeWrittenDownIsNoAttempt() {
    bench.receive(0, NAMED);
    assertThat(worker.nextCall(bench.clock.now())).isEmpty();
    List<Entry> taken = worker.entries(10);
    worker.faulted(((Entry.Admitted) taken.getFirst()).call(), "a bug", bench.clock.now());
    assertThat(worker.hasAdmitted()).isFalse();
    assertThat(bench.calls()).isEmpty();
    bench.commit();
    assertThat(bench.failure(0, 0)).isEqualTo(Decided.internal("a bug", 0));
    bench.assertAllDone();
  }

  private void commitFaulted() {
    Settled settled = (Settled) worker.entries(10).getFirst();
    List<Entry> instead = List.of(worker.faulted(settled, "a bug", bench.clock.now()));
    Offsets offsets = worker.offsets(instead);
    bench.ledger.commit(instead, offsets.next());
    worker.committed(instead, offsets, bench.clock.now(), bench.clock.now());
  }

  /** What a client with a bug leaves out. */
  @SuppressWarnings("NullAway")
  private static ErrorClass noClass() {
    return null;
  }
}
