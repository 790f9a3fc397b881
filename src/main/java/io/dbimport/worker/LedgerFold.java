package io.dbimport.worker;

import io.dbimport.ErrorClass;
import io.dbimport.event.AcceptedJob;
import io.dbimport.event.JournalRecord;
import io.dbimport.event.LedgerRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What a partition's ledger and journal say in all, taken record by record in the order of their
 * log. Compaction may have left out any record of a delivery but its last. Confined to one thread.
 */
public final class LedgerFold {
  private final long start;
  private final Set<Long> done = new HashSet<>();
  private final Map<Long, LedgerRecord.Open> open = new HashMap<>();
  private final Map<Long, Restored.Answer> replies = new HashMap<>();
  private final Map<Long, AcceptedJob> openJobs = new HashMap<>();
  private final Map<Long, Restored.Unknown> unknown = new HashMap<>();
  private final Remembered remembered = new Remembered();

  /** Begins empty, for a partition of requests that is read from this offset. */
  public LedgerFold(long start) {
    this.start = start;
  }

  /** The next record of the ledger. */
  public void add(LedgerRecord record) {
    long offset = record.offset();
    switch (record) {
      case LedgerRecord.Open fresh -> {
        open.put(offset, fresh);
        RequestKey key = key(fresh, fresh.content());
        if (remembered.find(key) == null) {
          remembered.open(key, offset);
        }
      }
      case LedgerRecord.Accepted accepted -> {
        done(offset);
        unknown.remove(offset);
        if (!accepted.duplicate()) {
          AcceptedJob job = accepted.job();
          openJobs.put(offset, job);
          remembered.accepted(
              key(accepted, accepted.content()),
              offset,
              job.jobId(),
              job.acceptedAt(),
              job.attempts());
        }
      }
      case LedgerRecord.Failed failed -> {
        // Where the bytes were gone it may not name its request.
        LedgerRecord.Open claimed = open.get(offset);
        free(claimed == null ? failed.requestId() : claimed.requestId(), offset);
        done(offset);
        if (!failed.duplicate() && failed.failed().errorClass() == ErrorClass.OUTCOME_UNKNOWN) {
          remembered.unknown(
              key(failed, failed.content()), offset, failed.at(), failed.failed().attempts());
          unknown.put(offset, new Restored.Unknown(failed.requestId(), failed.failed()));
        }
      }
      case LedgerRecord.Ended ended -> {
        done(offset);
        unknown.remove(offset);
        openJobs.remove(offset);
        remembered.accepted(
            key(ended, ended.content()),
            offset,
            ended.jobId(),
            ended.acceptedAt(),
            ended.attempts());
      }
    }
  }

  /** The id is free when this delivery has it. */
  private void free(String requestId, long offset) {
    RequestKey key = RequestKey.of(requestId, 0);
    Remembered.Entry holder = remembered.find(key);
    if (holder != null && holder.offset() == offset) {
      remembered.forget(key);
    }
  }

  private void done(long offset) {
    open.remove(offset);
    if (offset >= start) {
      done.add(offset);
    }
  }

  /** The next record of the journal, once the whole ledger was added; of one attempt the last. */
  public void add(JournalRecord record) {
    long offset = record.offset();
    if (open.containsKey(offset) || unknown.containsKey(offset)) {
      Restored.Answer before = replies.get(offset);
      if (before == null || before.call() <= record.call()) {
        replies.put(offset, new Restored.Answer(record.call(), record.reply()));
      }
    }
  }

  /** All of it. */
  public Restored restored() {
    return new Restored(
        start, done, open, replies, new ArrayList<>(openJobs.values()), unknown, remembered);
  }

  private static RequestKey key(LedgerRecord record, long content) {
    return RequestKey.of(record.requestId(), content);
  }
}
