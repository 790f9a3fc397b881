package io.dbimport.worker;

import io.dbimport.Reply;
import io.dbimport.event.LedgerRecord;
import io.dbimport.event.LedgerRecord.OpenState;
import io.dbimport.event.Progress;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a delivery without an outcome whose bytes are not in memory. Immutable.
 *
 * @param content of the request, as in its {@link RequestKey}
 * @param inherited the attempt to settle first; null when none is open
 */
record Unfinished(
    String requestId, long content, Progress progress, @Nullable Inherited inherited) {

  /** A delivery that its owner puts aside. */
  static Unfinished of(OpenRequest open) {
    return new Unfinished(open.request().requestId(), open.key.content(), open.progress(), null);
  }

  /**
   * What an earlier owner left of a delivery.
   *
   * @param answer what the journal has of its last attempt; null when it has nothing
   */
  static Unfinished of(LedgerRecord.Open record, Restored.@Nullable Answer answer) {
    boolean open = record.state() == OpenState.INTENT;
    Inherited inherited = open ? new Inherited(null) : null;
    return new Unfinished(record.requestId(), record.content(), record.progress(), inherited)
        .with(answer);
  }

  /**
   * The same once what became of the open attempt is known: a reply to settle it by, or that its
   * call was not made. The reply to any other call changes nothing.
   */
  Unfinished with(Restored.@Nullable Answer answer) {
    if (inherited == null || answer == null || answer.call() != progress.calls()) {
      return this;
    }
    Reply reply = answer.reply();
    return reply == null
        ? new Unfinished(requestId, content, progress.notSent(), null)
        : new Unfinished(requestId, content, progress, new Inherited(reply));
  }
}
