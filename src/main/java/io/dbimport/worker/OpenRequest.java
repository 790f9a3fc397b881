package io.dbimport.worker;

import io.dbimport.ImportRequest;
import io.dbimport.Outcome.Failed;
import io.dbimport.event.Decoding;
import io.dbimport.event.Delivery;
import io.dbimport.event.Progress;
import org.jspecify.annotations.Nullable;

/** A delivery that may be called and has no outcome yet. Confined to the loop thread. */
final class OpenRequest {
  final Delivery delivery;
  final Decoding.Valid decoding;
  final RequestKey key;

  /** Whether the partition's frontier waits for it; not once the ledger has it as parked. */
  final boolean tracked;

  Attempts attempts = Attempts.NONE;

  /** What the last attempt failed with; null before the first. */
  @Nullable Failed lastFailure;

  OpenRequest(Delivery delivery, Decoding.Valid decoding, RequestKey key, boolean tracked) {
    this.delivery = delivery;
    this.decoding = decoding;
    this.key = key;
    this.tracked = tracked;
  }

  ImportRequest request() {
    return decoding.request();
  }

  long offset() {
    return delivery.source().offset();
  }

  /** How far it has come, as the ledger keeps it. */
  Progress progress() {
    return attempts.progress(lastFailure);
  }
}
