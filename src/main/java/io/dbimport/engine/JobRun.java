package io.dbimport.engine;

import io.dbimport.FileType;
import io.dbimport.JobStatus;
import io.dbimport.engine.BatchesAhead.Filled;
import io.dbimport.engine.BatchesInOrder.Step;
import io.dbimport.engine.FailureList.ClaimLost;
import io.dbimport.engine.FailureList.DatabaseFailed;
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
    BatchSize size = new BatchSize(settings.batchRecords(), settings.claimFor());
    try (BatchesInOrder writing =
        new BatchesInOrder(database, store, settings, meters, job, size)) {
      ReadingEnd read = readAndWrite(job, size, writing, stopping);
      Step step = writing.finish();
      if (step.over()) {
        if (step.ending() != null) {
          writeList(job, step.ending());
        }
      } else if (read.why().isEmpty()) {
        store.release(job);
      } else {
        fail(job, step.progress(), read);
      }
    }
  }

  /**
   * Why no more of a file is read.
   *
   * @param why it cannot be read further; empty when it can, or has been to its end
   * @param problems of the file, for the list of its failures
   */
  private record ReadingEnd(String why, List<Problem> problems) {
    static final ReadingEnd NO_FAULT = new ReadingEnd("", List.of());
  }

  private ReadingEnd readAndWrite(
      Job job, BatchSize size, BatchesInOrder writing, BooleanSupplier stopping)
      throws SQLException, IOException {
    String path = job.parameters().filePath();
    try (BatchesAhead batches = read(job, size)) {
      boolean more = true;
      while (more && !stopping.getAsBoolean()) {
        Filled filled = batches.next();
        Step before = writing.write(filled);
        if (filled.unreadable().isPresent()) {
          Problem problem = filled.unreadable().get().problem();
          return new ReadingEnd(problem.sentence(), List.of(problem));
        }
        more = !filled.last() && !before.over();
      }
      return ReadingEnd.NO_FAULT;
    } catch (NoSuchFileException gone) {
      return new ReadingEnd("the file " + path + " is gone", List.of());
    } catch (FileChanged replaced) {
      String why =
          "the file %s was replaced after the job was accepted; nothing of the new one is imported"
              .formatted(path);
      return new ReadingEnd(why, List.of());
    }
  }

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

  /** The job ends as failed, for a reason of the whole file. */
  private void fail(Job job, Progress progress, ReadingEnd read) throws SQLException, IOException {
    List<Problem> problems = read.problems();
    boolean hasList = progress.failed() > 0 || !problems.isEmpty();
    Ending ending = new Ending(JobStatus.FAIL, progress.told(read.why()));
    boolean listed;
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      listed = store.endOrList(connection, job, ending, hasList, settings.claimFor());
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
      Ending end = new Ending(ending.status(), ending.text() + "; " + told);
      store.end(connection, job, end, listed);
    }
  }

  /** Ends the job as failed, unless the claim is lost; there is no list of its failures. */
  void giveUp(Job job, String why) throws SQLException {
    try (Connection connection = database.getConnection()) {
      store.end(connection, job, new Ending(JobStatus.FAIL, why), false);
    }
  }
}
