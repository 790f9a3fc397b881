package io.dbimport.worker;

import io.dbimport.ErrorClass;
import io.dbimport.ErrorCode;
import io.dbimport.ImportRequest;
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
import io.dbimport.event.LedgerRecord;
import io.dbimport.event.LedgerRecord.OpenState;
import io.dbimport.event.ReadableFields;
import io.dbimport.event.RequestDecoder;
import io.dbimport.event.Source;
import io.dbimport.worker.Claims.Claim;
import io.dbimport.worker.Entry.Admitted;
import io.dbimport.worker.Entry.JobOver;
import io.dbimport.worker.Entry.Marked;
import io.dbimport.worker.Entry.Resolved;
import io.dbimport.worker.Entry.Settled;
import io.dbimport.worker.LaneKey.Environment;
import io.dbimport.worker.Step.CallAgain;
import io.dbimport.worker.Step.Settle;
import io.dbimport.worker.WorkerSettings.Ordering;
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
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens to deliveries, from the poll to the committed outcome, and to their jobs after that.
 * It makes no call and sends no record: it says which calls to make ({@link #nextCall}), takes
 * their replies, and gives out what is to be committed ({@link #entries}). Confined to the loop
 * thread.
 *
 * <p>A delivery is received, claims its request id, is queued in its lane or parked, admitted when
 * it is first there, called once that is committed, settled, and committed; then the job is
 * followed until that end is committed too. Longer than most: it is the one place where a
 * delivery's whole life is written down.
 */
public final class Worker {
  private static final Logger LOG = LoggerFactory.getLogger(Worker.class);
  private static final Duration EXPIRE_EVERY = Duration.ofMinutes(1);

  private final WorkerSettings settings;
  private final RequestDecoder decoder;
  private final WorkerListener listener;
  private final AfterReply afterReply;
  private final Admission admission;
  private final Jobs jobs;
  private final Map<Integer, Partition> partitions = new HashMap<>();
  private final PriorityQueue<Lane> timers =
      new PriorityQueue<>(Comparator.comparingLong((Lane lane) -> lane.dueNanos));
  private final ArrayDeque<Entry> entries = new ArrayDeque<>();
  private final Parking parking;

  /** Admitted calls whose tick is committed. */
  private final ArrayDeque<Call> startable = new ArrayDeque<>();

  private long expireAtNanos;
  private boolean quiet;

  public Worker(
      WorkerSettings settings,
      RequestDecoder decoder,
      RandomGenerator random,
      WorkerListener listener) {
    this.settings = settings;
    this.decoder = decoder;
    this.listener = listener;
    WorkerSettings.Retry retry = settings.retry();
    this.afterReply =
        new AfterReply(
            new Backoff(retry.initial(), retry.max(), random), retry.patience(), retry.unknown());
    this.admission = new Admission(settings.limits(), random);
    this.jobs = new Jobs(settings.jobTimeout(), random);
    this.parking = new Parking(admission, settings, entries);
  }

  /**
   * A partition is ours, its ledger is read, and no call of an earlier owner can start any more:
   * deliveries may come, open jobs are followed on.
   *
   * @param epoch tells this assignment from any other one, earlier or later
   */
  public void assigned(int number, long epoch, Restored restored, Moment now) {
    Partition partition = new Partition(number, epoch, restored);
    if (partitions.putIfAbsent(number, partition) != null) {
      throw new IllegalStateException("partition " + number + " is assigned already");
    }
    new TreeMap<>(restored.open())
        .forEach((offset, record) -> {
          Restored.Answer answer = restored.replies().get(offset);
          Unfinished unfinished = unfinished(record, answer);
          partition.unfinished.put(offset, unfinished);
          if (offset < restored.start()) {
            RequestKey key = RequestKey.of(record.requestId(), record.content());
            Environment environment = new Environment(record.appId(), record.env());
            Lane lane =
                lane(
                    partition,
                    new LaneKey(number, environment, record.collectionName(), ownLane(key)));
            lane.parked.add(offset);
            lane.late |= unfinished.inherited() != null;
            parking.awaitRoom(partition, lane);
            partition.parked++;
          }
        });
    listener.restored(partition.parked);
    restored
        .openJobs()
        .forEach(job -> {
          awaitJob(partition, job.request(), now);
          jobs.follow(epoch, job, now);
        });
    restored
        .unknown()
        .keySet()
        .forEach(offset -> {
          Restored.Answer late = restored.replies().get(offset);
          if (late != null) {
            lateReply(number, epoch, offset, late);
          }
        });
  }

  private static Unfinished unfinished(LedgerRecord.Open record, Restored.@Nullable Answer answer) {
    if (record.state() != OpenState.INTENT) {
      return new Unfinished(record.progress(), null);
    }
    if (answer == null || answer.call() != record.progress().calls()) {
      return new Unfinished(record.progress(), new Inherited(null));
    }
    Reply reply = answer.reply();
    return reply == null
        ? new Unfinished(record.progress().notSent(), null)
        : new Unfinished(record.progress(), new Inherited(reply));
  }

  /**
   * The journal has a reply to an attempt that was given up as unknown: an accepted one corrects
   * it, once the request's bytes are read again.
   */
  public void lateReply(int number, long epoch, long offset, Restored.Answer answer) {
    Partition partition = partitions.get(number);
    if (partition != null
        && partition.epoch == epoch
        && answer.reply() instanceof Reply.Accepted
        && partition.claims.unknown(offset) != null) {
      partition.resolving.put(offset, answer);
      partition.fetchAtNanos = Long.MIN_VALUE;
    }
  }

  /** Unknown outcomes of the partition that no reply has settled. */
  public int unknown(int number) {
    Partition partition = partitions.get(number);
    return partition == null ? 0 : partition.claims.unknownCount();
  }

  /** No call starts in the partition any more; open ones go on, admitted ones are taken back. */
  public void closing(int number, Moment now) {
    Partition closing = partitions.get(number);
    if (closing != null) {
      closing.closing = true;
      takeBackUncommitted(now);
    }
  }

  /** Lets go of everything in the partition; replies still to come for it are ignored. */
  public void dropped(int number) {
    Partition dropped = partitions.remove(number);
    if (dropped == null) {
      return;
    }
    dropped.lanes.values().forEach(lane -> lane.dropped = true);
    dropped.admitted.forEach(call -> admission.release(call.lane.key.environment()));
    startable.removeIf(dropped.admitted::contains);
    timers.removeIf(lane -> lane.dropped);
    entries.removeIf(entry -> entry.partition() == number);
    admission.forgetDropped();
    jobs.drop(number);
    listener.handedOver(dropped.openDeliveries() + dropped.parked);
  }

  /** No call starts anywhere any more, no job is looked at. Final. */
  public void quiet(Moment now) {
    quiet = true;
    takeBackUncommitted(now);
  }

  /** Calls that no tick has taken yet are not admitted after all. */
  private void takeBackUncommitted(Moment now) {
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

  /** A delivery of an assigned partition was polled; they come in the order of their offsets. */
  public void received(Delivery delivery, Moment now) {
    Partition partition = partitions.get(delivery.source().partition());
    if (partition == null) {
      throw new IllegalStateException("not assigned: " + delivery);
    }
    if (partition.open(delivery)) {
      listener.received();
      take(partition, delivery, true, now);
    }
  }

  private void take(Partition partition, Delivery delivery, boolean tracked, Moment now) {
    Unfinished unfinished = partition.unfinished.remove(delivery.source().offset());
    switch (decode(delivery)) {
      case Invalid invalid -> settle(partition, delivery, invalid, invalid.failed(), tracked, now);
      case Valid valid -> {
        RequestKey key = RequestKey.of(valid.request());
        OpenRequest open = new OpenRequest(delivery, valid, key, tracked);
        Decided decided = decided(partition.claims.claim(key, open.offset()));
        if (decided == null && unfinished != null) {
          decided = goOn(open, unfinished, now);
        }
        if (decided == null) {
          enqueue(partition, open, now);
        } else {
          settle(partition, open, decided, now);
        }
      }
    }
  }

  /**
   * Goes on where an earlier owner of the partition ended. What became of its last attempt is
   * judged at once, before the request can be put aside and the ledger forget that it was called.
   */
  private @Nullable Decided goOn(OpenRequest open, Unfinished unfinished, Moment now) {
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
    return switch (step(open, LaneKey.environment(open.request()), known, now)) {
      case Settle(Outcome outcome) -> new Decided(outcome, now.wall(), false);
      case CallAgain(Duration _, Failed reason, Attempts attempts) -> {
        open.attempts = attempts;
        open.lastFailure = reason;
        yield null;
      }
    };
  }

  /** Reading of the partition stands at this offset: gaps below it hold no deliveries. */
  public void position(int partition, long offset) {
    Partition assigned = partitions.get(partition);
    if (assigned != null) {
      assigned.offsets.advance(offset);
    }
  }

  /**
   * Whether the partition's window is full, so that it should be read no further for now. A full
   * one is relieved of what cannot go on.
   */
  public boolean full(int number, Moment now) {
    Partition partition = partitions.get(number);
    if (partition == null || !partition.full(settings.window())) {
      return false;
    }
    parking.relieve(partition, now);
    return true;
  }

  /** Parked deliveries to read again now; empty when there are none, or no room for them. */
  public Optional<Fetch> nextFetch(Moment now) {
    wake(now);
    if (quiet) {
      return Optional.empty();
    }
    for (Partition partition : partitions.values()) {
      if (!partition.closing
          && !(partition.parkedLanes.isEmpty() && partition.resolving.isEmpty())) {
        Optional<Fetch> fetch = parking.nextFetch(partition, now);
        if (fetch.isPresent()) {
          return fetch;
        }
      }
    }
    return Optional.empty();
  }

  /**
   * Parked deliveries were read again.
   *
   * @param topic the topic of requests
   * @param found by offset; one of the asked offsets that is not there is gone from the topic
   */
  public void fetched(Fetch fetch, String topic, Map<Long, Delivery> found, Moment now) {
    Partition partition = partitions.get(fetch.partition());
    if (partition != fetch.partition) {
      return;
    }
    partition.fetching = false;
    partition.fetchAtNanos = Long.MIN_VALUE;
    for (long offset : fetch.offsets()) {
      Lane lane = fetch.lanes.get(offset);
      Delivery delivery = found.get(offset);
      if (lane != null) {
        lane.fetching--;
        lane.late = false;
        if (delivery == null) {
          gone(partition, new Source(topic, partition.number, offset), now);
        } else {
          partition.unpark(delivery);
          take(partition, delivery, false, now);
        }
        forgetIfEmpty(partition, lane);
      } else if (delivery != null) {
        resolve(partition, delivery, now);
      } else {
        partition.resolving.remove(offset);
      }
    }
  }

  /** Nobody can call a request whose bytes are gone: all that is left of it is where it lay. */
  private void gone(Partition partition, Source source, Moment now) {
    Unfinished unfinished = partition.unfinished.remove(source.offset());
    partition.claims.gone(source.offset());
    Delivery nothing = new Delivery(source, now.wall(), null, null, List.of());
    ErrorCode code = ErrorCode.INVALID_ARGS;
    boolean called =
        unfinished != null
            && (unfinished.inherited() != null || unfinished.progress().unanswered());
    Failed failed =
        new Failed(
            called ? -1 : code.code(),
            called ? ErrorCode.SYSTEM_ERROR.message() : code.message(),
            called ? ErrorClass.OUTCOME_UNKNOWN : ErrorClass.EXPIRED,
            "its bytes are gone from " + source.topic() + ", which kept them for too short a time",
            unfinished == null ? 0 : unfinished.progress().attempts());
    partition.unpark(nothing);
    Invalid gone = new Invalid(source.requestId(), ReadableFields.NONE, failed);
    settle(partition, nothing, gone, failed, false, now);
  }

  private void resolve(Partition partition, Delivery delivery, Moment now) {
    long offset = delivery.source().offset();
    Restored.Answer answer = partition.resolving.remove(offset);
    Restored.Unknown unknown = partition.claims.unknown(offset);
    if (answer != null
        && unknown != null
        && answer.reply() instanceof Reply.Accepted(long jobId)
        && decode(delivery) instanceof Valid valid) {
      JobAccepted accepted = new JobAccepted(jobId, unknown.failed().attempts());
      partition.claims.resolved(
          RequestKey.of(valid.request()), offset, jobId, accepted.attempts(), now.wall());
      entries.add(
          new Resolved(
              partition.epoch, job(delivery, valid, accepted, now.wall()), delivery.timestamp()));
      awaitJob(partition, valid.request(), now);
    }
  }

  /** The next call to make now; empty when there is none or every slot is taken. */
  public Optional<Call> nextCall(Moment now) {
    wake(now);
    for (Call call = startable.poll(); call != null; call = startable.poll()) {
      Partition partition = owner(call.lane);
      if (partition != null
          && mayStart(call)
          && partition.leased(now)
          && call.lane.jobs == 0
          && tooLate(call.open, now) == null) {
        partition.admitted.remove(call);
        return Optional.of(started(partition, call));
      }
      takeBack(call, true, now);
    }
    while (!quiet) {
      Lane lane = admission.next(now).orElse(null);
      if (lane == null) {
        return Optional.empty();
      }
      Call call = admit(lane, now);
      if (call == null) {
        continue;
      }
      Partition partition = partitions.get(lane.key.partition());
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

  private @Nullable Call admit(Lane lane, Moment now) {
    Partition partition = owner(lane);
    if (partition == null
        || partition.closing
        || lane.calling
        || lane.jobs > 0
        || lane.queue.isEmpty()
        || lane.sleeping(now)) {
      admission.release(lane.key.environment());
      return null;
    }
    OpenRequest open = lane.first();
    Decided decided = decidedFirst(partition, open, now);
    if (decided != null) {
      admission.release(lane.key.environment());
      finish(partition, lane, open, decided, now);
      return null;
    }
    lane.calling = true;
    partition.calling++;
    open.attempts = open.attempts.call();
    return new Call(lane, open);
  }

  private boolean mayStart(Call call) {
    Partition partition = owner(call.lane);
    return !quiet && partition != null && !partition.closing;
  }

  /** An admitted call is not made after all; a committed intent is taken back. */
  private void takeBack(Call call, boolean committed, Moment now) {
    admission.release(call.lane.key.environment());
    Partition partition = owner(call.lane);
    if (partition != null) {
      partition.admitted.remove(call);
      notMade(partition, call, committed, now);
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
    firstOf(partition, lane, now);
  }

  /** A call came back. */
  public void replied(Call call, Reply reply, Moment now) {
    Environment environment = call.lane.key.environment();
    admission.replied(environment, reply, now);
    OpenRequest open = call.open;
    answered(call, now, () -> step(open, environment, reply, now));
  }

  private Step step(OpenRequest open, Environment environment, Reply reply, Moment now) {
    return afterReply.step(
        reply, open.request(), open.attempts, now, admission.breakerOpenTotal(environment, now));
  }

  /** A call that was handed out is not made after all, and surely not carried out. */
  public void notSent(Call call, Moment now) {
    admission.release(call.lane.key.environment());
    Partition partition = owner(call.lane);
    if (partition != null) {
      notMade(partition, call, true, now);
    }
  }

  /** A call came back with a fault of ours; nothing is known of what became of the request. */
  public void broke(Call call, String what, Moment now) {
    admission.release(call.lane.key.environment());
    answered(call, now, () -> new Settle(internal(what, call.open.attempts.made())));
  }

  private void answered(Call call, Moment now, Supplier<Step> decide) {
    Lane lane = call.lane;
    Partition partition = owner(lane);
    if (partition == null) {
      return;
    }
    lane.calling = false;
    partition.calling--;
    conclude(partition, lane, call.open, decide, now);
  }

  private void conclude(
      Partition partition, Lane lane, OpenRequest open, Supplier<Step> decide, Moment now) {
    Step step;
    try {
      step = decide.get();
    } catch (RuntimeException bug) {
      LOG.error("a fault of ours after a call of {}", open.delivery, bug);
      step = new Settle(internal("judging a reply failed: " + bug.getClass(), 0));
    }
    switch (step) {
      case Settle(Outcome outcome) ->
          finish(partition, lane, open, new Decided(outcome, now.wall(), false), now);
      case CallAgain(Duration delay, Failed reason, Attempts attempts) -> {
        open.attempts = attempts;
        open.lastFailure = reason;
        listener.retried(reason.errorClass());
        lane.dueNanos = now.nanosAfter(untilDeadline(open, delay, now));
        timers.add(lane);
        if (reason.errorClass() == ErrorClass.THROTTLED) {
          hold(lane.key.environment(), reason.errcode(), delay, now);
        }
        if (parking.waitsLong(lane, now)) {
          parking.park(partition, lane, 0);
        }
      }
    }
  }

  /** A quota window holds back exactly the app, or the environment, that it is about. */
  private void hold(Environment environment, int errcode, Duration wait, Moment now) {
    Moment until = now.plus(wait);
    if (ErrorCode.ofEnvironment(errcode)) {
      admission.holdEnvironment(environment, until);
    } else {
      admission.holdApp(environment.appId(), until);
    }
    if (wait.compareTo(Parking.LONG) > 0) {
      partitions.values().forEach(partition -> parking.parkLongWaits(partition, now));
    }
  }

  /** The next probe of an API that did not answer; empty when none is due. */
  public Optional<Probe> nextProbe(Moment now) {
    return quiet ? Optional.empty() : admission.nextProbe(now);
  }

  /** A probe came back. */
  public void probed(Probe probe, boolean answers, Moment now) {
    admission.probed(probe, answers, now);
  }

  /** The next job to look at now; empty when none is due. */
  public Optional<Look> nextLook(Moment now) {
    return quiet ? Optional.empty() : jobs.next(now);
  }

  /** A look came back. */
  public void looked(Look look, JobReply reply, Moment now) {
    jobs.looked(look, reply, now)
        .ifPresent(
            end -> entries.addLast(new JobOver(look.followed.epoch, look.job(), end, now.wall())));
  }

  /**
   * Takes what waits to be committed, the oldest first. The caller commits it together with {@link
   * #offsets}, repeating it from memory until it is committed or no longer {@link #owned}, before
   * it takes more.
   *
   * @param most how many at most
   */
  public List<Entry> entries(int most) {
    List<Entry> taken = new ArrayList<>(Math.min(most, entries.size()));
    while (taken.size() < most && !entries.isEmpty()) {
      Entry entry = entries.removeFirst();
      taken.add(entry);
      switch (entry) {
        case Settled settled when settled.tracked() ->
            held(settled).offsets.settle(settled.delivery().source().offset());
        case Marked marked when marked.state() == OpenState.PARKED ->
            held(marked).offsets.settle(marked.source().offset());
        case Settled _, Marked _, Admitted _, Resolved _, JobOver _ -> {}
      }
    }
    return taken;
  }

  private Partition held(Entry entry) {
    Partition partition = partitions.get(entry.partition());
    if (partition == null || partition.epoch != entry.epoch()) {
      throw new IllegalStateException("partition " + entry.partition() + " is not held");
    }
    return partition;
  }

  /** Whether the entry's partition is still held, in the same assignment. */
  public boolean owned(Entry entry) {
    Partition partition = partitions.get(entry.partition());
    return partition != null && partition.epoch == entry.epoch();
  }

  /**
   * The offsets to commit: of every partition that one of the entries belongs to, moved or not
   * (they are the fence), and of every other one whose frontier moved.
   */
  public Map<Integer, Long> offsets(Collection<Entry> taken) {
    Set<Integer> touched = new HashSet<>();
    taken.forEach(entry -> touched.add(entry.partition()));
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
   * The entries, all of them owned, and the offsets are committed: accepted jobs are followed and
   * admitted calls may start from now on.
   *
   * @param began when the commit began, which the broker let through: no one else could call in its
   *     partitions then
   */
  public void committed(
      Collection<Entry> taken, Map<Integer, Long> offsets, Moment began, Moment now) {
    offsets.forEach((number, offset) -> {
      Partition partition = partitions.get(number);
      if (partition != null) {
        partition.committed = offset;
        partition.leaseUntilNanos =
            Math.max(partition.leaseUntilNanos, began.nanosAfter(settings.lease()));
      }
    });
    for (Entry entry : taken) {
      switch (entry) {
        case Admitted(long _, Call call, var _) -> startable.add(call);
        case Marked _ -> {}
        case Settled settled -> {
          held(settled).committed(settled.delivery());
          listener.settled(settled.outcome(), sinceRequested(settled.delivery(), now));
          if (settled.outcome() instanceof JobAccepted accepted
              && !settled.duplicate()
              && settled.decoding() instanceof Valid valid) {
            jobs.follow(
                settled.epoch(), job(settled.delivery(), valid, accepted, settled.at()), now);
          }
        }
        case Resolved resolved -> {
          listener.resolved();
          jobs.follow(resolved.epoch(), resolved.job(), now);
        }
        case JobOver over -> {
          listener.jobOver(over.end());
          jobOver(held(over), over.job().request(), now);
        }
      }
    }
    expire(now);
  }

  private void expire(Moment now) {
    if (now.nanos() >= expireAtNanos) {
      expireAtNanos = now.nanosAfter(EXPIRE_EVERY);
      Instant before = now.wall().minus(settings.remembered());
      partitions.values().forEach(partition -> partition.claims.expire(before));
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
        accepted.attempts(),
        acceptedAt);
  }

  /** Deliveries of the partition that are being called, or admitted. */
  public int calling(int partition) {
    Partition assigned = partitions.get(partition);
    return assigned == null ? 0 : assigned.calling;
  }

  /** The offset of a partition in which no call and no outcome is open; empty while one is. */
  public Optional<Long> restingOffset(int number) {
    Partition partition = partitions.get(number);
    return partition == null || partition.calling > 0 || partition.settling > 0
        ? Optional.empty()
        : Optional.of(partition.offsets.committable());
  }

  /** Whether something waits to be taken for commit. */
  public boolean hasEntries() {
    return !entries.isEmpty();
  }

  /** Entries that wait to be taken for commit. */
  public int entryCount() {
    return entries.size();
  }

  /** Whether calls wait for the next commit alone. */
  public boolean hasAdmitted() {
    return partitions.values().stream().anyMatch(p -> !p.admitted.isEmpty());
  }

  /** When something is due next, by the monotonic clock; {@code Long.MAX_VALUE} for never. */
  public long nextDueNanos() {
    if (quiet) {
      return Long.MAX_VALUE;
    }
    Lane first = timers.peek();
    long due = first == null ? Long.MAX_VALUE : first.dueNanos;
    due = Math.min(due, jobs.nextDueNanos());
    due = Math.min(due, admission.nextDueNanos());
    for (Partition partition : partitions.values()) {
      if (!partition.fetching
          && !partition.closing
          && !(partition.parkedLanes.isEmpty() && partition.resolving.isEmpty())) {
        due = Math.min(due, partition.fetchAtNanos);
      }
    }
    return due;
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

  /** What waits, and what is unknown. */
  public Waits waits() {
    int parked = 0;
    int unknown = 0;
    int behindBreaker = 0;
    for (Partition partition : partitions.values()) {
      parked += partition.parked;
      unknown += partition.claims.unknownCount();
      if (admission.openBreakers() > 0) {
        for (Lane lane : partition.lanes.values()) {
          if (admission.breakerOpen(lane.key.environment())) {
            behindBreaker += lane.queue.size() - (lane.calling ? 1 : 0);
          }
        }
      }
    }
    return new Waits(
        parked, unknown, behindBreaker, admission.openBreakers(), admission.throttled());
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

  private void enqueue(Partition partition, OpenRequest open, Moment now) {
    Lane lane = lane(partition, LaneKey.of(partition.number, open.request(), ownLane(open.key)));
    // What is read again goes before what is still parked.
    if (open.tracked && parking.parksAtOnce(lane, now)) {
      parking.parkLast(partition, lane, open);
      return;
    }
    lane.queue.addLast(open);
    if (lane.queue.size() == 1) {
      firstOf(partition, lane, now);
    }
  }

  private long ownLane(RequestKey key) {
    return switch (settings.ordering()) {
      case REQUEST, COMPLETION -> 0;
      // Deliveries of one request id stay together: the second waits for the first.
      case NONE -> key.high();
    };
  }

  private static Lane lane(Partition partition, LaneKey key) {
    return partition.lanes.computeIfAbsent(key, k -> new Lane(k, partition.epoch));
  }

  /** Somebody else may be first in the lane now. */
  private void firstOf(Partition partition, Lane lane, Moment now) {
    while (!lane.queue.isEmpty() && !lane.calling && !lane.sleeping(now)) {
      OpenRequest open = lane.first();
      Decided decided = decidedFirst(partition, open, now);
      if (decided == null) {
        if (lane.jobs > 0) {
          parking.park(partition, lane, 0);
        } else {
          admission.ready(lane);
        }
        return;
      }
      lane.queue.remove();
      settle(partition, open, decided, now);
    }
    forgetIfEmpty(partition, lane);
  }

  private void finish(
      Partition partition, Lane lane, OpenRequest open, Decided decided, Moment now) {
    lane.queue.remove();
    lane.dueNanos = Long.MIN_VALUE;
    settle(partition, open, decided, now);
    firstOf(partition, lane, now);
  }

  /**
   * In the order of completion a job holds its lane from the moment it is known: accepted, found
   * open in the ledger, or heard of late. An unknown outcome holds nothing: nobody could say when
   * its job, if there is one, has ended.
   */
  private void awaitJob(Partition partition, ImportRequest request, Moment now) {
    if (settings.ordering() == Ordering.COMPLETION) {
      Lane lane = lane(partition, LaneKey.of(partition.number, request, 0));
      parking.awaitJob(partition, lane);
      firstOf(partition, lane, now);
    }
  }

  /** The end of a job is committed: its lane goes on when no other job of it is open. */
  private void jobOver(Partition partition, ImportRequest request, Moment now) {
    if (settings.ordering() == Ordering.COMPLETION) {
      Lane lane = lane(partition, LaneKey.of(partition.number, request, 0));
      parking.jobOver(partition, lane);
      firstOf(partition, lane, now);
    }
  }

  private static void forgetIfEmpty(Partition partition, Lane lane) {
    if (lane.empty() && !lane.dropped) {
      partition.lanes.remove(lane.key);
      lane.dropped = true;
    }
  }

  /** An outcome that is known without a call, or after one. */
  private record Decided(Outcome outcome, Instant at, boolean duplicate) {}

  private static @Nullable Decided decided(Claim claim) {
    return switch (claim) {
      case Claim.Granted _, Claim.Waits _ -> null;
      case Claim.Answered(Outcome outcome, Instant at) -> new Decided(outcome, at, true);
      case Claim.Refused(Failed failed) -> new Decided(failed, Instant.EPOCH, false);
    };
  }

  /** What ends a request that is first in its lane without a call; null when nothing does. */
  private @Nullable Decided decidedFirst(Partition partition, OpenRequest open, Moment now) {
    Decided claimed = decided(partition.claims.claimFirst(open.key, open.offset()));
    if (claimed != null) {
      return claimed;
    }
    Failed late = tooLate(open, now);
    return late == null ? null : new Decided(late, now.wall(), false);
  }

  private void settle(Partition partition, OpenRequest open, Decided decided, Moment now) {
    // A failure of this moment, and an acceptance of this or an earlier one.
    Instant at = decided.outcome() instanceof JobAccepted ? decided.at() : now.wall();
    if (!decided.duplicate()) {
      partition.claims.settled(
          open.key, open.request().requestId(), open.offset(), decided.outcome(), at);
    }
    entries.addLast(
        new Settled(
            partition.epoch,
            open.delivery,
            open.decoding,
            decided.outcome(),
            at,
            open.key.content(),
            decided.duplicate(),
            open.tracked));
    partition.settling++;
    if (decided.outcome() instanceof JobAccepted && !decided.duplicate()) {
      awaitJob(partition, open.request(), now);
    }
  }

  private void settle(
      Partition partition,
      Delivery delivery,
      Decoding decoding,
      Outcome outcome,
      boolean tracked,
      Moment now) {
    entries.addLast(
        new Settled(partition.epoch, delivery, decoding, outcome, now.wall(), 0, false, tracked));
    partition.settling++;
  }

  /** Lanes whose time has come go on. */
  private void wake(Moment now) {
    for (Lane lane = timers.peek();
        lane != null && lane.dueNanos <= now.nanos();
        lane = timers.peek()) {
      timers.remove();
      Partition partition = owner(lane);
      if (partition == null) {
        continue;
      }
      if (lane.queue.isEmpty()) {
        lane.late = true;
        parking.awaitRoom(partition, lane);
        partition.fetchAtNanos = Long.MIN_VALUE;
      } else {
        firstOf(partition, lane, now);
      }
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
