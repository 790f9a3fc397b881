package io.dbimport.worker;

import io.dbimport.ErrorClass;
import io.dbimport.ErrorCode;
import io.dbimport.Outcome;
import io.dbimport.Outcome.Failed;
import io.dbimport.worker.Claims.Claim;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An outcome that is known without a call, or after one. Immutable.
 *
 * @param at when it was accepted; of a failure it is not used
 * @param duplicate whether it is that of an earlier delivery of the same request
 */
record Decided(Outcome outcome, Instant at, boolean duplicate) {

  /** The outcome that comes with a claim; null when the delivery has none of it. */
  static @Nullable Decided by(Claim claim) {
    return switch (claim) {
      case Claim.Granted _, Claim.Waits _ -> null;
      case Claim.Answered(Outcome outcome, Instant at) -> new Decided(outcome, at, true);
      case Claim.Refused(Failed failed) -> new Decided(failed, Instant.EPOCH, false);
    };
  }

  /** A failure that is a fault of ours. */
  static Failed internal(String what, int attempts) {
    ErrorCode code = ErrorCode.INTERNAL_ERROR;
    return new Failed(code.code(), code.message(), ErrorClass.INTERNAL, what, attempts);
  }
}
