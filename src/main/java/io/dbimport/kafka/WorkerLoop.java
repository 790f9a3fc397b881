package io.dbimport.kafka;

import io.dbimport.event.Message.Kind;
import io.dbimport.worker.Moment;
import io.dbimport.worker.Restored;
import io.dbimport.worker.Worker;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedMemberEpochException;
import org.apache.kafka.common.errors.StaleMemberEpochException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
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

  private static final Duration IDLE_POLL = Duration.ofMillis(100);
  private static final long BUSY_POLL_NANOS = Duration.ofMillis(2).toNanos();
  private static final long STATUS_NANOS = Duration.ofMillis(100).toNanos();
  private static final Duration CALL_ENDS_LATE = Duration.ofSeconds(2);

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
  private final Ticks ticks;

  /** Partition to the epoch of its assignment. */
  private final Map<Integer, Long> assigned = new HashMap<>();

  private final Set<Integer> restoring = new HashSet<>();

  /** Partitions that lack something, and what. */
  private final Map<Integer, String> refused = new TreeMap<>();

  /** Partitions that were worked on and let go of since the loop ended, and not handed over. */
  private final Set<Integer> notHandedOver = new TreeSet<>();

  private ConsumerGroupMetadata group;
  private long epochs;
  private int outstanding;
  private int calling;
  private long nextPollNanos;
  private long nextStatusNanos;
  private boolean quiet;

  /** The loop has ended without draining: closing the consumer must not wait for anything. */
  private boolean abandoned;

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
    this.ticks = new Ticks(settings, worker, clock, parts);
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

  /** How it ended that ended so, now that the consumer is closed. */
  WorkerEnd afterClosing(WorkerEnd end) {
    return end instanceof WorkerEnd.Drained && !notHandedOver.isEmpty()
        ? new WorkerEnd.NotHandedOver(Collections.unmodifiableSet(new TreeSet<>(notHandedOver)))
        : end;
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
      notHandedOver.clear();
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
          && ticks.isEmpty()
          && !worker.hasEntries()
          && worker.view().inFlight() == 0) {
        return new WorkerEnd.Drained();
      }
      if (now.nanos() >= stopBy) {
        return new WorkerEnd.StoppedBeforeDrained(
            outstanding + " calls open, " + ticks.uncommitted() + " uncommitted");
      }
    }
  }

  private void turn(Moment now) throws InterruptedException {
    hearAll();
    poll(now);
    startWhatMayStart();
    ticks.beginIfDue(now, calling, group);
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
      case Inbound.Ticked ticked -> ticks.ended(ticked);
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
    parts.journal().assigned(partition, read.journalEnd(), read.replies());
    ticks.assigned(partition, read.ledgerEnd());
    if (restored.mayHaveLateReplies()) {
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
    ConsumerRecords<byte[], byte[]> polled = poll(consumer, idle(now) ? IDLE_POLL : Duration.ZERO);
    // Assignment and metadata are one snapshot: the listener ran inside this poll.
    group = consumer.groupMetadata();
    Moment after = clock.get();
    for (ConsumerRecord<byte[], byte[]> record : polled) {
      worker.received(Messages.delivery(record), after);
    }
    polled.nextOffsets().forEach((at, next) -> worker.position(at.partition(), next.offset()));
    nextPollNanos = after.nanos() + BUSY_POLL_NANOS;
  }

  /**
   * Polls. A member that the group has evicted, as one that was frozen, may be told so by the
   * answer to a question of its consumer's: nothing is polled then, and it joins again by itself.
   */
  static ConsumerRecords<byte[], byte[]> poll(Consumer<byte[], byte[]> consumer, Duration wait) {
    try {
      return consumer.poll(wait);
    } catch (UnknownMemberIdException
        | FencedMemberEpochException
        | StaleMemberEpochException evicted) {
      LOG.warn("evicted from the group, joins it again: {}", evicted.toString());
      return ConsumerRecords.empty();
    }
  }

  private boolean idle(Moment now) {
    return outstanding == 0
        && ticks.isEmpty()
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
    writeDownUnmade();
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

  /** Whoever owns the partition next need not take such a call for one that was made. */
  private void writeDownUnmade() {
    for (var call = worker.nextUnmade(); call.isPresent(); call = worker.nextUnmade()) {
      parts.calls().notMade(call.get());
    }
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
    } catch (TimeoutException | UnknownMemberIdException notKnownYet) {
      LOG.debug("no position in partition {} yet", partition);
    }
  }

  private void waitForSomething() throws InterruptedException {
    Moment now = clock.get();
    if (idle(now)) {
      return; // the next poll is where an idle loop waits
    }
    long until = Math.min(nextPollNanos, Math.min(worker.nextDueNanos(), ticks.dueNanos()));
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
    Set<Integer> handedOver = Set.of();
    try {
      awaitCalls(partitions);
      long giveUp = clock.get().nanos() + settings.apiTimeout().toNanos();
      boolean all = committedAll();
      while (!all && clock.get().nanos() < giveUp) {
        hearFor(Ticks.AFTER_ABORT);
        all = committedAll();
      }
      if (all) {
        handedOver = handOver(partitions);
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
    letGo(partitions, handedOver);
  }

  /**
   * Notes that no call is open, so that the next owner need not wait for any. Returns of which
   * partitions that is noted.
   */
  private Set<Integer> handOver(Collection<TopicPartition> partitions) throws InterruptedException {
    Map<Integer, Long> offsets = new HashMap<>();
    for (TopicPartition at : partitions) {
      worker.restingOffset(at.partition()).ifPresent(o -> offsets.put(at.partition(), o));
    }
    // Who stops keeps nobody waiting for longer than the next owner waits without the note. Who
    // goes on must know what became of it: a note that comes late would not be true any more.
    Duration atMost = quiet ? settings.callsEndWithin() : Committer.NO_END;
    return !offsets.isEmpty() && ticks.handOver(offsets, group, atMost)
        ? offsets.keySet()
        : Set.of();
  }

  private boolean committedAll() throws InterruptedException {
    awaitCommitter();
    if (ticks.begin(group)) {
      awaitCommitter();
    }
    return ticks.isEmpty() && !worker.hasEntries();
  }

  private void awaitCommitter() throws InterruptedException {
    while (ticks.busy()) {
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
      ticks.beginIfDue(clock.get(), calling, group);
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
    letGo(partitions, Set.of());
  }

  private void letGo(Collection<TopicPartition> partitions, Set<Integer> handedOver) {
    for (TopicPartition partition : partitions) {
      if (!handedOver.contains(partition.partition())
          && !restoring.contains(partition.partition())) {
        notHandedOver.add(partition.partition());
      }
      assigned.remove(partition.partition());
      restoring.remove(partition.partition());
      refused.remove(partition.partition());
      parts.tail().end(partition.partition());
      parts.journal().released(partition.partition());
      worker.dropped(partition.partition());
      ticks.released(partition.partition());
    }
    writeDownUnmade();
    if (!partitions.isEmpty()) {
      LOG.info("let go of {}", partitions);
    }
  }

  private TopicPartition requests(int partition) {
    return new TopicPartition(settings.topic(Kind.REQUESTS), partition);
  }
}
