package io.dbimport.worker;

import io.dbimport.Reply;
import org.jspecify.annotations.Nullable;

/**
 * What became of the last attempt of an earlier owner of the partition. Immutable.
 *
 * @param reply as the journal has it; null when nobody wrote one down
 */
record Inherited(@Nullable Reply reply) {}
