package io.dbimport.worker;

import io.dbimport.Outcome;
import io.dbimport.Outcome.Failed;
import io.dbimport.Reply;
import io.dbimport.event.LedgerRecord.OpenState;
import io.dbimport.worker.Entry.Admitted;
import io.dbimport.worker.Entry.Marked;
import io.dbimport.worker.LaneKey.Environment;
import io.dbimport.worker.Step.CallAgain;
import io.dbimport.worker.Step.Settle;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls, from their admission to what follows from their replies: admitted, started once that is
 * committed, or taken back; settled, or made again. Confined to the loop thread.
 */
final class OpenCalls {
  private static final Logger LOG = LoggerFactory.getLogger(OpenCalls.class);

  private final Partitions partitions;
  private final Lanes lanes;
  private final Admission admission;
  private final AfterReply afterReply;
  private final Queue<Entry> entries;
  private final WorkerListener listener;

  /** Admitted calls whose tick is committed. */
  private final ArrayDeque<Call> startable = new ArrayDeque<>();

  /** Calls with a committed intent that are never made. */
  private final ArrayDeque<Call> unmade = new ArrayDeque<>();

  private boolean quiet;

  OpenCalls(
      Partitions partitions,
      Lanes lanes,
      Admission admission,
      AfterReply afterReply,
      Queue<Entry> entries,
      WorkerListener listener) {
    this.partitions = partitions;
    this.lanes = lanes;
    this.admission = admission;
    this.afterReply = afterReply;
    this.entries = entries;
    this.listener = listener;
  }

  /** The next call to make now; empty when there is none or every slot is taken. */
  Optional<Call> next(Moment now) {
    for (Call call = startable.poll(); call != null; call = startable.poll()) {
      Partition partition = partitions.of(call.lane);
      if (partition != null
          && mayStart(call)
          && partition.leased(now)
          && lanes.mayBeCalled(call, now)) {
        partition.admitted.remove(call);
        return Optional.of(started(partition, call));
      }
      takeBack(call, true, now);
    }
    while (!quiet) {
      Turn turn = admission.next(now).orElse(null);
      if (turn == null) {
        return Optional.empty();
      }
      Call call = admit(turn, now);
      if (call == null) {
        continue;
      }
      Partition partition = partitions.get(call.lane.key.partition());
      if (partition != null && !call.intended() && partition.leased(now)) {
        return Optional.of(started(partition, call));
      }
      if (partition != null) {
        partition.admitted.add(call);
        entries.add(new Admitted(partition.epoch, call, call.open.progress()));
      }
    }
    return Optional.empty();
  }

  private static Call started(Partition partition, Call call) {
    call.startByNanos = partition.leaseUntilNanos;
    return call;
  }

  private @Nullable Call admit(Turn turn, Moment now) {
    Lane lane = turn.lane();
    Partition partition = partitions.of(lane);
    if (partition == null
        || partition.closing
        || lane.calling
        || lane.queue.isEmpty()
        || lane.sleeping(now)) {
      admission.release(turn);
      return null;
    }
    OpenRequest open = lane.first();
    Decided decided = lanes.decidedFirst(partition, open, now);
    if (decided != null) {
      admission.release(turn);
      lanes.finish(partition, lane, open, decided, now);
      return null;
    }
    lane.calling = true;
    partition.calling++;
    open.attempts = open.attempts.call();
    return new Call(turn, open);
  }

  /** The tick that has the admitted call is committed. */
  void committed(Call call) {
    if (partitions.of(call.lane) == null) {
      neverMade(call);
    } else {
      startable.add(call);
    }
  }

  private void neverMade(Call call) {
    if (call.intended()) {
      unmade.add(call);
    }
  }

  /** The next call with a committed intent that is never made; empty when there is none. */
  Optional<Call> nextUnmade() {
    return Optional.ofNullable(unmade.poll());
  }

  private boolean mayStart(Call call) {
    Partition partition = partitions.of(call.lane);
    return !quiet && partition != null && !partition.closing;
  }

  /** No call starts any more, anywhere. Final. */
  void quiet(Moment now) {
    quiet = true;
    takeBackUncommitted(now);
  }

  boolean isQuiet() {
    return quiet;
  }

  /** Calls that must not start and that no tick has taken yet are not admitted after all. */
  void takeBackUncommitted(Moment now) {
    List<Call> calls = new ArrayList<>();
    entries.removeIf(entry -> {
      if (entry instanceof Admitted(long _, Call call, var _) && !mayStart(call)) {
        calls.add(call);
        return true;
      }
      return false;
    });
    calls.forEach(call -> takeBack(call, false, now));
  }

  /** Lets go of the admitted calls of a partition. */
  void dropped(Partition partition) {
    partition.admitted.forEach(call -> admission.release(call.turn));
    startable.removeIf(call -> {
      boolean gone = partition.admitted.contains(call);
      if (gone) {
        neverMade(call);
      }
      return gone;
    });
  }

  /** An admitted call is not made after all; a committed intent is taken back. */
  private void takeBack(Call call, boolean committed, Moment now) {
    admission.release(call.turn);
    if (committed) {
      neverMade(call);
    }
    Partition partition = partitions.of(call.lane);
    if (partition != null) {
      partition.admitted.remove(call);
      notMade(partition, call, committed, now);
    }
  }

  /** A call that was handed out is not made after all, and surely not carried out. */
  void notSent(Call call, Moment now) {
    admission.release(call.turn);
    Partition partition = partitions.of(call.lane);
    if (partition != null) {
      notMade(partition, call, true, now);
    }
  }

  private void notMade(Partition partition, Call call, boolean committed, Moment now) {
    Lane lane = call.lane;
    OpenRequest open = call.open;
    lane.calling = false;
    partition.calling--;
    open.attempts = open.attempts.notSent();
    if (committed && call.intended()) {
      entries.add(
          new Marked(
              partition.epoch,
              call.source(),
              OpenState.NOT_SENT,
              open.request(),
              open.key,
              open.progress()));
    }
    lanes.firstOf(partition, lane, now);
  }

  /** A call came back. */
  void replied(Call call, Reply reply, Moment now) {
    Environment environment = call.lane.key.environment();
    admission.replied(call.turn, reply, now);
    answered(call, now, () -> step(call.open, environment, reply, now));
  }

  /** A call came back with a fault of ours; nothing is known of what became of the request. */
  void broke(Call call, String what, Moment now) {
    admission.release(call.turn);
    answered(call, now, () -> new Settle(Decided.internal(what, call.open.attempts.made())));
  }

  /** An admitted call cannot be made, for a fault of ours in writing its intent down. */
  void faulted(Call call, String what, Moment now) {
    call.open.attempts = call.open.attempts.notSent();
    Partition partition = partitions.of(call.lane);
    if (partition != null) {
      partition.admitted.remove(call);
    }
    broke(call, what, now);
  }

  private void answered(Call call, Moment now, Supplier<Step> decide) {
    Lane lane = call.lane;
    Partition partition = partitions.of(lane);
    if (partition == null) {
      return;
    }
    lane.calling = false;
    partition.calling--;
    conclude(partition, lane, call.open, decide, now);
  }

  private void conclude(
      Partition partition, Lane lane, OpenRequest open, Supplier<Step> decide, Moment now) {
    switch (judged(open, decide)) {
      case Settle(Outcome outcome) ->
          lanes.finish(partition, lane, open, new Decided(outcome, now.wall(), false), now);
      case CallAgain(var delay, Failed reason, Attempts attempts) -> {
        open.attempts = attempts;
        open.lastFailure = reason;
        listener.retried(reason.errorClass());
        lanes.callAgain(partition, lane, delay, reason, now);
      }
    }
  }

  /** A bug in judging what a call gave ends its request alone. */
  private static Step judged(OpenRequest open, Supplier<Step> decide) {
    try {
      return decide.get();
    } catch (RuntimeException bug) {
      LOG.error("a fault of ours after a call of {}", open.delivery, bug);
      String what = "judging a reply failed: " + bug.getClass().getName();
      return new Settle(Decided.internal(what, open.attempts.made()));
    }
  }

  /**
   * Goes on where an earlier owner of the partition ended. What became of its last attempt is
   * judged at once, before the request can be put aside and the ledger forget that it was called.
   *
   * @return the outcome when that is one; null when the request may be called
   */
  @Nullable Decided goOn(OpenRequest open, Unfinished unfinished, Moment now) {
    open.attempts = Attempts.of(unfinished.progress(), now);
    open.lastFailure = unfinished.progress().last();
    Inherited inherited = unfinished.inherited();
    if (inherited == null) {
      return null;
    }
    Reply reply = inherited.reply();
    Reply known =
        reply == null
            ? new Reply.Unanswered(-1, "the worker that called it ended before it had an answer")
            : reply;
    Environment environment = lanes.environment(open.request());
    return switch (judged(open, () -> step(open, environment, known, now))) {
      case Settle(Outcome outcome) -> new Decided(outcome, now.wall(), false);
      case CallAgain(var _, Failed reason, Attempts attempts) -> {
        open.attempts = attempts;
        open.lastFailure = reason;
        yield null;
      }
    };
  }

  private Step step(OpenRequest open, Environment environment, Reply reply, Moment now) {
    return afterReply.step(
        reply, open.request(), open.attempts, now, admission.breakerOpenTotal(environment, now));
  }
}
