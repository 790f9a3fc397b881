package io.dbimport.kafka;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;

/** A thread beside the loop, which ends the loop when it breaks. Thread-safe. */
final class Background {
  private static final Duration LAST_READ = Duration.ofSeconds(1);

  private final Thread thread;

  private Background(Thread thread) {
    this.thread = thread;
  }

  static Background start(String name, BlockingQueue<Inbound> inbox, Runnable work) {
    return new Background(
        Thread.ofPlatform()
            .daemon()
            .name(name)
            .start(() -> {
              try {
                work.run();
              } catch (RuntimeException | Error broken) {
                inbox.add(new Inbound.Died(broken));
              }
            }));
  }

  /**
   * Waits a second at most for its end, having told it. No interrupt tells it: that would hit the
   * close of its Kafka client too, which then logs an error.
   */
  void awaitEnd() {
    try {
      var _ = thread.join(LAST_READ);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }
}
