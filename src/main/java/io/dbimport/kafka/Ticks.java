package io.dbimport.kafka;

import io.dbimport.kafka.CommitReply.Aborted;
import io.dbimport.kafka.CommitReply.Committed;
import io.dbimport.kafka.CommitReply.TooLarge;
import io.dbimport.kafka.CommitReply.Unsure;
import io.dbimport.worker.Call;
import io.dbimport.worker.Entry;
import io.dbimport.worker.Moment;
import io.dbimport.worker.Offsets;
import io.dbimport.worker.Worker;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes from the worker what is to be committed and hands it to the {@link Committer}, one tick at
 * a time, until it is known what became of each. Confined to the loop thread.
 */
final class Ticks {
  private static final Logger LOG = LoggerFactory.getLogger(Ticks.class);

  /** Outcomes that make a tick due before its time. */
  private static final int DUE_ENTRIES = 500;

  private static final int MAX_ENTRIES = 5_000;

  /** A tick lasts so many times its commit, so that a busy broker gets fewer and larger ones. */
  private static final int TICK_PER_COMMIT = 4;

  /** But no more than so many times the time that is set for it. */
  private static final int MOST_TICKS = 5;

  /** How long to wait before a tick is repeated. */
  static final Duration AFTER_ABORT = Duration.ofMillis(200);

  /**
   * What the committer has, or had.
   *
   * @param sought what is in the ledger if it is committed; empty when it writes nothing there
   */
  private record InHand(List<Entry> entries, Offsets offsets, List<Committer.Sought> sought) {}

  private final KafkaSettings settings;
  private final Worker worker;
  private final Supplier<Moment> clock;
  private final Committer committer;
  private final Journal journal;
  private final JournalTail tail;
  private final Records records;
  private final WorkerMeters meters;
  private final TickWriter writer;

  /** Partition to the end of its ledger as far as it is known, exclusive. */
  private final Map<Integer, Long> ledgerEnds = new HashMap<>();

  private final Set<Entry> shortened = Collections.newSetFromMap(new IdentityHashMap<>());

  private @Nullable InHand inHand;

  /** Nobody answered its commit: nothing more is committed until the ledger was asked. */
  private @Nullable InHand doubt;

  /** What was surely not committed, and comes first in the next tick. */
  private List<Entry> repeated = List.of();

  private long gatherUntilNanos = Long.MIN_VALUE;
  private long dueNanos;

  Ticks(KafkaSettings settings, Worker worker, Supplier<Moment> clock, WorkerLoop.Parts parts) {
    this.settings = settings;
    this.worker = worker;
    this.clock = clock;
    this.committer = parts.committer();
    this.journal = parts.journal();
    this.tail = parts.tail();
    this.records = parts.records();
    this.meters = parts.meters();
    this.writer = new TickWriter(records, worker);
  }

  /** The partition is ours, and its ledger ends here, exclusive. */
  void assigned(int partition, long ledgerEnd) {
    ledgerEnds.put(partition, ledgerEnd);
  }

  /** The worker has let go of the partition. */
  void released(int partition) {
    ledgerEnds.remove(partition);
    repeated = owned(repeated);
  }

  /**
   * Whether it is known of everything that was begun what became of it, and nothing is repeated.
   */
  boolean isEmpty() {
    return inHand == null && doubt == null && repeated.isEmpty();
  }

  /** Whether a tick is being committed. */
  boolean busy() {
    return inHand != null;
  }

  /** When the next tick is due; {@code MAX_VALUE} while there is nothing, or nothing can begin. */
  long dueNanos() {
    return inHand != null || (isEmpty() && !worker.hasEntries()) ? Long.MAX_VALUE : dueNanos;
  }

  /** Entries that are not known to be committed. */
  int uncommitted() {
    return worker.entryCount() + repeated.size() + entries(inHand) + entries(doubt);
  }

  private static int entries(@Nullable InHand some) {
    return some == null ? 0 : some.entries.size();
  }

  /**
   * Begins what is due.
   *
   * @param calling how many calls are open
   * @param group the metadata of the assignment as it is now
   */
  void beginIfDue(Moment now, int calling, ConsumerGroupMetadata group) {
    if (inHand != null) {
      return;
    }
    boolean early = isEmpty() && (worker.entryCount() >= DUE_ENTRIES || gathered(now, calling));
    if ((early || now.nanos() >= dueNanos) && !begin(group)) {
      dueNanos = now.nanos() + settings.tick().toNanos();
    }
  }

  /**
   * Whether admitted calls should wait for their tick no longer: the next to be admitted shares
   * their commit while a call is open whose end would admit it, for as long as a commit takes.
   */
  private boolean gathered(Moment now, int calling) {
    return worker.hasAdmitted() && (calling == 0 || now.nanos() >= gatherUntilNanos);
  }

  /** Begins a tick, or asks what became of the last one; false when there is nothing to commit. */
  boolean begin(ConsumerGroupMetadata group) {
    InHand asked = doubt;
    if (asked != null) {
      inHand = asked;
      committer.ask(asked.sought);
      return true;
    }
    List<Entry> tick = repeated.isEmpty() ? worker.entries(MAX_ENTRIES) : repeated;
    Offsets offsets = worker.offsets(tick);
    if (tick.isEmpty() && offsets.isEmpty()) {
      return false;
    }
    List<Transactions.Outgoing> outgoing = writer.outgoing(tick, shortened, clock.get());
    List<Entry> written = outgoing.stream().map(Transactions.Outgoing::entry).toList();
    // Looked for where the ledger ends now: the partition may be let go before it is asked.
    List<Committer.Sought> sought =
        written.stream().flatMap(entry -> sought(entry).stream()).limit(1).toList();
    repeated = List.of();
    inHand = new InHand(written, offsets, sought);
    committer.begin(transaction(outgoing, offsets.next(), false, group));
    return true;
  }

  /** Notes that no call is open below these offsets; false when it is not known to be noted. */
  boolean handOver(Map<Integer, Long> offsets, ConsumerGroupMetadata group, Duration atMost)
      throws InterruptedException {
    CommitReply reply = committer.commit(transaction(List.of(), offsets, true, group), atMost);
    boolean done = reply instanceof Committed;
    if (!done) {
      LOG.info("partitions {} are not handed over: {}", offsets.keySet(), reply);
    }
    return done;
  }

  private Committer.Tick transaction(
      List<Transactions.Outgoing> outgoing,
      Map<Integer, Long> offsets,
      boolean clean,
      ConsumerGroupMetadata group) {
    Map<Integer, CommitNote> notes = new HashMap<>();
    for (int partition : offsets.keySet()) {
      notes.put(
          partition,
          new CommitNote(
              ledgerEnds.getOrDefault(partition, 0L),
              tail.low(partition, journal.low(partition)),
              settings.callsEndWithin(),
              clean));
    }
    return new Committer.Tick(outgoing, offsets, notes, group);
  }

  private Optional<Committer.Sought> sought(Entry entry) {
    long from = ledgerEnds.getOrDefault(entry.partition(), 0L);
    return records
        .inLedger(entry)
        .map(record -> new Committer.Sought(entry.partition(), from, record));
  }

  /** What was in hand has ended. */
  void ended(Inbound.Ticked ticked) {
    InHand was = Objects.requireNonNull(inHand);
    inHand = null;
    Duration took = Duration.ofNanos(ticked.ended().nanos() - ticked.began().nanos());
    if (doubt == null) {
      meters.committed(took);
    }
    boolean done = false;
    switch (ticked.reply()) {
      case Committed(Map<Integer, Long> ends) -> {
        ends.forEach((partition, end) ->
            ledgerEnds.computeIfPresent(partition, (_, known) -> Math.max(known, end)));
        was.entries.stream().filter(worker::owned).forEach(this::forgetReplies);
        // Whose commit was in doubt, nobody knows until when its partitions are surely ours.
        Offsets offsets = doubt == null ? was.offsets : Offsets.NONE;
        worker.committed(was.entries, offsets, ticked.began(), ticked.ended());
        shortened.clear();
        doubt = null;
        done = true;
      }
      case TooLarge(Set<Entry> entries) -> {
        LOG.warn("{} outcomes are too large for their topics, shortened", entries.size());
        shortened.addAll(entries);
        repeated = owned(was.entries);
      }
      case Aborted(RuntimeException why) -> {
        LOG.warn("a tick of {} entries is repeated: {}", was.entries.size(), why.toString());
        doubt = null;
        repeated = owned(was.entries);
      }
      case Unsure(RuntimeException why) -> {
        LOG.warn("a tick of {} entries may be committed: {}", was.entries.size(), why.toString());
        doubt = was;
      }
    }
    long tickNanos = settings.tick().toNanos();
    dueNanos =
        done
            ? ticked.began().nanos()
                + Math.clamp(took.toNanos() * TICK_PER_COMMIT, tickNanos, tickNanos * MOST_TICKS)
            : ticked.ended().nanos() + AFTER_ABORT.toNanos();
    gatherUntilNanos = ticked.ended().nanos() + Math.min(took.toNanos(), tickNanos);
  }

  /** What the ledger says of a delivery is the last word on the attempts before it. */
  private void forgetReplies(Entry entry) {
    switch (entry) {
      case Entry.Admitted(long _, Call call, var _) when call.intended() ->
          journal.settled(entry.partition(), call.source().offset());
      case Entry.Marked marked -> journal.settled(entry.partition(), marked.source().offset());
      case Entry.Settled settled ->
          journal.settled(entry.partition(), settled.delivery().source().offset());
      case Entry.Resolved resolved ->
          journal.settled(entry.partition(), resolved.job().source().offset());
      case Entry.Admitted _, Entry.JobOver _ -> {}
    }
  }

  private List<Entry> owned(List<Entry> entries) {
    return entries.stream().filter(worker::owned).toList();
  }
}
