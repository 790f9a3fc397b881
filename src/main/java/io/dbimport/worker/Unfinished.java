package io.dbimport.worker;

import io.dbimport.Reply;
import io.dbimport.event.LedgerRecord;
import io.dbimport.event.LedgerRecord.OpenState;
import io.dbimport.event.Progress;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a delivery without an outcome whose bytes are not in memory. Immutable.
 *
 * @param inherited the attempt to settle first; null when none is open
 */
record Unfinished(Progress progress, @Nullable Inherited inherited) {

  /**
   * What an earlier owner left of a delivery.
   *
   * @param answer what the journal has of its last attempt; null when it has nothing
   */
  static Unfinished of(LedgerRecord.Open record, Restored.@Nullable Answer answer) {
    if (record.state() != OpenState.INTENT) {
      return new Unfinished(record.progress(), null);
    }
    if (answer == null || answer.call() != record.progress().calls()) {
      return new Unfinished(record.progress(), new Inherited(null));
    }
    Reply reply = answer.reply();
    return reply == null
        ? new Unfinished(record.progress().notSent(), null)
        : new Unfinished(record.progress(), new Inherited(reply));
  }
}
