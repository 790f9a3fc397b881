package io.dbimport.kafka;

import io.dbimport.JobReply;
import io.dbimport.Reply;
import io.dbimport.worker.Call;
import io.dbimport.worker.Look;
import io.dbimport.worker.Restored;

/** What other threads bring to the loop. Immutable. */
sealed interface Inbound {

  /** A call came back. */
  record Answered(Call call, Reply reply) implements Inbound {}

  /** A call ended in a fault of ours. */
  record Broke(Call call, String what) implements Inbound {}

  /** A look came back. */
  record Looked(Look look, JobReply reply) implements Inbound {}

  /** The ledger of a partition was read. */
  record Restore(int partition, long epoch, Restored restored) implements Inbound {}

  /** It can never be read. */
  record RestoreFailed(int partition, long epoch, RuntimeException why) implements Inbound {}

  /** Only wakes the loop. */
  record Wake() implements Inbound {}
}
