package io.dbimport.event;

import io.dbimport.ImportRequest;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An accepted request and its job: all that is needed to follow the job to its end and to say so,
 * from memory or from the ledger. Immutable by use.
 *
 * @param source the delivery
 * @param key the key of the request, which its results carry; null when it had none
 * @param trace the request's {@code traceparent} and {@code tracestate}, where it had them
 * @param attempts calls made, at least 1
 * @param acceptedAt when the API answered
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record AcceptedJob(
    Source source,
    ImportRequest request,
    byte @Nullable [] key,
    List<Header> trace,
    long jobId,
    int attempts,
    Instant acceptedAt) {}
