package io.dbimport.engine;

import io.dbimport.JobStatus;
import io.dbimport.engine.Job.Progress;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an engine counts: records as their batches are committed, and the jobs of the database by
 * status. Thread-safe.
 *
 * <p>The jobs are read at most every few seconds, and only when somebody asks. A database that is
 * away, or silent, delays nobody by more than a moment; the jobs are not a number then.
 */
final class EngineMeters {
  private static final Logger LOG = LoggerFactory.getLogger(EngineMeters.class);
  private static final Duration READ_EVERY = Duration.ofSeconds(3);
  private static final Duration WAIT_AT_MOST = Duration.ofMillis(300);

  /** Counts jobs; blocks as long as the database does. */
  interface JobCounts {
    Map<JobStatus, Long> read() throws SQLException;
  }

  private final JobCounts jobs;
  private final Counter succeeded;
  private final Counter failed;

  /** Empty while the database has not answered. */
  private volatile Map<JobStatus, Long> known = Map.of();

  /** Guarded by this, like what follows. */
  private Thread reading = new Thread();

  private long readNanos;
  private boolean everRead;

  private EngineMeters(MeterRegistry registry, JobCounts jobs) {
    this.jobs = jobs;
    this.succeeded = records(registry, "success");
    this.failed = records(registry, "fail");
  }

  /** Meters in this registry, for as long as it lives. */
  static EngineMeters in(MeterRegistry registry, JobCounts jobs) {
    EngineMeters meters = new EngineMeters(registry, jobs);
    for (JobStatus status : JobStatus.values()) {
      Gauge.builder("dbimport.jobs", () -> meters.jobs(status))
          .description("jobs in the database")
          .tag("state", status.tag())
          .strongReference(true)
          .register(registry);
    }
    return meters;
  }

  /** A batch is committed that took a job from here to there. */
  void committed(Progress before, Progress after) {
    succeeded.increment((double) (after.succeeded() - before.succeeded()));
    failed.increment((double) (after.failed() - before.failed()));
  }

  private double jobs(JobStatus status) {
    refresh();
    Map<JobStatus, Long> now = known;
    return now.isEmpty() ? Double.NaN : now.getOrDefault(status, 0L);
  }

  private synchronized void refresh() {
    long now = System.nanoTime();
    if (reading.isAlive() || (everRead && now - readNanos < READ_EVERY.toNanos())) {
      return;
    }
    readNanos = now;
    everRead = true;
    reading = Thread.ofVirtual().name("job-counts").start(this::read);
    try {
      // The one who asks first waits a moment for fresh numbers; nobody waits for a silent
      // database.
      if (!reading.join(WAIT_AT_MOST)) {
        known = Map.of();
      }
    } catch (InterruptedException stopping) {
      Thread.currentThread().interrupt();
    }
  }

  private void read() {
    try {
      Map<JobStatus, Long> counts = jobs.read();
      known = counts.isEmpty() ? Map.of(JobStatus.WAITING, 0L) : Map.copyOf(counts);
    } catch (SQLException away) {
      LOG.warn("the jobs cannot be counted: {}", away.toString());
      known = Map.of();
    }
  }

  private static Counter records(MeterRegistry registry, String result) {
    return Counter.builder("dbimport.records")
        .description("records of files by what became of them")
        .tag("result", result)
        .register(registry);
  }
}
