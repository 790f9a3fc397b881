package io.dbimport.chaos;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All that is known after a trial: what was asked, what the API noted, what the topics hold under
 * {@code read_committed}, and what the workers that are alive say. Immutable.
 *
 * @param posts in the order in which they arrived
 * @param committed partition of requests to committed offset
 * @param ends partition of requests to its end
 * @param jobEnds where lanes wait for the end of jobs, job to when the API first said that it has
 *     ended, in nanoseconds of the epoch; else null
 */
record Evidence(
    List<Delivery> deliveries,
    List<Post> posts,
    List<Outcome> outcomes,
    List<Letter> letters,
    List<Finished> finished,
    List<Intent> intents,
    List<Journalled> journal,
    List<Balance> balances,
    Map<Integer, Long> committed,
    Map<Integer, Long> ends,
    @Nullable Map<Long, Long> jobEnds) {

  /** Where a delivery lies. Immutable. */
  record At(int partition, long offset) implements Comparable<At> {
    @Override
    public int compareTo(At other) {
      int byPartition = Integer.compare(partition, other.partition);
      return byPartition == 0 ? Long.compare(offset, other.offset) : byPartition;
    }

    @Override
    public String toString() {
      return partition + "-" + offset;
    }
  }

  /**
   * A request as it came.
   *
   * @param lane environment and collection; empty for one that cannot be read
   * @param path of its file, which no other request has; empty for one that cannot be read
   * @param original key, value, headers and timestamp, as text that tells any two apart
   */
  record Delivery(
      At at,
      String requestId,
      String lane,
      String path,
      boolean upsert,
      boolean rerunSafe,
      String original) {}

  /**
   * An accepted or an error event.
   *
   * @param at the delivery it is about
   * @param jobId null for an error
   * @param errorClass empty for an accepted one
   * @param resolves empty, or the class of what it corrects
   * @param epochMillis when it was sent
   */
  record Outcome(
      At at,
      String requestId,
      @Nullable Long jobId,
      String errorClass,
      boolean duplicate,
      String resolves,
      long epochMillis) {
    boolean accepted() {
      return jobId != null;
    }

    boolean unknown() {
      return errorClass.equals("outcome_unknown");
    }
  }

  /**
   * A dead letter.
   *
   * @param at the delivery it is about
   * @param partition it lies in
   * @param original as in {@link Delivery}
   */
  record Letter(At at, int partition, String errorClass, String original) {}

  record Finished(String requestId, long jobId, String status) {}

  /**
   * A committed intent of the ledger.
   *
   * @param call its number, from 1
   */
  record Intent(At at, int call) {}

  /**
   * A reply in the journal.
   *
   * @param call the number of the call it is to
   * @param reply {@code accepted}, {@code refused}, {@code unavailable}, {@code not_sent} or {@code
   *     unanswered}
   * @param epochMillis when the broker appended it
   */
  record Journalled(At at, int call, String reply, long epochMillis) {
    /** Whether what became of the call is known. */
    boolean definite() {
      return !reply.equals("unanswered");
    }
  }

  /**
   * What a worker that is alive counts.
   *
   * @param open pending and parked
   */
  record Balance(
      String worker,
      double received,
      double restored,
      double accepted,
      double failed,
      double handedOver,
      double open) {}
}
