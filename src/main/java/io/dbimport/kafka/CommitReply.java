package io.dbimport.kafka;

import io.dbimport.worker.Settlement;
import java.util.Set;

/** What became of a tick's transaction. Immutable. */
sealed interface CommitReply {

  /** All of it is committed. */
  record Committed() implements CommitReply {}

  /** Nothing of it is committed: it may be repeated from memory. */
  record Aborted(RuntimeException why) implements CommitReply {}

  /** Nothing is committed, because these settlements have records that the broker will not take. */
  record TooLarge(Set<Settlement> settlements) implements CommitReply {}

  /** Nobody knows: the ledger must be asked. */
  record Unsure(RuntimeException why) implements CommitReply {}
}
