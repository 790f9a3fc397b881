package io.dbimport.worker;

import io.dbimport.event.AcceptedJob;
import java.util.List;
import java.util.Set;

/**
 * What the ledger says about a partition that was just assigned. Immutable.
 *
 * @param start the offset that reading starts from
 * @param done offsets from there on whose outcome is published
 * @param openJobs accepted jobs whose end is not published
 */
public record Restored(long start, Set<Long> done, List<AcceptedJob> openJobs) {}
