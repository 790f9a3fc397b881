package io.dbimport.engine;

import io.dbimport.FileType;
import io.dbimport.JobStatus;
import io.dbimport.engine.BatchesAhead.Filled;
import io.dbimport.engine.FailureList.ClaimLost;
import io.dbimport.engine.FailureList.DatabaseFailed;
import io.dbimport.engine.FileRecord.Bad;
import io.dbimport.engine.Job.Ending;
import io.dbimport.engine.Job.Progress;
import io.dbimport.engine.RecordReader.Place;
import io.dbimport.engine.Storage.FileChanged;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.NoSuchFileException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one claimed job from where it stands: batch after batch, each in one transaction with the
 * progress it makes. Killed at any moment, the next run goes on after the last committed batch.
 */
final class JobRun {
  private static final Logger LOG = LoggerFactory.getLogger(JobRun.class);

  private final DataSource database;
  private final JobStore store;
  private final Storage storage;
  private final EngineSettings settings;
  private final EngineMeters meters;
  private final RandomGenerator random;

  JobRun(
      DataSource database,
      JobStore store,
      Storage storage,
      EngineSettings settings,
      EngineMeters meters,
      RandomGenerator random) {
    this.database = database;
    this.store = store;
    this.storage = storage;
    this.settings = settings;
    this.meters = meters;
    this.random = random;
  }

  /**
   * Runs until the job ends, the claim is lost, or it is told to stop.
   *
   * @param stopping asked between batches
   * @throws SQLException when the database fails in a way that may pass
   * @throws IOException when the storage fails in a way that may pass
   */
  void run(Job job, BooleanSupplier stopping) throws SQLException, IOException {
    Ending ending = job.ending();
    if (ending != null) {
      writeList(job, ending);
      return;
    }
    Progress progress = job.progress();
    DocumentWriter writer = new DocumentWriter(job, settings.onUpsert());
    BatchSize size = new BatchSize(settings.batchRecords(), settings.claimFor());
    try (BatchesAhead batches = read(job, size)) {
      Filled filled;
      do {
        if (stopping.getAsBoolean()) {
          store.release(job);
          return;
        }
        filled = batches.next();
        long start = System.nanoTime();
        Step step = commit(job, writer, progress, filled);
        size.written(System.nanoTime() - start);
        if (step.over()) {
          if (step.ending() != null) {
            writeList(job, step.ending());
          }
          return;
        }
        progress = step.progress();
      } while (filled.unreadable().isEmpty());
      Problem problem = filled.unreadable().get().problem();
      fail(job, progress, joined(problem.sentence(), progress.failures()), List.of(problem));
    } catch (NoSuchFileException gone) {
      String why = "the file " + job.parameters().filePath() + " is gone";
      fail(job, progress, joined(why, progress.failures()), List.of());
    } catch (FileChanged replaced) {
      String why =
          "the file %s was replaced after the job was accepted; nothing of the new one is imported"
              .formatted(job.parameters().filePath());
      fail(job, progress, joined(why, progress.failures()), List.of());
    }
  }

  /**
   * What came of a batch.
   *
   * @param over whether the import ends with it, or belongs to somebody else
   * @param ending how, where the list of its failures is to be written first
   */
  private record Step(Progress progress, boolean over, @Nullable Ending ending) {}

  private BatchesAhead read(Job job, BatchSize size) throws IOException {
    return new BatchesAhead(
        open(job),
        () -> new Batch(Batch.Same.of(job, settings), size.records()),
        job.parameters().stopOnError());
  }

  private RecordReader open(Job job) throws IOException {
    Place place = job.progress().place();
    String env = job.parameters().env();
    String path = job.parameters().filePath();
    String version =
        job.fileVersion() == null ? storage.look(env, path).version() : job.fileVersion();
    if (job.fileType() == FileType.JSON) {
      return new JsonRecords(storage.open(env, path, version, place.position()), place, random);
    }
    return new CsvRecords(
        storage.open(env, path, version, 0), place, settings.csvNumbers(), random);
  }

  /** Writes the batch, its progress and, at the end, the job's end. */
  private Step commit(Job job, DocumentWriter writer, Progress before, Filled filled)
      throws SQLException {
    Batch batch = filled.batch();
    boolean last = filled.last();
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      try {
        Progress progress = before;
        boolean stopped = last && batch.hasFailures() && job.parameters().stopOnError();
        if (!batch.isEmpty()) {
          store.name(connection, job);
          Batch.Result result = writer.write(connection, batch);
          stopped |= job.parameters().stopOnError() && !result.failures().isEmpty();
          progress = before.plus(filled.place(), result);
          if (!store.progress(connection, job, progress, settings.claimFor())) {
            connection.rollback();
            return new Step(before, true, null);
          }
          if (!result.failures().isEmpty()) {
            List<Problem> problems = result.failures().stream().map(Bad::problem).toList();
            store.refused(connection, job, before.failed(), problems);
          }
        }
        Ending ending = last || stopped ? ending(progress, stopped) : null;
        boolean listed = ending != null && end(connection, job, ending, progress.failed() > 0);
        connection.commit();
        meters.committed(before, progress);
        return new Step(progress, ending != null, listed ? ending : null);
      } catch (SQLException failure) {
        return failed(connection, job, before, failure);
      }
    }
  }

  private static Ending ending(Progress progress, boolean stopped) {
    if (stopped) {
      return new Ending(JobStatus.FAIL, joined("stopped at the first error", progress.failures()));
    }
    boolean nothing = progress.succeeded() == 0 && progress.failed() > 0;
    return new Ending(
        nothing ? JobStatus.FAIL : JobStatus.SUCCESS,
        progress.failed() == 0 ? "import finished" : progress.failures());
  }

  /** Ends the job, or notes how it ends once its list is written; whether it has one. */
  private boolean end(Connection connection, Job job, Ending ending, boolean listed)
      throws SQLException {
    if (listed) {
      return store.ending(connection, job, ending, settings.claimFor());
    }
    store.end(connection, job, ending, false);
    return false;
  }

  private Step failed(Connection connection, Job job, Progress before, SQLException failure)
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
    Ending ending = new Ending(JobStatus.FAIL, joined(why, before.failures()));
    boolean listed = end(connection, job, ending, before.failed() > 0);
    connection.commit();
    return new Step(before, true, listed ? ending : null);
  }

  /** The job ends as failed, for a reason of the whole file. */
  private void fail(Job job, Progress progress, String why, List<Problem> problems)
      throws SQLException, IOException {
    Ending ending = new Ending(JobStatus.FAIL, why);
    boolean listed;
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      listed = end(connection, job, ending, progress.failed() > 0 || !problems.isEmpty());
      // Only while the claim holds: the list belongs to whoever has the job.
      if (listed && !problems.isEmpty()) {
        store.refused(connection, job, progress.failed(), problems);
      }
      connection.commit();
    }
    if (listed) {
      writeList(job, ending);
    }
  }

  /**
   * Writes the list of what was refused beside the file, and ends the job. A storage that does not
   * take it keeps no job open: the next of its collection waits.
   */
  private void writeList(Job job, Ending ending) throws SQLException, IOException {
    String path = FailureList.path(job.parameters().filePath());
    FailureList list = new FailureList(store.failures(job, settings.claimFor()));
    String told;
    boolean listed = false;
    try {
      storage.store(job.parameters().env(), path, list);
      listed = true;
      told = "all of them: " + path;
    } catch (ClaimLost elsewhere) {
      return;
    } catch (DatabaseFailed failure) {
      throw failure.why();
    } catch (IOException | IllegalArgumentException refused) {
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException("the engine closes");
      }
      LOG.warn("the list of the failures of job {} is not written", job.id(), refused);
      told = "the whole list could not be written to " + path;
    }
    try (Connection connection = database.getConnection()) {
      Ending end = new Ending(ending.status(), joined(ending.text(), told));
      store.end(connection, job, end, listed);
    }
  }

  /** Ends the job as failed, unless the claim is lost; there is no list of its failures. */
  void giveUp(Job job, String why) throws SQLException {
    try (Connection connection = database.getConnection()) {
      store.end(connection, job, new Ending(JobStatus.FAIL, why), false);
    }
  }

  private static String firstLine(SQLException failure) {
    return String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
  }

  private static String joined(String first, String second) {
    return second.isEmpty() ? first : first + "; " + second;
  }
}
