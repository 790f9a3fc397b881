package io.dbimport.worker;

import io.dbimport.ImportRequest;
import io.dbimport.Outcome;
import io.dbimport.event.AcceptedJob;
import io.dbimport.event.Decoding;
import io.dbimport.event.Delivery;
import io.dbimport.event.JobEnd;
import io.dbimport.event.LedgerRecord.OpenState;
import io.dbimport.event.Progress;
import io.dbimport.event.Source;
import java.time.Instant;

/**
 * Something that waits to be committed: what one tick writes down. Immutable.
 *
 * <p>It belongs to one assignment of its partition: after the partition was given up it is
 * nobody's.
 */
public sealed interface Entry {

  /** Partition of the request topic. */
  int partition();

  /** The assignment it belongs to. */
  long epoch();

  /**
   * A call that starts when this is committed: with an intent where the request is not rerun-safe,
   * else only so that the partition is known to be ours still.
   */
  record Admitted(long epoch, Call call, Progress progress) implements Entry {
    @Override
    public int partition() {
      return call.source().partition();
    }
  }

  /**
   * A delivery without an outcome: its last intent is taken back, or it is parked.
   *
   * @param key names the request and what it says
   */
  record Marked(
      long epoch,
      Source source,
      OpenState state,
      ImportRequest request,
      RequestKey key,
      Progress progress)
      implements Entry {
    @Override
    public int partition() {
      return source.partition();
    }
  }

  /**
   * A delivery has its outcome.
   *
   * @param at when the API answered, or when it failed
   * @param content what the request says; 0 when it could not be read
   * @param duplicate whether it is answered as an earlier delivery of the same request was
   * @param tracked whether the partition's frontier waits for it
   */
  record Settled(
      long epoch,
      Delivery delivery,
      Decoding decoding,
      Outcome outcome,
      Instant at,
      long content,
      boolean duplicate,
      boolean tracked)
      implements Entry {
    @Override
    public int partition() {
      return delivery.source().partition();
    }
  }

  /** A delivery whose outcome was published as unknown had been accepted after all. */
  record Resolved(long epoch, AcceptedJob job, Instant requestedAt) implements Entry {
    @Override
    public int partition() {
      return job.source().partition();
    }
  }

  /** A job that was followed has ended. */
  record JobOver(long epoch, AcceptedJob job, JobEnd end, Instant at) implements Entry {
    @Override
    public int partition() {
      return job.source().partition();
    }
  }
}
