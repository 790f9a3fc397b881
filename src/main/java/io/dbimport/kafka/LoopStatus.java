package io.dbimport.kafka;

import io.dbimport.worker.Waits;
import io.dbimport.worker.WorkerView;
import java.util.Map;

/**
 * How the loop is, as it last said. Immutable.
 *
 * @param turnedAtNanos when it last turned, by {@link System#nanoTime}
 * @param restoring partitions whose ledger is being read
 * @param refused partitions that are not worked on because something is lost, and what
 * @param assigned partitions that are held, restoring ones included
 * @param stopping whether it was asked to stop
 * @param notPolled requests in the held partitions that were not polled yet
 * @param work what it has in hand
 * @param waits what it has put aside
 */
public record LoopStatus(
    long turnedAtNanos,
    int restoring,
    Map<Integer, String> refused,
    int assigned,
    boolean stopping,
    long notPolled,
    WorkerView work,
    Waits waits) {}
