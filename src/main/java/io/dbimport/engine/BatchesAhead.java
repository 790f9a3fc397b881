package io.dbimport.engine;

import io.dbimport.engine.RecordReader.Place;
import io.dbimport.engine.RecordReader.UnreadableFile;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Optional;
import java.util.concurrent.SynchronousQueue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads a job's batches, one ahead of the one that is being written. Confined to the thread that
 * made it, beside its own.
 */
final class BatchesAhead implements AutoCloseable {

  /**
   * A batch as it was read.
   *
   * @param place where reading stood after it
   * @param last whether nothing is to be read after it
   * @param unreadable why nothing can be read after it, though there is more
   */
  record Filled(Batch batch, Place place, boolean last, Optional<UnreadableFile> unreadable) {}

  /**
   * What came of reading.
   *
   * @param filled null when it failed
   * @param failure an {@link IOException} or a {@link RuntimeException}, or null
   */
  private record Read(@Nullable Filled filled, @Nullable Exception failure) {}

  private final RecordReader reader;
  private final Supplier<Batch> empty;
  private final boolean stopOnError;
  private final SynchronousQueue<Read> reads = new SynchronousQueue<>();
  private final Thread thread;

  /**
   * Begins to read.
   *
   * @param reader is closed when nothing more is read
   * @param empty makes batches
   * @param stopOnError whether the batch of the first broken record is the last
   */
  BatchesAhead(RecordReader reader, Supplier<Batch> empty, boolean stopOnError) {
    this.reader = reader;
    this.empty = empty;
    this.stopOnError = stopOnError;
    this.thread = Thread.ofVirtual().name("batches-ahead").start(this::readAll);
  }

  /**
   * The next batch; none is asked for after the last.
   *
   * @throws IOException when the storage fails
   */
  Filled next() throws IOException {
    Read read;
    try {
      read = reads.take();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("the engine closes");
    }
    if (read.filled() != null) {
      return read.filled();
    }
    if (read.failure() instanceof IOException failure) {
      throw failure;
    }
    throw new IllegalStateException("a batch cannot be read", read.failure());
  }

  private void readAll() {
    try (reader) {
      Filled filled;
      do {
        filled = fill();
        var _ = filled.batch().rows();
        reads.put(new Read(filled, null));
      } while (!filled.last() && filled.unreadable().isEmpty());
    } catch (IOException | RuntimeException failure) {
      failed(failure);
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt();
    }
  }

  private void failed(Exception failure) {
    try {
      reads.put(new Read(null, failure));
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt();
    }
  }

  private Filled fill() throws IOException {
    Batch batch = empty.get();
    try {
      while (!batch.full()) {
        Optional<FileRecord> record = reader.next();
        if (record.isEmpty()) {
          return new Filled(batch, reader.place(), true, Optional.empty());
        }
        batch.add(record.get());
        if (stopOnError && batch.hasFailures()) {
          return new Filled(batch, reader.place(), true, Optional.empty());
        }
      }
      return new Filled(batch, reader.place(), false, Optional.empty());
    } catch (UnreadableFile unreadable) {
      return new Filled(batch, reader.place(), false, Optional.of(unreadable));
    }
  }

  /** Stops reading; the reader is closed when its thread has ended, which is not waited for. */
  @Override
  public void close() {
    thread.interrupt();
  }
}
