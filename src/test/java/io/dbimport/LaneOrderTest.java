package io.dbimport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What the test of processes goes by. */
final class LaneOrderTest {
  private static final long KILLED_AT = 1_000;

  private final List<StubApi.Import> calls = new ArrayList<>();

  @Test
  void callsThatGoUpOneByOneInEachLaneAreInOrder() {
    call(1, "a", 0);
    call(2, "b", 0);
    call(3, "a", 1);
    call(1_500, "a", 2);
    call(1_501, "b", 1);

    assertThat(order()).isEqualTo(new LaneOrder(0, List.of()));
  }

  @Test
  void aCallThatWasLeftOutIsAProblem() {
    call(1, "a", 0);
    call(2, "a", 2);

    assertThat(order().problems()).singleElement().asString().endsWith("called after 0");
  }

  @Test
  void onlyWhatEndedAsUnknownMayBeLeftOut() {
    call(1, "c", 1);
    call(2, "c", 3);
    call(3, "c", 5);

    assertThat(order().problems()).singleElement().asString().endsWith("called after 3");
  }

  @Test
  void aLaneThatDoesNotBeginAtItsBeginningIsAProblem() {
    call(1, "a", 1);

    assertThat(order().problems()).hasSize(1);
  }

  @Test
  void aRepetitionBeforeTheKillIsAProblem() {
    call(1, "a", 0);
    call(2, "a", 0);

    assertThat(order().problems()).singleElement().asString().endsWith("without a reason");
  }

  @Test
  void afterTheKillALaneMayGoBackOnceAndEachRepetitionCounts() {
    call(1, "a", 0);
    call(2, "a", 1);
    call(3, "a", 2);
    call(1_001, "a", 1);
    call(1_002, "a", 2);
    call(1_003, "a", 3);

    assertThat(order()).isEqualTo(new LaneOrder(2, List.of()));
  }

  @Test
  void goingBackTwiceIsAProblem() {
    call(1, "a", 0);
    call(1_001, "a", 0);
    call(1_002, "a", 0);

    assertThat(order().problems()).hasSize(1);
    assertThat(order().repeated()).isEqualTo(2);
  }

  private void call(long at, String collection, int number) {
    calls.add(
        new StubApi.Import(
            at, "env", collection, "files/" + number + ".json", 1, false, 1, calls.size()));
  }

  private LaneOrder order() {
    return LaneOrder.of(calls, KILLED_AT, Set.of("env/c/files/0.json", "env/c/files/2.json"));
  }
}
