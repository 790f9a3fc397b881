package io.dbimport.worker;

import io.dbimport.ImportRequest;
import io.dbimport.Outcome.Failed;
import io.dbimport.event.Decoding;
import io.dbimport.event.Delivery;
import org.jspecify.annotations.Nullable;

/** A delivery that may be called and has no outcome yet. Confined to the loop thread. */
final class OpenRequest {
  final Delivery delivery;
  final Decoding.Valid decoding;
  Attempts attempts = Attempts.NONE;

  /** What the last attempt failed with; null before the first. */
  @Nullable Failed lastFailure;

  OpenRequest(Delivery delivery, Decoding.Valid decoding) {
    this.delivery = delivery;
    this.decoding = decoding;
  }

  ImportRequest request() {
    return decoding.request();
  }
}
