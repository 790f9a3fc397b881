package io.dbimport.kafka;

import io.dbimport.worker.WorkerView;

/**
 * How the loop is, as it last said. Immutable.
 *
 * @param turnedAtNanos when it last turned, by {@link System#nanoTime}
 * @param restoring partitions whose ledger is being read
 * @param assigned partitions that are held, restoring ones included
 * @param stopping whether it was asked to stop
 * @param notPolled requests in the held partitions that were not polled yet
 * @param work what it has in hand
 */
public record LoopStatus(
    long turnedAtNanos,
    int restoring,
    int assigned,
    boolean stopping,
    long notPolled,
    WorkerView work) {}
