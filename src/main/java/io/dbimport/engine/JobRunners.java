package io.dbimport.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads that run jobs: each claims one, runs it, and looks for the next. What fails for now
 * is given up and claimed again, here or by another engine. Thread-safe.
 */
final class JobRunners implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(JobRunners.class);
  private static final Duration AFTER_FAILURE = Duration.ofSeconds(1);
  private static final Duration CLOSE_WITHIN = Duration.ofSeconds(20);

  private final JobStore store;
  private final JobRun run;
  private final EngineSettings settings;
  private final Semaphore work = new Semaphore(0);
  private final CountDownLatch stop = new CountDownLatch(1);
  private final List<Thread> threads = new ArrayList<>();

  JobRunners(JobStore store, JobRun run, EngineSettings settings) {
    this.store = store;
    this.run = run;
    this.settings = settings;
    for (int i = 0; i < settings.jobsAtOnce(); i++) {
      threads.add(Thread.ofVirtual().name("job-runner-" + i).start(this::runJobs));
    }
  }

  /** A job was accepted: somebody should look. */
  void wake() {
    work.release();
  }

  private void runJobs() {
    try {
      while (!stopping()) {
        if (!runOne()) {
          var _ = work.tryAcquire(settings.lookEvery().toMillis(), TimeUnit.MILLISECONDS);
        }
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  /** False when there was nothing to run. */
  private boolean runOne() throws InterruptedException {
    Optional<Job> claimed = Optional.empty();
    try {
      claimed = store.claim(settings.claimFor(), settings.jobsAtOncePerEnvironment());
      if (claimed.isEmpty()) {
        return false;
      }
      run.run(claimed.get(), this::stopping);
      // The end of this job may have made room for another that waited for it.
      work.release();
      return true;
    } catch (SQLException | IOException | UncheckedIOException forNow) {
      LOG.warn(
          "{} waits: {}",
          claimed.map(job -> "job " + job.id()).orElse("looking for jobs"),
          forNow.toString());
      if (claimed.isPresent()) {
        release(claimed.get());
      }
      var _ = stop.await(AFTER_FAILURE.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (RuntimeException bug) {
      LOG.error("a fault of ours in {}", claimed.map(job -> "job " + job.id()).orElse("?"), bug);
      claimed.ifPresent(this::fail);
      var _ = stop.await(AFTER_FAILURE.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    }
  }

  /** The same bug would meet it again, and every later job of its collection waits for it. */
  private void fail(Job job) {
    try {
      run.giveUp(job, "a fault of the server; its log has more");
    } catch (SQLException away) {
      LOG.info("job {} is tried again, since it cannot be ended: {}", job.id(), away.toString());
    }
  }

  /** Tries again: right after a break the pool may still give out connections that are dead. */
  private void release(Job job) throws InterruptedException {
    long runsOut = System.nanoTime() + settings.claimFor().toNanos();
    boolean stopped;
    do {
      try {
        store.release(job);
        return;
      } catch (SQLException away) {
        LOG.info("the claim of job {} is still held: {}", job.id(), away.toString());
      }
      stopped = stop.await(AFTER_FAILURE.toMillis(), TimeUnit.MILLISECONDS);
    } while (!stopped && System.nanoTime() < runsOut);
  }

  private boolean stopping() {
    return stop.getCount() == 0;
  }

  /** Lets running jobs commit their batch, and waits for that. */
  @Override
  public void close() {
    stop.countDown();
    work.release(threads.size());
    long giveUp = System.nanoTime() + CLOSE_WITHIN.toNanos();
    try {
      for (Thread thread : threads) {
        Duration left = Duration.ofNanos(Math.max(1, giveUp - System.nanoTime()));
        if (!thread.join(left)) {
          thread.interrupt();
        }
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      threads.forEach(Thread::interrupt);
    }
  }
}
