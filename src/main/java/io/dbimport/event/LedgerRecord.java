package io.dbimport.event;

import io.dbimport.Outcome;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One record of the ledger. Its key is the delivery: id of the source topic and offset (the
 * partition is the ledger record's own). Immutable.
 */
public sealed interface LedgerRecord {

  /** Id of the source topic, as the broker gives it: a topic made anew is another topic. */
  String topicId();

  /** Offset of the delivery. */
  long offset();

  /** The request's own id. */
  String requestId();

  /** What a delivery without an outcome waits for. */
  enum OpenState {
    /** It may be called from now on: whoever finds no reply to this attempt does not know. */
    INTENT,
    /** The attempt of the last intent was not made after all. */
    NOT_SENT,
    /** It waits, and its bytes are to be read again. */
    PARKED
  }

  /**
   * The delivery has no outcome yet.
   *
   * @param content what the request says, in 64 bits
   * @param appId as in the request
   * @param env as in the request
   * @param collectionName as in the request
   * @param progress the attempt of an intent included
   */
  record Open(
      String topicId,
      long offset,
      OpenState state,
      String requestId,
      long content,
      @Nullable String appId,
      String env,
      String collectionName,
      Progress progress)
      implements LedgerRecord {}

  /**
   * The delivery ended in an accepted job, which is to be followed.
   *
   * @param content what the request says, in 64 bits
   * @param duplicate whether it is answered by an earlier delivery's job, which is not its own
   */
  record Accepted(String topicId, AcceptedJob job, long content, boolean duplicate)
      implements LedgerRecord {
    @Override
    public long offset() {
      return job.source().offset();
    }

    @Override
    public String requestId() {
      return job.request().requestId();
    }
  }

  /**
   * The delivery failed for good.
   *
   * @param content what the request says, in 64 bits; 0 when it could not be read
   * @param at when
   * @param duplicate whether it is answered as an earlier delivery was
   */
  record Failed(
      String topicId,
      long offset,
      String requestId,
      long content,
      Outcome.Failed failed,
      Instant at,
      boolean duplicate)
      implements LedgerRecord {}

  /**
   * The job of an accepted delivery has ended and its finished event is published.
   *
   * @param content what the request says, in 64 bits
   * @param attempts calls made, at least 1
   * @param acceptedAt when the API took it
   */
  record Ended(
      String topicId,
      long offset,
      String requestId,
      long content,
      long jobId,
      int attempts,
      Instant acceptedAt,
      String status)
      implements LedgerRecord {}
}
