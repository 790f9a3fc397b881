package io.dbimport.kafka;

import io.dbimport.JobReply;
import io.dbimport.Reply;
import io.dbimport.event.Delivery;
import io.dbimport.worker.Call;
import io.dbimport.worker.Fetch;
import io.dbimport.worker.Look;
import io.dbimport.worker.Moment;
import io.dbimport.worker.Probe;
import io.dbimport.worker.Restored;
import java.util.Map;

/** What other threads bring to the loop. Immutable. */
sealed interface Inbound {

  /** A call came back. */
  record Answered(Call call, Reply reply) implements Inbound {}

  /** A call was not made after all: its time to start had passed. */
  record NotSent(Call call) implements Inbound {}

  /** A call ended in a fault of ours. */
  record Broke(Call call, String what) implements Inbound {}

  /** A look came back. */
  record Looked(Look look, JobReply reply) implements Inbound {}

  /** A probe came back. */
  record Probed(Probe probe, boolean answers) implements Inbound {}

  /** Parked deliveries were read again; what is not there is gone from the topic. */
  record Fetched(Fetch fetch, Map<Long, Delivery> found) implements Inbound {}

  /** The ledger of a partition was read. */
  record Restore(int partition, long epoch, LedgerReader.Read read) implements Inbound {}

  /** It lacks what was in it: the partition must not be worked on. */
  record RestoreRefused(int partition, long epoch, String why) implements Inbound {}

  /** It can never be read. */
  record RestoreFailed(int partition, long epoch, RuntimeException why) implements Inbound {}

  /** The journal has a reply to an attempt that was given up as unknown. */
  record LateReply(int partition, long epoch, long offset, Restored.Answer answer)
      implements Inbound {}

  /** What the committer had in hand has ended. */
  record Ticked(CommitReply reply, Moment began, Moment ended) implements Inbound {}

  /** The process cannot go on. */
  record Died(Throwable why) implements Inbound {}

  /** Only wakes the loop. */
  record Wake() implements Inbound {}
}
