package io.dbimport.kafka;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RetriableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads ledgers beside the loop, a few at a time, and brings them back through the queue.
 * Thread-safe.
 */
final class Restores implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Restores.class);
  private static final int READ_AT_ONCE = 4;
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final LedgerReader ledger;
  private final WorkerMeters meters;
  private final BlockingQueue<Inbound> inbox;
  private final Milestone.Listener milestones;

  /** For reading ledgers; who only waits for an earlier owner's calls to end needs none. */
  private final Semaphore reading = new Semaphore(READ_AT_ONCE);

  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(
          Thread.ofPlatform().daemon().name("restore-", 0).factory());

  Restores(
      LedgerReader ledger,
      WorkerMeters meters,
      BlockingQueue<Inbound> inbox,
      Milestone.Listener milestones) {
    this.milestones = milestones;
    this.ledger = ledger;
    this.meters = meters;
    this.inbox = inbox;
  }

  void start(int partition, long epoch) {
    threads.execute(() -> read(partition, epoch));
  }

  private void read(int partition, long epoch) {
    try {
      while (true) {
        long began = System.nanoTime();
        reading.acquire();
        AtomicBoolean held = new AtomicBoolean(true);
        try {
          LedgerReader.Read read =
              ledger.restore(
                  partition,
                  () -> {
                    letOthersRead(held);
                    meters.restored(Duration.ofNanos(System.nanoTime() - began));
                    milestones.reached(Milestone.LEDGER_READ);
                  });
          inbox.add(new Inbound.Restore(partition, epoch, read));
          return;
        } catch (LedgerReader.Lost lost) {
          inbox.add(
              new Inbound.RestoreRefused(partition, epoch, String.valueOf(lost.getMessage())));
          return;
        } catch (RetriableException silence) {
          LOG.warn("the ledger of partition {} is read again: {}", partition, silence.toString());
          letOthersRead(held);
          Thread.sleep(PAUSE);
        } finally {
          letOthersRead(held);
        }
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    } catch (Error broken) {
      inbox.add(new Inbound.Died(broken));
    } catch (RuntimeException failure) {
      inbox.add(
          new Inbound.RestoreFailed(
              partition,
              epoch,
              new KafkaException("the ledger of partition " + partition + " fails", failure)));
    }
  }

  private void letOthersRead(AtomicBoolean held) {
    if (held.getAndSet(false)) {
      reading.release();
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
