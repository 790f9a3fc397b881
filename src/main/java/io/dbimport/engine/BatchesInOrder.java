package io.dbimport.engine;

import io.dbimport.JobStatus;
import io.dbimport.engine.BatchesAhead.Filled;
import io.dbimport.engine.FileRecord.Bad;
import io.dbimport.engine.Job.Ending;
import io.dbimport.engine.Job.Progress;
import java.io.InterruptedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Writes a job's batches, each in one transaction with the progress it makes. Two are in hand at
 * once, on connections of their own, for one process of PostgreSQL is slower than the reader; they
 * are committed in the order of the file, none without the one before it. A batch that has an
 * {@code _id} of the one before is written after it. Confined to one thread, beside its own.
 */
final class BatchesInOrder implements AutoCloseable {

  /**
   * What came of a batch.
   *
   * @param progress how far the job is
   * @param over whether the import ends with it, or belongs to somebody else
   * @param ending how, where the list of its failures is to be written first
   */
  record Step(Progress progress, boolean over, @Nullable Ending ending) {}

  private final DataSource database;
  private final JobStore store;
  private final EngineMeters meters;
  private final Duration claimFor;
  private final Job job;
  private final DocumentWriter writer;
  private final BatchSize size;
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("batch-writer-", 0).factory());
  private Future<Step> newest;
  private @Nullable Batch newestBatch;

  BatchesInOrder(
      DataSource database,
      JobStore store,
      EngineSettings settings,
      EngineMeters meters,
      Job job,
      BatchSize size) {
    this.database = database;
    this.store = store;
    this.meters = meters;
    this.claimFor = settings.claimFor();
    this.job = job;
    this.writer = new DocumentWriter(job, settings.onUpsert());
    this.size = size;
    this.newest = CompletableFuture.completedFuture(new Step(job.progress(), false, null));
  }

  /**
   * Begins to write the next batch, and waits for the end of the one before it.
   *
   * @return what came of the one before; after one that is over nothing is written any more
   * @throws SQLException when the database failed in a way that may pass
   * @throws InterruptedIOException when the thread is interrupted
   */
  Step write(Filled filled) throws SQLException, InterruptedIOException {
    Future<Step> before = newest;
    boolean apart = newestBatch == null || filled.batch().rows().apartFrom(newestBatch.rows());
    // Taken here, in the file's order: none waits for a connection that a later one has.
    Connection connection = database.getConnection();
    newest = threads.submit(() -> written(connection, filled, apart, before));
    newestBatch = filled.batch();
    return await(before);
  }

  /** Waits for all that was begun. Returns what came of the last. */
  Step finish() throws SQLException, InterruptedIOException {
    return await(newest);
  }

  private static Step await(Future<Step> step) throws SQLException, InterruptedIOException {
    try {
      return step.get();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("the engine closes");
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof SQLException failure) {
        throw failure;
      }
      if (failed.getCause() instanceof InterruptedIOException stopped) {
        throw stopped;
      }
      throw new IllegalStateException("a batch cannot be written", failed.getCause());
    }
  }

  /**
   * Writes a batch, and commits it when the one before it is committed.
   *
   * @param apart whether it may be written before that
   */
  private Step written(Connection connection, Filled filled, boolean apart, Future<Step> before)
      throws SQLException, InterruptedIOException {
    long start = System.nanoTime();
    try (connection) {
      connection.setAutoCommit(false);
      try {
        if (!apart) {
          await(before);
        }
        store.name(connection, job);
        Batch.Result result = writer.write(connection, filled.batch());
        Step step = await(before);
        if (!step.over()) {
          step = commit(connection, filled, result, step.progress());
          size.written(System.nanoTime() - start);
        }
        return step;
      } catch (SQLException failure) {
        Step step = await(before);
        return step.over() ? step : failed(connection, step.progress(), failure);
      }
    }
  }

  /** Commits what was written with its progress and, at the end, the job's end. */
  private Step commit(Connection connection, Filled filled, Batch.Result result, Progress before)
      throws SQLException {
    List<Problem> problems = result.failures().stream().map(Bad::problem).toList();
    boolean stopped = !problems.isEmpty() && job.parameters().stopOnError();
    Progress progress = before.plus(filled.place(), result);
    if (!store.progress(connection, job, progress, claimFor)) {
      connection.rollback();
      return new Step(before, true, null);
    }
    if (!problems.isEmpty()) {
      store.refused(connection, job, before.failed(), problems);
    }
    Ending ending = filled.last() || stopped ? ending(progress, stopped) : null;
    boolean listed =
        ending != null && store.endOrList(connection, job, ending, progress.failed() > 0, claimFor);
    connection.commit();
    meters.committed(before, progress);
    return new Step(progress, ending != null, listed ? ending : null);
  }

  private static Ending ending(Progress progress, boolean stopped) {
    if (stopped) {
      return new Ending(JobStatus.FAIL, progress.told("stopped at the first error"));
    }
    boolean nothing = progress.succeeded() == 0 && progress.failed() > 0;
    return new Ending(
        nothing ? JobStatus.FAIL : JobStatus.SUCCESS,
        progress.failed() == 0 ? "import finished" : progress.failures());
  }

  private Step failed(Connection connection, Progress before, SQLException failure)
      throws SQLException {
    if (Sql.mayWorkLater(failure)) {
      throw failure;
    }
    connection.rollback();
    String why =
        Sql.isUndefinedTable(failure)
            ? "the collection " + job.parameters().collectionName() + " is gone"
            : "the database refused a batch near line %d: %s"
                .formatted(before.place().line(), firstLine(failure));
    Ending ending = new Ending(JobStatus.FAIL, before.told(why));
    boolean listed = store.endOrList(connection, job, ending, before.failed() > 0, claimFor);
    connection.commit();
    return new Step(before, true, listed ? ending : null);
  }

  private static String firstLine(SQLException failure) {
    return String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
  }

  /** Waits for what was begun; after a failure nothing of that is committed. */
  @Override
  public void close() {
    threads.shutdown();
    try {
      if (!threads.awaitTermination(claimFor.toMillis(), TimeUnit.MILLISECONDS)) {
        threads.shutdownNow();
      }
    } catch (InterruptedException stopped) {
      threads.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
