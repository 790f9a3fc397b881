package io.dbimport.worker;

import io.dbimport.Outcome.Failed;
import io.dbimport.Reply;
import io.dbimport.event.AcceptedJob;
import io.dbimport.event.LedgerRecord;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the ledger and the journal say about a partition that was just assigned, once no call of an
 * earlier owner can start any more. Handed over: whoever makes it keeps nothing of it.
 *
 * @param start the offset that reading starts from
 * @param done offsets from there on whose outcome is published
 * @param open deliveries without an outcome that were parked or called, by offset
 * @param replies what the journal has for the attempt of an intent among them, by offset; an offset
 *     is there without a reply when the call was not made
 * @param openJobs accepted jobs whose end is not published
 * @param unknown deliveries whose outcome is unknown, by offset
 * @param remembered request ids that were answered or are claimed
 */
public record Restored(
    long start,
    Set<Long> done,
    Map<Long, LedgerRecord.Open> open,
    Map<Long, Answer> replies,
    List<AcceptedJob> openJobs,
    Map<Long, Unknown> unknown,
    Remembered remembered) {

  /** Whether an earlier owner may still write down what an attempt gave that counts as unknown. */
  public boolean mayHaveLateReplies() {
    return !unknown.isEmpty()
        || open.values().stream()
            .anyMatch(record ->
                record.state() == LedgerRecord.OpenState.INTENT
                    && !replies.containsKey(record.offset()));
  }

  /** What became of a call, by its number. Immutable. */
  public record Answer(int call, @Nullable Reply reply) {}

  /** An unknown outcome. Immutable. */
  public record Unknown(String requestId, Failed failed) {}
}
