package io.dbimport.worker;

import io.dbimport.ErrorClass;
import io.dbimport.ErrorCode;
import io.dbimport.JobReply;
import io.dbimport.Outcome;
import io.dbimport.Outcome.Failed;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.Reply;
import io.dbimport.event.AcceptedJob;
import io.dbimport.event.Decoding;
import io.dbimport.event.Decoding.Invalid;
import io.dbimport.event.Decoding.Valid;
import io.dbimport.event.Delivery;
import io.dbimport.event.EventEncoder;
import io.dbimport.event.ReadableFields;
import io.dbimport.event.RequestDecoder;
import io.dbimport.worker.Settlement.JobOver;
import io.dbimport.worker.Settlement.Settled;
import io.dbimport.worker.Step.CallAgain;
import io.dbimport.worker.Step.Settle;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What happens to deliveries, from the poll to the committed outcome, and to their jobs after that.
 * It makes no call and sends no record: it says which calls to make ({@link #nextCall}), takes
 * their replies, and gives out what is to be committed ({@link #settlements}). Confined to the loop
 * thread.
 *
 * <p>A delivery is received, queued in its lane, called when it is first there and admitted,
 * settled, taken for commit, and committed; then the job is followed until that end is committed
 * too. Longer than most: it is the one place where a delivery's whole life is written down.
 */
public final class Worker {
  private final WorkerSettings settings;
  private final RequestDecoder decoder;
  private final WorkerListener listener;
  private final AfterReply afterReply;
  private final Admission admission;
  private final Jobs jobs;
  private final Map<Integer, Partition> partitions = new HashMap<>();
  private final PriorityQueue<Lane> timers =
      new PriorityQueue<>(Comparator.comparingLong((Lane lane) -> lane.dueNanos));
  private final ArrayDeque<Settlement> settlements = new ArrayDeque<>();
  private boolean quiet;

  public Worker(
      WorkerSettings settings,
      RequestDecoder decoder,
      RandomGenerator random,
      WorkerListener listener) {
    this.settings = settings;
    this.decoder = decoder;
    this.listener = listener;
    this.afterReply =
        new AfterReply(
            new Backoff(settings.retryInitial(), settings.retryMax(), random), settings.retryFor());
    this.admission = new Admission(settings.maxInFlight(), settings.envMaxInFlight());
    this.jobs = new Jobs(settings.jobTimeout(), random);
  }

  /**
   * A partition is ours and its ledger is read: deliveries may come, open jobs are followed on.
   *
   * @param epoch tells this assignment from any other one, earlier or later
   */
  public void assigned(int partition, long epoch, Restored restored, Moment now) {
    if (partitions.putIfAbsent(partition, new Partition(partition, epoch, restored)) != null) {
      throw new IllegalStateException("partition " + partition + " is assigned already");
    }
    restored.openJobs().forEach(job -> jobs.follow(epoch, job, now));
  }

  /** No call starts in the partition any more; open ones go on. */
  public void closing(int partition) {
    Partition closing = partitions.get(partition);
    if (closing != null) {
      closing.closing = true;
    }
  }

  /** Lets go of everything in the partition; replies still to come for it are ignored. */
  public void dropped(int partition) {
    Partition dropped = partitions.remove(partition);
    if (dropped == null) {
      return;
    }
    dropped.lanes.values().forEach(lane -> lane.dropped = true);
    timers.removeIf(lane -> lane.dropped);
    settlements.removeIf(settlement -> settlement.partition() == partition);
    jobs.drop(partition);
    listener.handedOver(dropped.openDeliveries());
  }

  /** No call starts anywhere any more, no job is looked at. Final. */
  public void quiet() {
    quiet = true;
  }

  /** A delivery of an assigned partition was polled; they come in the order of their offsets. */
  public void received(Delivery delivery, Moment now) {
    Partition partition = partitions.get(delivery.source().partition());
    if (partition == null) {
      throw new IllegalStateException("not assigned: " + delivery);
    }
    if (!partition.open(delivery)) {
      return;
    }
    listener.received();
    switch (decode(delivery)) {
      case Invalid invalid -> settle(partition, delivery, invalid, invalid.failed(), now);
      case Valid valid -> enqueue(partition, new OpenRequest(delivery, valid));
    }
  }

  /** Reading of the partition stands at this offset: gaps below it hold no deliveries. */
  public void position(int partition, long offset) {
    Partition assigned = partitions.get(partition);
    if (assigned != null) {
      assigned.offsets.advance(offset);
    }
  }

  /** Whether the partition's window is full, so that it should be read no further for now. */
  public boolean full(int partition) {
    Partition assigned = partitions.get(partition);
    return assigned != null && assigned.full(settings.windowDeliveries(), settings.windowBytes());
  }

  /** The next call to make now; empty when there is none or every slot is taken. */
  public Optional<Call> nextCall(Moment now) {
    wakeLanes(now);
    while (!quiet) {
      Lane lane = admission.next().orElse(null);
      if (lane == null) {
        return Optional.empty();
      }
      Partition partition = owner(lane);
      if (partition == null || partition.closing) {
        admission.release(lane.key.environment());
        continue;
      }
      OpenRequest open = lane.first();
      Failed tooLate = tooLate(open, now);
      if (tooLate != null) {
        admission.release(lane.key.environment());
        finish(partition, lane, open, tooLate, now);
        continue;
      }
      lane.calling = true;
      partition.calling++;
      open.attempts = open.attempts.call();
      return Optional.of(new Call(lane, open));
    }
    return Optional.empty();
  }

  /** A call came back. */
  public void replied(Call call, Reply reply, Moment now) {
    answered(call, now, open -> afterReply.step(reply, open.request(), open.attempts, now));
  }

  /** A call came back with a fault of ours; nothing is known of what became of the request. */
  public void broke(Call call, String what, Moment now) {
    answered(call, now, open -> new Settle(internal(what, open.attempts.made())));
  }

  private void answered(
      Call call, Moment now, java.util.function.Function<OpenRequest, Step> decide) {
    Lane lane = call.lane;
    admission.release(lane.key.environment());
    Partition partition = owner(lane);
    if (partition == null) {
      return;
    }
    lane.calling = false;
    partition.calling--;
    OpenRequest open = call.open;
    switch (decide.apply(open)) {
      case Settle(Outcome outcome) -> finish(partition, lane, open, outcome, now);
      case CallAgain(Duration delay, Failed reason, Attempts attempts) -> {
        open.attempts = attempts;
        open.lastFailure = reason;
        listener.retried(reason.errorClass());
        lane.dueNanos = now.nanosAfter(untilDeadline(open, delay, now));
        timers.add(lane);
      }
    }
  }

  /** The next job to look at now; empty when none is due. */
  public Optional<Look> nextLook(Moment now) {
    return quiet ? Optional.empty() : jobs.next(now);
  }

  /** A look came back. */
  public void looked(Look look, JobReply reply, Moment now) {
    jobs.looked(look, reply, now)
        .ifPresent(end ->
            settlements.addLast(new JobOver(look.followed.epoch, look.job(), end, now.wall())));
  }

  /**
   * Takes what is known for good and not yet committed, the oldest first. The caller commits it
   * together with {@link #offsets}, repeating it from memory until it is committed or no longer
   * {@link #owned}, before it takes more.
   *
   * @param most how many at most
   */
  public List<Settlement> settlements(int most) {
    List<Settlement> taken = new ArrayList<>(Math.min(most, settlements.size()));
    while (taken.size() < most && !settlements.isEmpty()) {
      Settlement settlement = settlements.removeFirst();
      taken.add(settlement);
      if (settlement instanceof Settled settled) {
        held(settled).offsets.settle(settled.delivery().source().offset());
      }
    }
    return taken;
  }

  private Partition held(Settlement settlement) {
    Partition partition = partitions.get(settlement.partition());
    if (partition == null || partition.epoch != settlement.epoch()) {
      throw new IllegalStateException("partition " + settlement.partition() + " is not held");
    }
    return partition;
  }

  /** Whether the settlement's partition is still held, in the same assignment. */
  public boolean owned(Settlement settlement) {
    Partition partition = partitions.get(settlement.partition());
    return partition != null && partition.epoch == settlement.epoch();
  }

  /**
   * The offsets to commit: of every partition that one of the settlements belongs to, moved or not
   * (they are the fence), and of every other one whose frontier moved.
   */
  public Map<Integer, Long> offsets(Collection<Settlement> taken) {
    Set<Integer> touched = new HashSet<>();
    taken.forEach(settlement -> touched.add(settlement.partition()));
    Map<Integer, Long> offsets = new HashMap<>();
    for (Partition partition : partitions.values()) {
      long committable = partition.offsets.committable();
      if (touched.contains(partition.number) || committable > partition.committed) {
        offsets.put(partition.number, committable);
      }
    }
    return offsets;
  }

  /**
   * The settlements, all of them owned, and the offsets are committed: accepted jobs are followed
   * from now on.
   */
  public void committed(List<Settlement> taken, Map<Integer, Long> offsets, Moment now) {
    offsets.forEach((number, offset) -> {
      Partition partition = partitions.get(number);
      if (partition != null) {
        partition.committed = offset;
      }
    });
    for (Settlement settlement : taken) {
      switch (settlement) {
        case Settled settled -> {
          held(settled).committed(settled.delivery());
          listener.settled(settled.outcome(), sinceRequested(settled.delivery(), now));
          if (settled.outcome() instanceof JobAccepted accepted
              && settled.decoding() instanceof Valid valid) {
            jobs.follow(
                settled.epoch(), job(settled.delivery(), valid, accepted, settled.at()), now);
          }
        }
        case JobOver over -> listener.jobOver(over.end());
      }
    }
  }

  /** The job of an accepted delivery, as its ledger record and its events describe it. */
  public static AcceptedJob job(
      Delivery delivery, Valid decoding, JobAccepted accepted, Instant acceptedAt) {
    return new AcceptedJob(
        delivery.source(),
        decoding.request(),
        delivery.key(),
        EventEncoder.trace(delivery),
        accepted.jobId(),
        acceptedAt);
  }

  /** Deliveries of the partition that are being called. */
  public int calling(int partition) {
    Partition assigned = partitions.get(partition);
    return assigned == null ? 0 : assigned.calling;
  }

  /** Whether something waits to be taken for commit. */
  public boolean hasSettlements() {
    return !settlements.isEmpty();
  }

  /** Settlements that wait to be taken for commit. */
  public int settlementCount() {
    return settlements.size();
  }

  /** When something is due next, by the monotonic clock; {@code Long.MAX_VALUE} for never. */
  public long nextDueNanos() {
    Lane first = timers.peek();
    long lane = first == null ? Long.MAX_VALUE : first.dueNanos;
    return quiet ? Long.MAX_VALUE : Math.min(lane, jobs.nextDueNanos());
  }

  /** How much work there is now. */
  public WorkerView view() {
    int open = 0;
    int calling = 0;
    int settling = 0;
    Instant oldest = null;
    for (Partition partition : partitions.values()) {
      open += partition.openDeliveries();
      calling += partition.calling;
      settling += partition.settling;
      Instant first = partition.oldest();
      oldest = oldest == null || (first != null && first.isBefore(oldest)) ? first : oldest;
    }
    return new WorkerView(open - calling - settling, calling, settling, jobs.count(), oldest);
  }

  private Decoding decode(Delivery delivery) {
    try {
      return decoder.decode(delivery);
    } catch (RuntimeException bug) {
      // One request must not stop the others: its bytes go to the dead letters, whole.
      return new Invalid(
          delivery.source().requestId(),
          ReadableFields.NONE,
          internal("decoding failed: " + bug.getClass().getName(), 0));
    }
  }

  private void enqueue(Partition partition, OpenRequest open) {
    long own =
        switch (settings.ordering()) {
          case REQUEST -> -1;
          case NONE -> open.delivery.source().offset();
        };
    LaneKey key = LaneKey.of(partition.number, open.request(), own);
    Lane lane = partition.lanes.computeIfAbsent(key, k -> new Lane(k, partition.epoch));
    lane.queue.addLast(open);
    if (lane.queue.size() == 1) {
      admission.ready(lane);
    }
  }

  private void finish(
      Partition partition, Lane lane, OpenRequest open, Outcome outcome, Moment now) {
    lane.queue.remove();
    if (lane.queue.isEmpty()) {
      partition.lanes.remove(lane.key);
      lane.dropped = true;
    } else {
      admission.ready(lane);
    }
    settle(partition, open.delivery, open.decoding, outcome, now);
  }

  private void settle(
      Partition partition, Delivery delivery, Decoding decoding, Outcome outcome, Moment now) {
    settlements.addLast(new Settled(partition.epoch, delivery, decoding, outcome, now.wall()));
    partition.settling++;
  }

  private void wakeLanes(Moment now) {
    for (Lane first = timers.peek();
        first != null && first.dueNanos <= now.nanos();
        first = timers.peek()) {
      timers.remove();
      admission.ready(first);
    }
  }

  private @Nullable Partition owner(Lane lane) {
    Partition partition = partitions.get(lane.key.partition());
    return partition != null && partition.epoch == lane.epoch ? partition : null;
  }

  private @Nullable Failed tooLate(OpenRequest open, Moment now) {
    Instant deadline = open.request().deadline();
    Failed last = open.lastFailure;
    boolean throttled = last != null && last.errorClass() == ErrorClass.THROTTLED;
    boolean late = deadline != null && !now.wall().isBefore(deadline);
    if (last != null && throttled && (late || AfterReply.throttledTooLong(open.attempts, now))) {
      return AfterReply.throttledOut(last, open.attempts);
    }
    if (late) {
      return expired("its deadline " + deadline + " has passed", open);
    }
    Instant forgotten = now.wall().minus(settings.remembered());
    if (!open.request().rerunSafe() && open.delivery.timestamp().isBefore(forgotten)) {
      return expired("older than the ledger remembers (" + settings.remembered() + ")", open);
    }
    return null;
  }

  private static Failed expired(String why, OpenRequest open) {
    Failed last = open.lastFailure;
    String detail = last == null ? why : why + "; last: " + last.detail();
    ErrorClass errorClass = open.attempts.givenUpAs(ErrorClass.EXPIRED);
    if (last != null && errorClass != ErrorClass.EXPIRED) {
      return new Failed(last.errcode(), last.errmsg(), errorClass, detail, open.attempts.made());
    }
    ErrorCode code = ErrorCode.INVALID_ARGS;
    return new Failed(code.code(), code.message(), errorClass, detail, open.attempts.made());
  }

  private static Failed internal(String what, int attempts) {
    ErrorCode code = ErrorCode.INTERNAL_ERROR;
    return new Failed(code.code(), code.message(), ErrorClass.INTERNAL, what, attempts);
  }

  private static Duration untilDeadline(OpenRequest open, Duration delay, Moment now) {
    Instant deadline = open.request().deadline();
    if (deadline == null) {
      return delay;
    }
    Duration left = Duration.between(now.wall(), deadline);
    return delay.compareTo(left) < 0 ? delay : left.isNegative() ? Duration.ZERO : left;
  }

  private static Duration sinceRequested(Delivery delivery, Moment now) {
    Duration since = Duration.between(delivery.timestamp(), now.wall());
    return since.isNegative() ? Duration.ZERO : since;
  }
}
