package io.dbimport.kafka;

/**
 * Points in the life of a tick, a call and a restore at which a crash means something different.
 * Nothing in the program listens to them: tests end or freeze a process exactly there.
 */
enum Milestone {
  /** A tick with something in it is about to begin its transaction. */
  TICK_BEGINS,
  /** All its records are in the log, uncommitted. */
  TICK_FLUSHED,
  /** Its offsets are in the transaction: the group has let it through. */
  OFFSETS_SENT,
  /** It is committed; none of the calls that it admitted has started. */
  TICK_COMMITTED,
  /** A call has its reply, which nobody else knows yet. */
  CALL_ANSWERED,
  /** The reply is in the journal; no tick has it. */
  CALL_JOURNALLED,
  /** The ledger of a partition was read; the loop has not heard of it. */
  LEDGER_READ;

  /** Hears of milestones, on the thread that reached them. */
  interface Listener {
    /** Nobody listens. */
    Listener NOBODY = _ -> {};

    void reached(Milestone milestone);
  }
}
