package io.dbimport.event;

import io.dbimport.Reply;
import org.jspecify.annotations.Nullable;

/**
 * One record of the journal: what an attempt that has an intent gave, written down at once by
 * whoever made the call. A fact about a call, harmless from whomever it comes. Immutable.
 *
 * @param topicId id of the source topic
 * @param offset offset of the delivery; the partition is the journal record's own
 * @param call number of the call, from 1, as its intent has it
 * @param reply null when the call was not made after all
 */
public record JournalRecord(String topicId, long offset, int call, @Nullable Reply reply) {}
