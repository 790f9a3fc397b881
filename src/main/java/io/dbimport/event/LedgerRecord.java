package io.dbimport.event;

import io.dbimport.Outcome;

/**
 * One record of the ledger. Its key is the delivery: id of the source topic and offset (the
 * partition is the ledger record's own). Immutable.
 */
public sealed interface LedgerRecord {

  /** Id of the source topic, as the broker gives it: a topic made anew is another topic. */
  String topicId();

  /** Offset of the delivery. */
  long offset();

  /** The delivery ended in an accepted job, which is to be followed. */
  record Accepted(String topicId, AcceptedJob job, int attempts) implements LedgerRecord {
    @Override
    public long offset() {
      return job.source().offset();
    }
  }

  /** The delivery failed for good. */
  record Failed(String topicId, long offset, String requestId, Outcome.Failed failed)
      implements LedgerRecord {}

  /** The job of an accepted delivery has ended and its finished event is published. */
  record Ended(String topicId, long offset, String requestId, long jobId, String status)
      implements LedgerRecord {}
}
