package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import org.junit.jupiter.api.Test;

/** Lanes by themselves, where the worker shows nothing of them. */
final class LanesTest {
  private final WorkerSettings settings = WorkerSettings.defaults();
  private final Partitions partitions = new Partitions();
  private final Admission admission = new Admission(settings.limits(), FixedRandom.HIGHEST);
  private final ArrayDeque<Entry> entries = new ArrayDeque<>();
  private final Lanes lanes =
      new Lanes(
          settings,
          new Expiry(settings.remembered()),
          partitions,
          admission,
          new Parking(admission, settings, entries),
          entries);

  /** An environment may wait for long, while partitions come and go. */
  @Test
  void lanesThatAreDroppedDoNotStayInTheQueueOfTheirEnvironment() {
    Lane lane = new Lane(new LaneKey(0, new LaneKey.Environment(null, "env"), "books", 0), 1);
    admission.ready(lane);
    lane.dropped = true;
    assertThat(admission.readyLanes()).isEqualTo(1);
    lanes.forgetDropped();
    assertThat(admission.readyLanes()).isZero();
  }
}
