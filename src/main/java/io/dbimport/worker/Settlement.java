package io.dbimport.worker;

import io.dbimport.Outcome;
import io.dbimport.event.AcceptedJob;
import io.dbimport.event.Decoding;
import io.dbimport.event.Delivery;
import io.dbimport.event.JobEnd;
import java.time.Instant;

/**
 * Something that is known for good and waits to be published and committed. Immutable.
 *
 * <p>It belongs to one assignment of its partition: after the partition was given up it is
 * nobody's.
 */
public sealed interface Settlement {

  /** Partition of the request topic. */
  int partition();

  /** The assignment it belongs to. */
  long epoch();

  /** A delivery has its outcome. */
  record Settled(long epoch, Delivery delivery, Decoding decoding, Outcome outcome, Instant at)
      implements Settlement {
    @Override
    public int partition() {
      return delivery.source().partition();
    }
  }

  /** A job that was followed has ended. */
  record JobOver(long epoch, AcceptedJob job, JobEnd end, Instant at) implements Settlement {
    @Override
    public int partition() {
      return job.source().partition();
    }
  }
}
