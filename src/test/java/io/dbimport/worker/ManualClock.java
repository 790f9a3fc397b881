package io.dbimport.worker;

import java.time.Duration;
import java.time.Instant;

/** A clock that stands still until it is told to go on. Confined to one thread. */
final class ManualClock {
  static final Instant START = Instant.parse("2026-03-01T10:00:00Z");

  private Instant wall = START;
  private long nanos = 1_000;

  Moment now() {
    return new Moment(wall, nanos);
  }

  void advance(Duration time) {
    wall = wall.plus(time);
    nanos += time.toNanos();
  }

  /** Somebody sets the machine's clock; the monotonic one does not care. */
  void setWall(Instant set) {
    wall = set;
  }
}
