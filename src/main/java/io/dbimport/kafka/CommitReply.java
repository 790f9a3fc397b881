package io.dbimport.kafka;

import io.dbimport.worker.Entry;
import java.util.Map;
import java.util.Set;

/** What became of a tick's transaction. Immutable. */
sealed interface CommitReply {

  /**
   * All of it is committed.
   *
   * @param ledgerEnds partition of the ledger to the end of what was written there, exclusive
   */
  record Committed(Map<Integer, Long> ledgerEnds) implements CommitReply {}

  /** Nothing of it is committed: it may be repeated from memory. */
  record Aborted(RuntimeException why) implements CommitReply {}

  /** Nothing is committed, because these entries have records that the broker will not take. */
  record TooLarge(Set<Entry> entries) implements CommitReply {}

  /** Nobody knows: the ledger must be asked. */
  record Unsure(RuntimeException why) implements CommitReply {}
}
