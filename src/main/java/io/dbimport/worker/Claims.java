package io.dbimport.worker;

import io.dbimport.ErrorClass;
import io.dbimport.ErrorCode;
import io.dbimport.Outcome;
import io.dbimport.Outcome.Failed;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.event.Decoding.Invalid;
import io.dbimport.event.Decoding.Valid;
import io.dbimport.event.EventEncoder;
import io.dbimport.event.ReadableFields;
import io.dbimport.worker.Entry.Settled;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who may use a request id in one partition: the first delivery of it, until that failed. Confined
 * to the loop thread.
 */
final class Claims {

  /** What a delivery may do with its request id. Immutable. */
  sealed interface Claim {
    /** Go on: the id is its own. */
    record Granted() implements Claim {}

    /** Wait for an earlier delivery in its lane. */
    record Waits() implements Claim {}

    /** It has its outcome, which is that of an earlier delivery. */
    record Answered(Outcome outcome, Instant at) implements Claim {}

    /** The id stands for another request. */
    record Refused(Failed failed) implements Claim {}
  }

  private static final Claim.Granted GRANTED = new Claim.Granted();
  private static final Claim.Waits WAITS = new Claim.Waits();

  private final Remembered remembered;

  /** How they failed, by the offset of the delivery whose outcome is unknown. */
  private final Map<Long, Restored.Unknown> unknown;

  Claims(Remembered remembered, Map<Long, Restored.Unknown> unknown) {
    this.remembered = remembered;
    this.unknown = unknown;
  }

  /** A delivery was polled, or read again: it claims its id unless another one has it. */
  Claim claim(RequestKey key, long offset) {
    return claim(key, offset, false);
  }

  /** It is first in its lane: who claimed the id after it and waits behind it has to yield. */
  Claim claimFirst(RequestKey key, long offset) {
    return claim(key, offset, true);
  }

  private Claim claim(RequestKey key, long offset, boolean first) {
    Remembered.Entry known = remembered.find(key);
    if (known == null) {
      remembered.open(key, offset);
      return GRANTED;
    }
    if (known.content() != key.content()) {
      return new Claim.Refused(otherContent(known));
    }
    return switch (known.state()) {
      case OPEN -> {
        if (known.offset() == offset) {
          yield GRANTED;
        }
        if (!first) {
          yield WAITS;
        }
        remembered.forget(key);
        remembered.open(key, offset);
        yield GRANTED;
      }
      case ACCEPTED ->
          new Claim.Answered(new JobAccepted(known.jobId(), known.attempts()), known.acceptedAt());
      case UNKNOWN -> {
        Restored.Unknown failure = unknown.get(known.offset());
        yield new Claim.Answered(
            failure == null ? notKnown(known.attempts()) : failure.failed(), known.acceptedAt());
      }
    };
  }

  /** The delivery has its outcome: a failed one frees the id. */
  void settled(RequestKey key, String requestId, long offset, Outcome outcome, Instant at) {
    switch (outcome) {
      case JobAccepted(long jobId, int attempts) ->
          remembered.accepted(key, offset, jobId, at, attempts);
      case Failed failed when failed.errorClass() == ErrorClass.OUTCOME_UNKNOWN -> {
        remembered.unknown(key, offset, at, failed.attempts());
        unknown.put(offset, new Restored.Unknown(requestId, failed));
      }
      case Failed _ -> {
        Remembered.Entry known = remembered.find(key);
        if (known != null && known.offset() == offset) {
          remembered.forget(key);
        }
      }
    }
  }

  /**
   * What is written down instead of an outcome that cannot be, for a fault of ours: the request
   * failed by it. Unknown stays unknown, or a request of the same id would be called.
   */
  Settled faulted(Settled settled, String what, Moment now) {
    Outcome outcome = settled.outcome();
    Failed failed =
        switch (outcome) {
          case JobAccepted(long jobId, int attempts) ->
              Decided.internal("accepted as job " + jobId + ", but " + what, attempts);
          case Failed(int code, String _, ErrorClass errorClass, String _, int attempts)
              when errorClass == ErrorClass.OUTCOME_UNKNOWN ->
              new Failed(code, ErrorCode.SYSTEM_ERROR.message(), errorClass, what, attempts);
          case Failed _ -> Decided.internal(what, outcome.attempts());
        };
    String requestId = EventEncoder.requestId(settled.decoding());
    if (!settled.duplicate() && settled.decoding() instanceof Valid valid) {
      long offset = settled.delivery().source().offset();
      settled(RequestKey.of(valid.request()), requestId, offset, failed, now.wall());
    }
    return new Settled(
        settled.epoch(),
        settled.delivery(),
        new Invalid(requestId, ReadableFields.NONE, failed),
        failed,
        now.wall(),
        settled.content(),
        settled.duplicate(),
        settled.tracked());
  }

  /** What was unknown is accepted after all. */
  void resolved(RequestKey key, long offset, long jobId, int attempts, Instant at) {
    unknown.remove(offset);
    remembered.accepted(key, offset, jobId, at, attempts);
  }

  /** The unknown outcome of this delivery; null when it is not unknown. */
  Restored.@Nullable Unknown unknown(long offset) {
    return unknown.get(offset);
  }

  int unknownCount() {
    return unknown.size();
  }

  /** The delivery is gone: if it claimed an id, the id is free. */
  void gone(long offset) {
    remembered.forgetOpen(offset);
  }

  /** Forgets what was answered before this. */
  void expire(Instant before) {
    if (remembered.expire(before) > 0) {
      unknown
          .values()
          .removeIf(failure -> remembered.find(RequestKey.of(failure.requestId(), 0)) == null);
    }
  }

  private static Failed otherContent(Remembered.Entry known) {
    ErrorCode code = ErrorCode.INVALID_ARGS;
    return new Failed(
        code.code(),
        code.message(),
        ErrorClass.INVALID,
        "request_id stands for another request, at offset "
            + known.offset()
            + " of this partition; send this one under an id of its own",
        0);
  }

  private static Failed notKnown(int attempts) {
    return new Failed(
        -1,
        ErrorCode.SYSTEM_ERROR.message(),
        ErrorClass.OUTCOME_UNKNOWN,
        "an earlier delivery of the same request_id got no answer",
        attempts);
  }
}
