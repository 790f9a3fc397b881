package io.dbimport.worker;

import io.dbimport.worker.LaneKey.Environment;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** An environment as {@link Admission} knows it. Confined to the loop thread. */
final class Tenant {
  final Environment environment;
  final ArrayDeque<Lane> ready = new ArrayDeque<>();

  /** Its own slots. */
  final Breaker breaker;

  final Rate rate;

  /** It waits for its turn. */
  boolean inRing;

  /** It has work and waits for a point in time. */
  boolean asleep;

  /** It is to be looked at once it may be forgotten. */
  boolean resting;

  /** It has had no work since it was last looked at to be forgotten. */
  boolean rested;

  /** The probe that is queued, by when it is due. */
  long probeQueuedNanos = Long.MAX_VALUE;

  boolean countedNotClosed;
  private boolean wasOpen;
  private long addressNanosAtOpening;
  private long overlapNanos;

  Tenant(Environment environment, Breaker breaker, Rate rate) {
    this.environment = environment;
    this.breaker = breaker;
    this.rate = rate;
  }

  /** The lane to call first, those that were dropped put out of the way; null for none. */
  @Nullable Lane first() {
    Lane lane = ready.peekFirst();
    while (lane != null && lane.dropped) {
      ready.removeFirst();
      lane = ready.peekFirst();
    }
    return lane;
  }

  /** Whether nothing of it is under way and no queue of the admission holds it. */
  boolean idle() {
    return ready.isEmpty() && breaker.inFlight() == 0 && !inRing && !asleep;
  }

  /** How long its breaker or the address's was open in all. */
  long openNanos(Breaker address, Moment now) {
    long both = overlapNanos;
    if (wasOpen) {
      both += address.openNanos(now) - addressNanosAtOpening;
    }
    return breaker.openNanos(now) + address.openNanos(now) - both;
  }

  /** Notes that its breaker opened or did not stay open. */
  void breakerChanged(Breaker address, Moment now) {
    if (breaker.isOpen() && !wasOpen) {
      addressNanosAtOpening = address.openNanos(now);
    } else if (!breaker.isOpen() && wasOpen) {
      overlapNanos += address.openNanos(now) - addressNanosAtOpening;
    }
    wasOpen = breaker.isOpen();
  }
}
