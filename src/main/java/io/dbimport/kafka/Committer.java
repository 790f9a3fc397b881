package io.dbimport.kafka;

import io.dbimport.event.LedgerRecord;
import io.dbimport.worker.Moment;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commits ticks, one after another, on a thread of its own: calls start and come back meanwhile,
 * and a broker that is silent does not keep the loop from turning. The loop hears of each as {@link
 * Inbound.Ticked}, or as {@link Inbound.Died}. Used by the loop's thread alone.
 */
final class Committer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Committer.class);
  private static final Duration ENDS_WITHIN = Duration.ofSeconds(5);

  /** The producer's own timeouts end what it waits for. */
  static final Duration NO_END = Duration.ofNanos(Long.MAX_VALUE);

  /**
   * What one transaction is to hold.
   *
   * @param offsets partition of requests to offset
   * @param group the metadata of the assignment that the entries come from
   */
  record Tick(
      List<Transactions.Outgoing> outgoing,
      Map<Integer, Long> offsets,
      Map<Integer, CommitNote> notes,
      ConsumerGroupMetadata group) {}

  /** A record that is in the ledger if a tick is, which begins to look at this offset. */
  record Sought(int partition, long from, Predicate<LedgerRecord> record) {}

  private final Transactions transactions;
  private final LedgerReader ledger;
  private final Supplier<Moment> clock;
  private final BlockingQueue<Inbound> inbox;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("committer").factory());

  /**
   * Begins nothing yet.
   *
   * @param transactions from now on used by this alone, and closed with it
   */
  Committer(
      Transactions transactions,
      LedgerReader ledger,
      Supplier<Moment> clock,
      BlockingQueue<Inbound> inbox) {
    this.transactions = transactions;
    this.ledger = ledger;
    this.clock = clock;
    this.inbox = inbox;
  }

  /** Begins to commit a tick. */
  void begin(Tick tick) {
    tell(() -> commitNow(tick));
  }

  /**
   * Begins to find out what became of a tick whose commit nobody answered. A transaction is
   * committed whole or not at all, so one record of it in the ledger tells; by then it has ended
   * one way or the other, for the new producer waits for that.
   *
   * @param sought empty when the tick has no record there: it may be repeated without harm
   */
  void ask(List<Sought> sought) {
    tell(() -> whatBecameOf(sought));
  }

  /** Commits a tick and waits for it, so long; what is not known then stays unsure. */
  CommitReply commit(Tick tick, Duration atMost) throws InterruptedException {
    return await(() -> commitNow(tick), atMost)
        .orElseGet(() -> new CommitReply.Unsure(new KafkaException("no answer within " + atMost)));
  }

  /** Ends whatever transaction this instance left open, and waits for it. */
  void settleLeftovers() throws InterruptedException {
    var _ =
        await(
            () -> {
              transactions.settleLeftovers();
              return true;
            },
            NO_END);
  }

  private CommitReply commitNow(Tick tick) {
    return transactions.commit(tick.outgoing(), tick.offsets(), tick.notes(), tick.group());
  }

  private CommitReply whatBecameOf(List<Sought> sought) throws InterruptedException {
    try {
      transactions.settleLeftovers();
      for (Sought one : sought) {
        if (ledger.has(one.partition(), one.from(), one.record())) {
          return new CommitReply.Committed(Map.of());
        }
      }
      return new CommitReply.Aborted(new KafkaException("the ledger has nothing of it"));
    } catch (KafkaException silence) {
      if (Access.denied(silence)) {
        throw silence;
      }
      return new CommitReply.Unsure(silence);
    }
  }

  private void tell(Callable<CommitReply> work) {
    thread.execute(() -> {
      try {
        Moment began = clock.get();
        inbox.add(new Inbound.Ticked(work.call(), began, clock.get()));
      } catch (Throwable why) {
        inbox.add(new Inbound.Died(why));
      }
    });
  }

  /** What the work gives; empty when that takes longer. */
  private <T> Optional<T> await(Callable<T> work, Duration atMost) throws InterruptedException {
    Future<T> done = thread.submit(work);
    try {
      return Optional.of(done.get(atMost.toNanos(), TimeUnit.NANOSECONDS));
    } catch (TimeoutException silence) {
      return Optional.empty();
    } catch (ExecutionException failure) {
      switch (failure.getCause()) {
        case RuntimeException why -> throw why;
        case Error why -> throw why;
        case null, default -> throw new IllegalStateException(failure);
      }
    }
  }

  /** What is being committed may still be, within seconds. */
  @Override
  public void close() {
    thread.shutdown();
    try {
      if (!thread.awaitTermination(ENDS_WITHIN.toSeconds(), TimeUnit.SECONDS)) {
        LOG.warn("a tick is left to the broker, which does not answer");
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
    thread.shutdownNow();
    transactions.close();
  }
}
