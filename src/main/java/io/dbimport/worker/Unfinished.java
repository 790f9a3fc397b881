package io.dbimport.worker;

import io.dbimport.event.Progress;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a delivery without an outcome whose bytes are not in memory. Immutable.
 *
 * @param inherited the attempt to settle first; null when none is open
 */
record Unfinished(Progress progress, @Nullable Inherited inherited) {}
