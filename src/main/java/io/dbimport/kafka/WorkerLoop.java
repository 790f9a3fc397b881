package io.dbimport.kafka;

import io.dbimport.event.Message.Kind;
import io.dbimport.kafka.CommitReply.Aborted;
import io.dbimport.kafka.CommitReply.Committed;
import io.dbimport.kafka.CommitReply.TooLarge;
import io.dbimport.kafka.CommitReply.Unsure;
import io.dbimport.worker.Call;
import io.dbimport.worker.Entry;
import io.dbimport.worker.Moment;
import io.dbimport.worker.Restored;
import io.dbimport.worker.Worker;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that owns the consumer and the worker's state: it polls, hears what came back,
 * starts what may start, and hands ticks to the {@link Committer}, one at a time. Everything in it
 * is confined to that thread but {@link #stop} and {@link #status}. Longer than most: it is the one
 * place where the order of these steps is decided.
 */
final class WorkerLoop implements ConsumerRebalanceListener {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerLoop.class);

  /** Outcomes that make a tick due before its time. */
  private static final int TICK_RECORDS = 500;

  private static final int MAX_TICK_SETTLEMENTS = 5_000;
  private static final Duration IDLE_POLL = Duration.ofMillis(100);
  private static final long BUSY_POLL_NANOS = Duration.ofMillis(2).toNanos();
  private static final long STATUS_NANOS = Duration.ofMillis(100).toNanos();
  private static final Duration CALL_ENDS_LATE = Duration.ofSeconds(2);
  private static final Duration AFTER_ABORT = Duration.ofMillis(200);

  /** A tick lasts so many times its commit, so that a busy broker gets fewer and larger ones. */
  private static final int TICK_PER_COMMIT = 4;

  /** But no more than so many times the time that is set for it. */
  private static final int MOST_TICKS = 5;

  /** What the loop drives; all of it is closed by whoever made it. */
  record Parts(
      Consumer<byte[], byte[]> consumer,
      Committer committer,
      Calls calls,
      Journal journal,
      JournalTail tail,
      Rereads rereads,
      Restores restores,
      Records records,
      WorkerMeters meters) {}

  private final KafkaSettings settings;
  private final Worker worker;
  private final Supplier<Moment> clock;
  private final BlockingQueue<Inbound> inbox;
  private final Consumer<byte[], byte[]> consumer;
  private final Parts parts;
  private final TickWriter writer;

  /** Partition to the epoch of its assignment. */
  private final Map<Integer, Long> assigned = new HashMap<>();

  private final Set<Integer> restoring = new HashSet<>();

  /** Partitions that lack something, and what. */
  private final Map<Integer, String> refused = new TreeMap<>();

  /** Partition to the end of its ledger as far as it is known, exclusive. */
  private final Map<Integer, Long> ledgerEnds = new HashMap<>();

  /** Partition to where an earlier owner's late replies may begin in the journal. */
  private final Map<Integer, Long> lateReplies = new HashMap<>();

  /**
   * What the committer is at.
   *
   * @param epochs partition to the epoch of its assignment, when it began
   */
  private record InHand(Map<Integer, Long> offsets, Map<Integer, Long> epochs) {}

  private @Nullable InHand inHand;
  private final Set<Entry> shortened = Collections.newSetFromMap(new IdentityHashMap<>());
  private List<Entry> tick = List.of();
  private ConsumerGroupMetadata group;
  private long epochs;
  private int outstanding;
  private int calling;
  private long gatherUntilNanos = Long.MIN_VALUE;
  private long nextTickNanos;
  private long nextPollNanos;
  private long nextStatusNanos;
  private boolean quiet;

  /** The loop has ended without draining: closing the consumer must not wait for anything. */
  private boolean abandoned;

  /** Nobody answered the last commit: nothing more is committed until the ledger was asked. */
  private boolean unsure;

  /** Whether what was last in hand is committed. */
  private boolean lastDone = true;

  private volatile boolean stopAsked;
  private volatile LoopStatus status;

  WorkerLoop(
      KafkaSettings settings,
      Worker worker,
      Supplier<Moment> clock,
      BlockingQueue<Inbound> inbox,
      Parts parts) {
    this.settings = settings;
    this.worker = worker;
    this.clock = clock;
    this.inbox = inbox;
    this.parts = parts;
    this.writer = new TickWriter(parts.records(), worker);
    this.consumer = parts.consumer();
    this.group = consumer.groupMetadata();
    this.status =
        new LoopStatus(System.nanoTime(), 0, Map.of(), 0, false, 0, worker.view(), worker.waits());
  }

  /** Asks the loop to take nothing new, finish what is open, and end. Any thread. */
  void stop() {
    stopAsked = true;
    inbox.add(new Inbound.Wake());
  }

  LoopStatus status() {
    return status;
  }

  /**
   * Turns until it is stopped and drained, or out of time for it.
   *
   * @throws RuntimeException when it cannot go on
   */
  WorkerEnd run() throws InterruptedException {
    try {
      WorkerEnd end = turnUntilStopped();
      abandoned = !(end instanceof WorkerEnd.Drained);
      return end;
    } catch (RuntimeException | InterruptedException brokenWorld) {
      abandoned = true;
      throw brokenWorld;
    }
  }

  private WorkerEnd turnUntilStopped() throws InterruptedException {
    // Leftovers of this instance block its own restore: end them before taking partitions.
    parts.committer().settleLeftovers();
    consumer.subscribe(List.of(settings.topic(Kind.REQUESTS)), this);
    long stopBy = Long.MAX_VALUE;
    while (true) {
      Moment now = clock.get();
      if (stopAsked && !quiet) {
        LOG.info("stopping: no new call starts; {} are open", worker.view().inFlight());
        quiet = true;
        worker.quiet(now);
        stopBy = now.nanos() + settings.stopTimeout().toNanos();
      }
      turn(now);
      if (quiet
          && outstanding == 0
          && inHand == null
          && tick.isEmpty()
          && !worker.hasEntries()
          && worker.view().inFlight() == 0) {
        return new WorkerEnd.Drained();
      }
      if (now.nanos() >= stopBy) {
        return new WorkerEnd.StoppedBeforeDrained(
            outstanding + " calls open, " + (tick.size() + worker.entryCount()) + " uncommitted");
      }
    }
  }

  private void turn(Moment now) throws InterruptedException {
    hearAll();
    poll(now);
    startWhatMayStart();
    commitIfDue(now);
    tellStatus(now);
    waitForSomething();
  }

  private void hearAll() {
    for (Inbound inbound = inbox.poll(); inbound != null; inbound = inbox.poll()) {
      hear(inbound);
    }
  }

  private void hear(Inbound inbound) {
    Moment now = clock.get();
    switch (inbound) {
      case Inbound.Answered(var call, var reply) -> {
        outstanding--;
        calling--;
        worker.replied(call, reply, now);
      }
      case Inbound.NotSent(var call) -> {
        outstanding--;
        calling--;
        worker.notSent(call, now);
      }
      case Inbound.Broke(var call, String what) -> {
        outstanding--;
        calling--;
        worker.broke(call, what, now);
      }
      case Inbound.Looked(var look, var reply) -> {
        outstanding--;
        worker.looked(look, reply, now);
      }
      case Inbound.Probed(var probe, boolean answers) -> {
        outstanding--;
        worker.probed(probe, answers, now);
      }
      case Inbound.Fetched(var fetch, var found) ->
          worker.fetched(fetch, settings.topic(Kind.REQUESTS), found, now);
      case Inbound.Restore(int partition, long epoch, LedgerReader.Read read) -> {
        if (Long.valueOf(epoch).equals(assigned.get(partition))) {
          begin(partition, epoch, read, now);
        }
      }
      case Inbound.RestoreRefused(int partition, long epoch, String why) -> {
        if (Long.valueOf(epoch).equals(assigned.get(partition))) {
          LOG.error("partition {} is not worked on: {}", partition, why);
          refused.put(partition, why);
        }
      }
      case Inbound.LateReply(int partition, long epoch, long offset, var answer) ->
          worker.lateReply(partition, epoch, offset, answer);
      case Inbound.Ticked ticked -> ticked(ticked);
      case Inbound.Died(Error broken) -> throw broken;
      case Inbound.Died(RuntimeException broken) -> throw broken;
      case Inbound.Died(Throwable broken) -> throw new KafkaException(broken);
      case Inbound.RestoreFailed(int partition, long epoch, RuntimeException why) -> {
        if (Long.valueOf(epoch).equals(assigned.get(partition))) {
          throw why;
        }
      }
      case Inbound.Wake() -> {}
    }
  }

  /** The ledger of a partition was read: work on it begins. */
  private void begin(int partition, long epoch, LedgerReader.Read read, Moment now) {
    Restored restored = read.restored();
    restoring.remove(partition);
    ledgerEnds.put(partition, read.ledgerEnd());
    parts.journal().assigned(partition, read.journalEnd(), read.replies());
    if (restored.mayHaveLateReplies()) {
      lateReplies.put(partition, read.journalEnd());
      parts.tail().begin(partition, epoch, read.journalEnd());
    }
    consumer.seek(requests(partition), restored.start());
    worker.assigned(partition, epoch, restored, now);
  }

  private void poll(Moment now) {
    if (now.nanos() < nextPollNanos) {
      return;
    }
    pauseAndResume(now);
    ConsumerRecords<byte[], byte[]> polled = consumer.poll(idle(now) ? IDLE_POLL : Duration.ZERO);
    // Assignment and metadata are one snapshot: the listener ran inside this poll.
    group = consumer.groupMetadata();
    Moment after = clock.get();
    for (ConsumerRecord<byte[], byte[]> record : polled) {
      worker.received(Messages.delivery(record), after);
    }
    polled.nextOffsets().forEach((at, next) -> worker.position(at.partition(), next.offset()));
    nextPollNanos = after.nanos() + BUSY_POLL_NANOS;
  }

  private boolean idle(Moment now) {
    return outstanding == 0
        && inHand == null
        && tick.isEmpty()
        && !worker.hasEntries()
        && inbox.isEmpty()
        && !stopAsked
        && worker.nextDueNanos() > now.nanos() + IDLE_POLL.toNanos();
  }

  private void pauseAndResume(Moment now) {
    Set<TopicPartition> paused = consumer.paused();
    for (int partition : assigned.keySet()) {
      TopicPartition at = requests(partition);
      boolean pause = quiet || restoring.contains(partition) || worker.full(partition, now);
      if (pause && !paused.contains(at)) {
        consumer.pause(List.of(at));
      } else if (!pause && paused.contains(at)) {
        consumer.resume(List.of(at));
      }
    }
  }

  private void startWhatMayStart() {
    Moment now = clock.get();
    for (var call = worker.nextCall(now); call.isPresent(); call = worker.nextCall(now)) {
      outstanding++;
      calling++;
      parts.calls().start(call.get());
    }
    for (var look = worker.nextLook(now); look.isPresent(); look = worker.nextLook(now)) {
      outstanding++;
      parts.calls().start(look.get());
    }
    for (var probe = worker.nextProbe(now); probe.isPresent(); probe = worker.nextProbe(now)) {
      outstanding++;
      parts.calls().start(probe.get());
    }
    for (var fetch = worker.nextFetch(now); fetch.isPresent(); fetch = worker.nextFetch(now)) {
      parts.rereads().start(fetch.get());
    }
  }

  private void commitIfDue(Moment now) {
    if (inHand != null) {
      return;
    }
    boolean early = tick.isEmpty() && (worker.entryCount() >= TICK_RECORDS || gathered(now));
    if ((early || now.nanos() >= nextTickNanos) && !begin()) {
      nextTickNanos = now.nanos() + settings.tick().toNanos();
    }
  }

  /**
   * Whether admitted calls should wait for their tick no longer: the next to be admitted shares
   * their commit while a call is open whose end would admit it, for as long as a commit takes.
   */
  private boolean gathered(Moment now) {
    return worker.hasAdmitted() && (calling == 0 || now.nanos() >= gatherUntilNanos);
  }

  /** Begins a tick, or asks what became of the last one; false when there is nothing to commit. */
  private boolean begin() {
    if (unsure) {
      tick = owned(tick);
      inHand = new InHand(Map.of(), Map.copyOf(assigned));
      parts
          .committer()
          .ask(tick.stream().flatMap(entry -> sought(entry).stream()).limit(1).toList());
      return true;
    }
    tick = tick.isEmpty() ? worker.entries(MAX_TICK_SETTLEMENTS) : owned(tick);
    Map<Integer, Long> offsets = worker.offsets(tick);
    if (tick.isEmpty() && offsets.isEmpty()) {
      return false;
    }
    List<Transactions.Outgoing> outgoing = writer.outgoing(tick, shortened, clock.get());
    tick = outgoing.stream().map(Transactions.Outgoing::entry).toList();
    inHand = new InHand(offsets, Map.copyOf(assigned));
    parts.committer().begin(tick(outgoing, offsets, false));
    return true;
  }

  private Committer.Tick tick(
      List<Transactions.Outgoing> outgoing, Map<Integer, Long> offsets, boolean clean) {
    Map<Integer, CommitNote> notes = new HashMap<>();
    for (int partition : offsets.keySet()) {
      long journal = parts.journal().low(partition);
      notes.put(
          partition,
          new CommitNote(
              ledgerEnds.getOrDefault(partition, 0L),
              Math.min(journal, lateReplies.getOrDefault(partition, journal)),
              settings.callsEndWithin(),
              clean));
    }
    return new Committer.Tick(outgoing, offsets, notes, group);
  }

  private Optional<Committer.Sought> sought(Entry entry) {
    long from = ledgerEnds.getOrDefault(entry.partition(), 0L);
    return parts
        .records()
        .inLedger(entry)
        .map(record -> new Committer.Sought(entry.partition(), from, record));
  }

  /** What was in hand has ended; what belonged to a partition that was let go means nothing now. */
  private void ticked(Inbound.Ticked ticked) {
    InHand was = Objects.requireNonNull(inHand);
    inHand = null;
    Duration took = Duration.ofNanos(ticked.ended().nanos() - ticked.began().nanos());
    if (!unsure) {
      parts.meters().committed(took);
    }
    boolean done =
        switch (ticked.reply()) {
          case Committed(Map<Integer, Long> ends) -> {
            committed(was, ends, ticked);
            yield true;
          }
          case TooLarge(Set<Entry> entries) -> {
            LOG.warn("{} outcomes are too large for their topics, shortened", entries.size());
            shortened.addAll(entries);
            yield false;
          }
          case Aborted(RuntimeException why) -> {
            LOG.warn("a tick of {} entries is repeated: {}", tick.size(), why.toString());
            unsure = false;
            yield false;
          }
          case Unsure(RuntimeException why) -> {
            LOG.warn("a tick of {} entries may be committed: {}", tick.size(), why.toString());
            unsure = true;
            yield false;
          }
        };
    lastDone = done;
    long tickNanos = settings.tick().toNanos();
    nextTickNanos =
        done
            ? ticked.began().nanos()
                + Math.clamp(took.toNanos() * TICK_PER_COMMIT, tickNanos, tickNanos * MOST_TICKS)
            : ticked.ended().nanos() + AFTER_ABORT.toNanos();
    gatherUntilNanos = ticked.ended().nanos() + Math.min(took.toNanos(), tickNanos);
  }

  private void committed(InHand was, Map<Integer, Long> ends, Inbound.Ticked ticked) {
    Predicate<Integer> stillOurs =
        partition -> Objects.equals(was.epochs().get(partition), assigned.get(partition));
    ends.forEach((partition, end) -> {
      if (stillOurs.test(partition)) {
        ledgerEnds.merge(partition, end, Math::max);
      }
    });
    Map<Integer, Long> offsets = new HashMap<>(was.offsets());
    offsets.keySet().removeIf(stillOurs.negate());
    tick = owned(tick);
    tick.forEach(this::forgetReplies);
    worker.committed(tick, offsets, ticked.began(), ticked.ended());
    unsure = false;
    shortened.clear();
    tick = List.of();
  }

  /** What the ledger says of a delivery is the last word on the attempts before it. */
  private void forgetReplies(Entry entry) {
    switch (entry) {
      case Entry.Admitted(long _, Call call, var _) when call.intended() ->
          parts.journal().settled(entry.partition(), call.source().offset());
      case Entry.Marked marked ->
          parts.journal().settled(entry.partition(), marked.source().offset());
      case Entry.Settled settled ->
          parts.journal().settled(entry.partition(), settled.delivery().source().offset());
      case Entry.Resolved resolved ->
          parts.journal().settled(entry.partition(), resolved.job().source().offset());
      case Entry.Admitted _, Entry.JobOver _ -> {}
    }
  }

  private List<Entry> owned(List<Entry> entries) {
    return entries.stream().filter(worker::owned).toList();
  }

  private void tellStatus(Moment now) {
    if (now.nanos() < nextStatusNanos) {
      return;
    }
    nextStatusNanos = now.nanos() + STATUS_NANOS;
    long notPolled = 0;
    for (int partition : assigned.keySet()) {
      notPolled += consumer.currentLag(requests(partition)).orElse(0);
      if (!restoring.contains(partition)) {
        passGaps(partition);
      }
    }
    status =
        new LoopStatus(
            System.nanoTime(),
            restoring.size() - refused.size(),
            Map.copyOf(refused),
            assigned.size(),
            stopAsked,
            notPolled,
            worker.view(),
            worker.waits());
  }

  /** A poll that returns nothing may still have passed markers of the producers' transactions. */
  private void passGaps(int partition) {
    try {
      worker.position(partition, consumer.position(requests(partition), Duration.ZERO));
    } catch (TimeoutException notKnownYet) {
      LOG.debug("no position in partition {} yet", partition);
    }
  }

  private void waitForSomething() throws InterruptedException {
    Moment now = clock.get();
    if (idle(now)) {
      return; // the next poll is where an idle loop waits
    }
    long until = Math.min(nextPollNanos, worker.nextDueNanos());
    if (inHand == null && (!tick.isEmpty() || worker.hasEntries())) {
      until = Math.min(until, nextTickNanos);
    }
    if (until > now.nanos()) {
      Inbound inbound = inbox.poll(until - now.nanos(), TimeUnit.NANOSECONDS);
      if (inbound != null) {
        hear(inbound);
      }
    }
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
    for (TopicPartition partition : partitions) {
      long epoch = ++epochs;
      assigned.put(partition.partition(), epoch);
      restoring.add(partition.partition());
      parts.restores().start(partition.partition(), epoch);
    }
    consumer.pause(partitions);
    if (!partitions.isEmpty()) {
      LOG.info("assigned {}", partitions);
    }
  }

  /**
   * Hands over: nothing new starts there, open calls may come back for as long as one call may
   * take, and what is known is committed before the partition is let go.
   */
  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    Moment now = clock.get();
    partitions.forEach(partition -> worker.closing(partition.partition(), now));
    if (abandoned) {
      onPartitionsLost(partitions);
      return;
    }
    try {
      awaitCalls(partitions);
      long giveUp = clock.get().nanos() + settings.apiTimeout().toNanos();
      boolean all = committedAll();
      while (!all && clock.get().nanos() < giveUp) {
        hearFor(AFTER_ABORT);
        all = committedAll();
      }
      if (all) {
        handOver(partitions);
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
    onPartitionsLost(partitions);
  }

  /** Notes that no call is open, so that the next owner need not wait for any. */
  private void handOver(Collection<TopicPartition> partitions) throws InterruptedException {
    Map<Integer, Long> offsets = new HashMap<>();
    for (TopicPartition at : partitions) {
      worker.restingOffset(at.partition()).ifPresent(o -> offsets.put(at.partition(), o));
    }
    if (!offsets.isEmpty()) {
      CommitReply reply = parts.committer().commit(tick(List.of(), offsets, true));
      if (!(reply instanceof Committed)) {
        LOG.info("partitions {} are not handed over: {}", offsets.keySet(), reply);
      }
    }
  }

  private boolean committedAll() throws InterruptedException {
    awaitCommitter();
    boolean done = !begin();
    if (!done) {
      awaitCommitter();
      done = lastDone;
    }
    return done && tick.isEmpty() && !worker.hasEntries();
  }

  private void awaitCommitter() throws InterruptedException {
    while (inHand != null) {
      hear(inbox.take());
    }
  }

  private void awaitCalls(Collection<TopicPartition> partitions) throws InterruptedException {
    // A call ends by its timeout; a machine that is busy may need a moment more to hear of it.
    long giveUp = clock.get().nanos() + settings.apiTimeout().plus(CALL_ENDS_LATE).toNanos();
    while (partitions.stream().anyMatch(p -> worker.calling(p.partition()) > 0)
        && clock.get().nanos() < giveUp) {
      hearFor(settings.tick());
      startWhatMayStart();
      commitIfDue(clock.get());
    }
  }

  private void hearFor(Duration wait) throws InterruptedException {
    Inbound inbound = inbox.poll(wait.toNanos(), TimeUnit.NANOSECONDS);
    if (inbound != null) {
      hear(inbound);
      hearAll();
    }
  }

  @Override
  public void onPartitionsLost(Collection<TopicPartition> partitions) {
    for (TopicPartition partition : partitions) {
      assigned.remove(partition.partition());
      restoring.remove(partition.partition());
      refused.remove(partition.partition());
      ledgerEnds.remove(partition.partition());
      if (lateReplies.remove(partition.partition()) != null) {
        parts.tail().end(partition.partition());
      }
      parts.journal().released(partition.partition());
      worker.dropped(partition.partition());
    }
    tick = owned(tick);
    if (!partitions.isEmpty()) {
      LOG.info("let go of {}", partitions);
    }
  }

  private TopicPartition requests(int partition) {
    return new TopicPartition(settings.topic(Kind.REQUESTS), partition);
  }
}
