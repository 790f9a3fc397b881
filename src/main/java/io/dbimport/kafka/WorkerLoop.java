package io.dbimport.kafka;

import io.dbimport.event.Message.Kind;
import io.dbimport.kafka.CommitReply.Aborted;
import io.dbimport.kafka.CommitReply.Committed;
import io.dbimport.kafka.CommitReply.TooLarge;
import io.dbimport.kafka.CommitReply.Unsure;
import io.dbimport.worker.Moment;
import io.dbimport.worker.Restored;
import io.dbimport.worker.Settlement;
import io.dbimport.worker.Worker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that owns the consumer, the transactional producer and the worker's state: it
 * polls, hears what came back, starts what may start, and commits ticks. Everything in it is
 * confined to that thread but {@link #stop} and {@link #status}. Longer than most: it is the one
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

  /** What the loop drives; all of it is closed by whoever made it. */
  record Parts(
      Consumer<byte[], byte[]> consumer,
      Transactions transactions,
      Calls calls,
      Restores restores,
      LedgerReader ledger,
      Records records,
      WorkerMeters meters) {}

  private final KafkaSettings settings;
  private final Worker worker;
  private final Supplier<Moment> clock;
  private final BlockingQueue<Inbound> inbox;
  private final Consumer<byte[], byte[]> consumer;
  private final Transactions transactions;
  private final Parts parts;

  /** Partition to the epoch of its assignment. */
  private final Map<Integer, Long> assigned = new HashMap<>();

  private final Set<Integer> restoring = new HashSet<>();
  private final Set<Settlement> shortened = Collections.newSetFromMap(new IdentityHashMap<>());
  private List<Settlement> tick = List.of();
  private ConsumerGroupMetadata group;
  private long epochs;
  private int outstanding;
  private long nextTickNanos;
  private long nextPollNanos;
  private long nextStatusNanos;
  private boolean quiet;

  /** The loop has ended without draining: closing the consumer must not wait for anything. */
  private boolean abandoned;

  /** Nobody answered the last commit: nothing more is committed until the ledger was asked. */
  private boolean unsure;

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
    this.consumer = parts.consumer();
    this.transactions = parts.transactions();
    this.group = consumer.groupMetadata();
    this.status = new LoopStatus(System.nanoTime(), 0, 0, false, 0, worker.view());
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
    transactions.settleLeftovers();
    consumer.subscribe(List.of(settings.topic(Kind.REQUESTS)), this);
    long stopBy = Long.MAX_VALUE;
    while (true) {
      Moment now = clock.get();
      if (stopAsked && !quiet) {
        LOG.info("stopping: no new call starts; {} are open", worker.view().inFlight());
        quiet = true;
        worker.quiet();
        stopBy = now.nanos() + settings.stopTimeout().toNanos();
      }
      turn(now);
      if (quiet && outstanding == 0 && tick.isEmpty() && !worker.hasSettlements()) {
        return new WorkerEnd.Drained();
      }
      if (now.nanos() >= stopBy) {
        return new WorkerEnd.StoppedBeforeDrained(
            outstanding
                + " calls open, "
                + (tick.size() + worker.settlementCount())
                + " uncommitted");
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
        worker.replied(call, reply, now);
      }
      case Inbound.Broke(var call, String what) -> {
        outstanding--;
        worker.broke(call, what, now);
      }
      case Inbound.Looked(var look, var reply) -> {
        outstanding--;
        worker.looked(look, reply, now);
      }
      case Inbound.Restore(int partition, long epoch, Restored restored) -> {
        if (Long.valueOf(epoch).equals(assigned.get(partition))) {
          restoring.remove(partition);
          consumer.seek(requests(partition), restored.start());
          worker.assigned(partition, epoch, restored, now);
        }
      }
      case Inbound.RestoreFailed(int partition, long epoch, RuntimeException why) -> {
        if (Long.valueOf(epoch).equals(assigned.get(partition))) {
          throw why;
        }
      }
      case Inbound.Wake() -> {}
    }
  }

  private void poll(Moment now) {
    if (now.nanos() < nextPollNanos) {
      return;
    }
    pauseAndResume();
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
        && tick.isEmpty()
        && !worker.hasSettlements()
        && inbox.isEmpty()
        && !stopAsked
        && worker.nextDueNanos() > now.nanos() + IDLE_POLL.toNanos();
  }

  private void pauseAndResume() {
    Set<TopicPartition> paused = consumer.paused();
    for (int partition : assigned.keySet()) {
      TopicPartition at = requests(partition);
      boolean pause = quiet || restoring.contains(partition) || worker.full(partition);
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
      parts.calls().start(call.get());
    }
    for (var look = worker.nextLook(now); look.isPresent(); look = worker.nextLook(now)) {
      outstanding++;
      parts.calls().start(look.get());
    }
  }

  private void commitIfDue(Moment now) {
    boolean due = now.nanos() >= nextTickNanos;
    if (due || (tick.isEmpty() && worker.settlementCount() >= TICK_RECORDS)) {
      boolean done = commit();
      nextTickNanos = now.nanos() + (done ? settings.tick() : AFTER_ABORT).toNanos();
    }
  }

  /** One tick; false when nothing was committed that should have been. */
  private boolean commit() {
    if (unsure && !askedTheLedger()) {
      return false;
    }
    tick = tick.isEmpty() ? worker.settlements(MAX_TICK_SETTLEMENTS) : owned(tick);
    Map<Integer, Long> offsets = worker.offsets(tick);
    if (tick.isEmpty() && offsets.isEmpty()) {
      return true;
    }
    List<Transactions.Outgoing> outgoing =
        tick.stream().map(s -> parts.records().of(s, shortened.contains(s))).toList();
    long began = System.nanoTime();
    CommitReply reply = transactions.commit(outgoing, offsets, group);
    parts.meters().committed(Duration.ofNanos(System.nanoTime() - began));
    return switch (reply) {
      case Committed() -> {
        worker.committed(tick, offsets, clock.get());
        shortened.clear();
        tick = List.of();
        yield true;
      }
      case TooLarge(Set<Settlement> settlements) -> {
        LOG.warn(
            "{} outcomes are too large for their topics and are shortened", settlements.size());
        shortened.addAll(settlements);
        yield false;
      }
      case Aborted(RuntimeException why) -> {
        LOG.warn("a tick of {} outcomes is repeated: {}", tick.size(), why.toString());
        yield false;
      }
      case Unsure(RuntimeException why) -> {
        LOG.warn("a tick of {} outcomes may be committed: {}", tick.size(), why.toString());
        // The ledger is asked in a later turn: a dead broker must not keep the loop from turning.
        unsure = true;
        yield false;
      }
    };
  }

  private List<Settlement> owned(List<Settlement> settlements) {
    return settlements.stream().filter(worker::owned).toList();
  }

  /**
   * After a commit that nobody answered: what the ledger has is committed, the rest is repeated. By
   * then the transaction has ended one way or the other, for the new producer waits for that. False
   * while the broker does not answer this either.
   */
  private boolean askedTheLedger() {
    try {
      transactions.settleLeftovers();
      Map<Integer, Restored> restored = new HashMap<>();
      List<Settlement> committed = new ArrayList<>();
      List<Settlement> lacking = new ArrayList<>();
      for (Settlement settlement : owned(tick)) {
        Restored known = restored.get(settlement.partition());
        if (known == null) {
          known = parts.ledger().restore(settlement.partition());
          restored.put(settlement.partition(), known);
        }
        (known.knows(settlement) ? committed : lacking).add(settlement);
      }
      worker.committed(committed, Map.of(), clock.get());
      tick = lacking;
      unsure = false;
      return true;
    } catch (AuthorizationException | AuthenticationException forbidden) {
      throw forbidden;
    } catch (KafkaException silence) {
      LOG.warn("the ledger does not answer yet: {}", silence.toString());
      return false;
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return false;
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
            restoring.size(),
            assigned.size(),
            stopAsked,
            notPolled,
            worker.view());
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
    if (!tick.isEmpty() || worker.hasSettlements()) {
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
    partitions.forEach(partition -> worker.closing(partition.partition()));
    if (abandoned) {
      onPartitionsLost(partitions);
      return;
    }
    try {
      awaitCalls(partitions);
      long giveUp = clock.get().nanos() + settings.apiTimeout().toNanos();
      while (!committedAll() && clock.get().nanos() < giveUp) {
        hearFor(AFTER_ABORT);
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
    onPartitionsLost(partitions);
  }

  private boolean committedAll() {
    return commit() && tick.isEmpty() && !worker.hasSettlements();
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
