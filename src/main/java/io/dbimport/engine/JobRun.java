package io.dbimport.engine;

import io.dbimport.FileType;
import io.dbimport.JobStatus;
import io.dbimport.engine.FileRecord.Document;
import io.dbimport.engine.Job.Progress;
import io.dbimport.engine.RecordReader.Place;
import io.dbimport.engine.RecordReader.UnreadableFile;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import javax.sql.DataSource;

/**
 * Runs one claimed job from where it stands: batch after batch, each in one transaction with the
 * progress it makes. Killed at any moment, the next run goes on after the last committed batch.
 */
final class JobRun {
  private final DataSource database;
  private final JobStore store;
  private final Storage storage;
  private final EngineSettings settings;
  private final EngineMeters meters;
  private final RandomGenerator random;
  private final DocumentWriter writer = new DocumentWriter();

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
    Progress progress = job.progress();
    try (RecordReader reader = open(job)) {
      Filled filled;
      do {
        if (stopping.getAsBoolean()) {
          store.release(job);
          return;
        }
        filled = fill(job, reader);
        Optional<Progress> next = commit(job, reader, progress, filled);
        if (next.isEmpty()) {
          return;
        }
        progress = next.get();
      } while (filled.unreadable().isEmpty());
      throw filled.unreadable().get();
    } catch (UnreadableFile unreadable) {
      fail(job, joined(unreadable.problem().sentence(), progress.failures()));
    } catch (NoSuchFileException gone) {
      fail(job, joined("the file " + job.parameters().filePath() + " is gone", ""));
    }
  }

  private RecordReader open(Job job) throws IOException {
    Place place = job.progress().place();
    String env = job.parameters().env();
    String path = job.parameters().filePath();
    if (job.fileType() == FileType.JSON) {
      return new JsonRecords(storage.open(env, path, place.position()), place, random);
    }
    return new CsvRecords(storage.open(env, path, 0), place, settings.csvNumbers(), random);
  }

  /**
   * A batch as it was read.
   *
   * @param last whether nothing is to be read after it
   * @param unreadable why nothing can be read after it, though there is more
   */
  private record Filled(Batch batch, boolean last, Optional<UnreadableFile> unreadable) {}

  private Filled fill(Job job, RecordReader reader) throws IOException {
    Batch batch = new Batch(job.upserts(), settings.batchRecords());
    boolean stopOnError = job.parameters().stopOnError();
    try {
      while (!batch.full()) {
        Optional<FileRecord> record = reader.next();
        if (record.isEmpty()) {
          return new Filled(batch, true, Optional.empty());
        }
        batch.add(record.get());
        if (stopOnError && batch.hasFailures()) {
          return new Filled(batch, true, Optional.empty());
        }
      }
      return new Filled(batch, false, Optional.empty());
    } catch (UnreadableFile unreadable) {
      return new Filled(batch, false, Optional.of(unreadable));
    }
  }

  /** Writes the batch, its progress and, at the end, the job's end; empty when that was the end. */
  private Optional<Progress> commit(Job job, RecordReader reader, Progress before, Filled filled)
      throws SQLException {
    Batch batch = filled.batch();
    boolean last = filled.last();
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      try {
        Progress progress = before;
        boolean stopped = last && batch.hasFailures() && job.parameters().stopOnError();
        if (!batch.isEmpty()) {
          Batch.Result result = write(connection, job, batch);
          stopped |= job.parameters().stopOnError() && !result.failures().isEmpty();
          progress = before.plus(reader, result);
          if (!store.progress(connection, job, progress, settings.claimFor())) {
            connection.rollback();
            return Optional.empty();
          }
        }
        if (last || stopped) {
          end(connection, job, progress, stopped);
        }
        connection.commit();
        meters.committed(before, progress);
        return last || stopped ? Optional.empty() : Optional.of(progress);
      } catch (SQLException failure) {
        return failed(connection, job, before, failure);
      }
    }
  }

  /** Documents up to the first conflict when one conflict stops the job, else all of them. */
  private Batch.Result write(Connection connection, Job job, Batch batch) throws SQLException {
    var savepoint = connection.setSavepoint();
    List<Document> conflicts = writer.write(connection, job, batch.documents().values());
    if (conflicts.isEmpty() || !job.parameters().stopOnError()) {
      return batch.result(conflicts);
    }
    connection.rollback(savepoint);
    Document first = conflicts.getFirst();
    List<Document> before =
        batch.documents().values().stream().takeWhile(d -> !d.equals(first)).toList();
    writer.write(connection, job, before);
    return new Batch.Result(before.size(), List.of(Batch.conflict(first)));
  }

  private void end(Connection connection, Job job, Progress progress, boolean stopped)
      throws SQLException {
    boolean nothing = progress.succeeded() == 0 && progress.failed() > 0;
    if (stopped) {
      store.end(
          connection,
          job,
          JobStatus.FAIL,
          joined("stopped at the first error", progress.failures()));
    } else {
      String done = progress.failed() == 0 ? "import finished" : progress.failures();
      store.end(connection, job, nothing ? JobStatus.FAIL : JobStatus.SUCCESS, done);
    }
  }

  private Optional<Progress> failed(
      Connection connection, Job job, Progress before, SQLException failure) throws SQLException {
    if (Sql.mayWorkLater(failure)) {
      throw failure;
    }
    connection.rollback();
    String why =
        Sql.isUndefinedTable(failure)
            ? "the collection " + job.parameters().collectionName() + " is gone"
            : "the database refused a batch near line %d: %s"
                .formatted(before.place().line(), firstLine(failure));
    store.end(connection, job, JobStatus.FAIL, joined(why, before.failures()));
    connection.commit();
    return Optional.empty();
  }

  /** Ends the job as failed, unless the claim is lost. */
  void fail(Job job, String why) throws SQLException {
    try (Connection connection = database.getConnection()) {
      store.end(connection, job, JobStatus.FAIL, why);
    }
  }

  private static String firstLine(SQLException failure) {
    return String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
  }

  private static String joined(String first, String second) {
    return second.isEmpty() ? first : first + "; " + second;
  }
}
