package io.dbimport.worker;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How much work there is at one moment. Immutable.
 *
 * @param queued deliveries without an outcome that are not being called
 * @param inFlight deliveries being called
 * @param settling deliveries whose outcome is known and not yet committed
 * @param jobs accepted jobs being followed
 * @param oldest when the oldest open delivery was requested; null when none is open
 */
public record WorkerView(
    int queued, int inFlight, int settling, int jobs, @Nullable Instant oldest) {
  public static final WorkerView IDLE = new WorkerView(0, 0, 0, 0, null);
}
