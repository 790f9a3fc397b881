package io.dbimport.worker;

import io.dbimport.ErrorClass;
import io.dbimport.Outcome;
import io.dbimport.event.JobEnd;
import java.time.Duration;

/**
 * Hears what the worker counts. At any moment between two calls, received + restored = settled +
 * handed over + open + parked. Called on the loop thread.
 */
public interface WorkerListener {

  /** A delivery was taken on. One that the ledger knows as done is not. */
  void received();

  /** Parked deliveries came with the ledger of a partition. */
  void restored(int deliveries);

  /** An outcome that was published as unknown is corrected. */
  void resolved();

  /** Deliveries without an outcome were let go with their partition. */
  void handedOver(int deliveries);

  /**
   * An outcome was committed.
   *
   * @param sinceRequested from the request's own time to now; zero when that lies in the future
   */
  void settled(Outcome outcome, Duration sinceRequested);

  /** An attempt is to be repeated. */
  void retried(ErrorClass why);

  /** A job's end was committed. */
  void jobOver(JobEnd end);
}
