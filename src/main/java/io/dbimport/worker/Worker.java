package io.dbimport.worker;

import io.dbimport.JobReply;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.Reply;
import io.dbimport.event.AcceptedJob;
import io.dbimport.event.Decoding.Valid;
import io.dbimport.event.Delivery;
import io.dbimport.event.EventEncoder;
import io.dbimport.event.LedgerRecord.OpenState;
import io.dbimport.event.RequestDecoder;
import io.dbimport.worker.Entry.Admitted;
import io.dbimport.worker.Entry.JobOver;
import io.dbimport.worker.Entry.Marked;
import io.dbimport.worker.Entry.Resolved;
import io.dbimport.worker.Entry.Settled;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * What happens to deliveries, from the poll to the committed outcome, and to their jobs after that.
 * It makes no call and sends no record: it says which calls to make ({@link #nextCall}), takes
 * their replies, and gives out what is to be committed ({@link #entries}). Confined to the loop
 * thread.
 *
 * <p>A delivery is received, claims its request id ({@link Intake}), is queued in its lane or
 * parked ({@link Lanes}, {@link Parking}), admitted when it is first there ({@link Admission}),
 * called once that is committed ({@link OpenCalls}), settled, and committed; then its job is
 * followed ({@link Jobs}) until that end is committed too. Longer than most: it is the one door for
 * whoever drives it.
 */
public final class Worker {
  private static final Duration EXPIRE_EVERY = Duration.ofMinutes(1);

  private final WorkerSettings settings;
  private final WorkerListener listener;
  private final Expiry expiry;
  private final Partitions partitions = new Partitions();
  private final ArrayDeque<Entry> entries = new ArrayDeque<>();
  private final Admission admission;
  private final Parking parking;
  private final Lanes lanes;
  private final OpenCalls calls;
  private final Intake intake;
  private final Jobs jobs;
  private long expireAtNanos;

  public Worker(
      WorkerSettings settings,
      RequestDecoder decoder,
      RandomGenerator random,
      WorkerListener listener) {
    this.settings = settings;
    this.listener = listener;
    this.expiry = new Expiry(settings.remembered());
    this.admission = new Admission(settings.limits(), random);
    this.parking = new Parking(admission, settings, entries);
    this.lanes = new Lanes(settings, expiry, partitions, admission, parking, entries);
    this.calls =
        new OpenCalls(
            partitions,
            lanes,
            admission,
            AfterReply.by(settings.retry(), random),
            entries,
            listener);
    this.intake = new Intake(decoder, lanes, calls, entries);
    this.jobs = new Jobs(settings.jobTimeout(), random);
  }

  /**
   * A partition is ours, its ledger is read, and no call of an earlier owner can start any more:
   * deliveries may come, open jobs are followed on.
   *
   * @param epoch tells this assignment from any other one, earlier or later
   */
  public void assigned(int number, long epoch, Restored restored, Moment now) {
    Partition partition = new Partition(number, epoch, restored);
    partitions.add(partition);
    new TreeMap<>(restored.open())
        .forEach((offset, record) -> {
          Unfinished unfinished = Unfinished.of(record, restored.replies().get(offset));
          partition.unfinished.put(offset, unfinished);
          if (offset < restored.start()) {
            lanes.restored(partition, record, unfinished);
          }
        });
    listener.restored(partition.parked);
    restored
        .openJobs()
        .forEach(job -> {
          lanes.awaitJob(partition, job.request(), now);
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

  /**
   * The journal has a reply to an attempt of an earlier owner. One that was given up as unknown is
   * corrected by an accepted one, once the request's bytes are read again; one that is still to be
   * judged is judged by it.
   */
  public void lateReply(int number, long epoch, long offset, Restored.Answer answer) {
    Partition partition = partitions.get(number, epoch);
    if (partition == null) {
      return;
    }
    partition.unfinished.computeIfPresent(offset, (_, unfinished) -> unfinished.with(answer));
    if (answer.reply() instanceof Reply.Accepted && partition.claims.unknown(offset) != null) {
      partition.resolving.put(offset, answer);
      partition.fetchAtNanos = Long.MIN_VALUE;
    }
  }

  /** No call starts in the partition any more; open ones go on, admitted ones are taken back. */
  public void closing(int number, Moment now) {
    Partition closing = partitions.get(number);
    if (closing != null) {
      closing.closing = true;
      calls.takeBackUncommitted(now);
    }
  }

  /** Lets go of everything in the partition; replies still to come for it are ignored. */
  public void dropped(int number) {
    Partition dropped = partitions.remove(number);
    if (dropped == null) {
      return;
    }
    dropped.lanes.values().forEach(lane -> lane.dropped = true);
    calls.dropped(dropped);
    lanes.forgetDropped();
    entries.removeIf(entry -> entry.partition() == number);
    jobs.drop(number);
    listener.handedOver(dropped.openDeliveries() + dropped.parked);
  }

  /** No call starts anywhere any more, no job is looked at. Final. */
  public void quiet(Moment now) {
    calls.quiet(now);
  }

  /** A delivery of an assigned partition was polled; they come in the order of their offsets. */
  public void received(Delivery delivery, Moment now) {
    Partition partition = partitions.get(delivery.source().partition());
    if (partition == null) {
      throw new IllegalStateException("not assigned: " + delivery);
    }
    if (partition.open(delivery)) {
      listener.received();
      intake.take(partition, delivery, true, now);
    }
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
    lanes.wake(now);
    if (calls.isQuiet()) {
      return Optional.empty();
    }
    for (Partition partition : partitions.all()) {
      if (!partition.closing && partition.hasToFetch()) {
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
    if (partitions.get(fetch.partition()) == fetch.partition) {
      intake.fetched(fetch, topic, found, now);
    }
  }

  /** The next call to make now; empty when there is none or every slot is taken. */
  public Optional<Call> nextCall(Moment now) {
    lanes.wake(now);
    return calls.next(now);
  }

  /**
   * The next call whose intent is committed and which is never made: the journal should have it, or
   * the partition's next owner cannot tell it from one that was made. Empty when there is none.
   */
  public Optional<Call> nextUnmade() {
    return calls.nextUnmade();
  }

  /** A call came back. */
  public void replied(Call call, Reply reply, Moment now) {
    calls.replied(call, reply, now);
  }

  /** A call that was handed out is not made after all, and surely not carried out. */
  public void notSent(Call call, Moment now) {
    calls.notSent(call, now);
  }

  /** A call came back with a fault of ours; nothing is known of what became of the request. */
  public void broke(Call call, String what, Moment now) {
    calls.broke(call, what, now);
  }

  /** An admitted call cannot be made, for a fault of ours in writing its intent down. */
  public void faulted(Call call, String what, Moment now) {
    calls.faulted(call, what, now);
  }

  /** An outcome cannot be written down, for a fault of ours: what is written down instead. */
  public Settled faulted(Settled settled, String what, Moment now) {
    return partitions.held(settled).claims.faulted(settled, what, now);
  }

  /** The next probe of an API that did not answer; empty when none is due. */
  public Optional<Probe> nextProbe(Moment now) {
    return calls.isQuiet() ? Optional.empty() : admission.nextProbe(now);
  }

  /** A probe came back. */
  public void probed(Probe probe, boolean answers, Moment now) {
    admission.probed(probe, answers, now);
  }

  /** The next job to look at now; empty when none is due. */
  public Optional<Look> nextLook(Moment now) {
    return calls.isQuiet() ? Optional.empty() : jobs.next(now);
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
            partitions.held(settled).offsets.settle(settled.delivery().source().offset());
        case Marked marked when marked.state() == OpenState.PARKED ->
            partitions.held(marked).offsets.settle(marked.source().offset());
        case Settled _, Marked _, Admitted _, Resolved _, JobOver _ -> {}
      }
    }
    return taken;
  }

  /** Whether the entry's partition is still held, in the same assignment. */
  public boolean owned(Entry entry) {
    return partitions.of(entry) != null;
  }

  /**
   * The offsets to commit: of every partition that one of the entries belongs to, moved or not
   * (they are the fence), and of every other one whose frontier moved.
   */
  public Offsets offsets(Collection<Entry> taken) {
    return partitions.offsets(taken);
  }

  /**
   * The entries and the offsets are committed: accepted jobs are followed and admitted calls may
   * start from now on. What belongs to an assignment that is over meanwhile means nothing any more,
   * but that its calls are not made.
   *
   * @param began when the commit began, which the broker let through: no one else could call in its
   *     partitions then
   */
  public void committed(Collection<Entry> taken, Offsets offsets, Moment began, Moment now) {
    partitions.committed(offsets, began.nanosAfter(settings.lease()));
    for (Entry entry : taken) {
      switch (entry) {
        case Admitted(long _, Call call, var _) -> calls.committed(call);
        case Entry gone when !owned(gone) -> {}
        case Marked _ -> {}
        case Settled settled -> {
          partitions.held(settled).committed(settled.delivery());
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
          lanes.jobOver(partitions.held(over), over.job().request(), now);
        }
      }
    }
    expire(now);
  }

  private static Duration sinceRequested(Delivery delivery, Moment now) {
    Duration since = Duration.between(delivery.timestamp(), now.wall());
    return since.isNegative() ? Duration.ZERO : since;
  }

  private void expire(Moment now) {
    if (now.nanos() >= expireAtNanos) {
      expireAtNanos = now.nanosAfter(EXPIRE_EVERY);
      Instant before = expiry.forgotten(now);
      partitions.all().forEach(partition -> partition.claims.expire(before));
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
    return partitions.restingOffset(number);
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
    return partitions.all().stream().anyMatch(p -> !p.admitted.isEmpty());
  }

  /** When something is due next, by the monotonic clock; {@code Long.MAX_VALUE} for never. */
  public long nextDueNanos() {
    if (calls.isQuiet()) {
      return Long.MAX_VALUE;
    }
    long due = Math.min(lanes.nextDueNanos(), jobs.nextDueNanos());
    return Math.min(due, Math.min(admission.nextDueNanos(), partitions.nextFetchNanos()));
  }

  /** How much work there is now. */
  public WorkerView view() {
    return partitions.view(jobs.count());
  }

  /** What waits, and what is unknown. */
  public Waits waits() {
    return partitions.waits(admission);
  }
}
