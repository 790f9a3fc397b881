package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.worker.LaneKey.Environment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class ParkedLanesTest {
  private static final int ALL = Integer.MAX_VALUE;

  private final ParkedLanes lanes = new ParkedLanes();
  private final Set<String> waiting = new HashSet<>();

  /** A lane that has this many deliveries parked. */
  private static Lane lane(String env, String collection, int parked) {
    Lane lane = new Lane(new LaneKey(0, new Environment("app", env), collection, 0), 1);
    for (int offset = 0; offset < parked; offset++) {
      lane.parked.add(offset);
    }
    return lane;
  }

  private Lane add(String env, String collection, int parked) {
    Lane lane = lane(env, collection, parked);
    lanes.add(lane);
    return lane;
  }

  /** Those that are offered; of each so many deliveries are taken. */
  private List<String> offered(int most, int ofEach) {
    List<String> offered = new ArrayList<>();
    lanes.offer(
        most,
        environment -> waiting.contains(environment.env()),
        lane -> {
          offered.add(lane.key.environment().env() + "/" + lane.key.collection());
          for (int i = 0; i < ofEach; i++) {
            lane.parked.removeFirst();
          }
          return ofEach;
        });
    return offered;
  }

  @Test
  void everyLaneIsOfferedOnceInTurn() {
    add("a", "1", 1);
    add("b", "1", 1);
    add("a", "2", 1);
    assertThat(offered(ALL, 0)).containsExactly("a/1", "a/2", "b/1");
    assertThat(lanes.size()).isEqualTo(3);
    assertThat(lanes.isEmpty()).isFalse();
  }

  @Test
  void whatIsTakenInAllIsLimitedAndTheOthersComeNext() {
    for (String collection : List.of("1", "2", "3")) {
      add("a", collection, 4);
    }
    add("b", "1", 4);
    assertThat(offered(4, 2)).containsExactly("a/1", "a/2");
    assertThat(offered(4, 2)).as("the other environment first").containsExactly("b/1", "a/3");
    assertThat(offered(1, 2)).containsExactly("b/1");
    assertThat(offered(ALL, 2)).containsExactly("a/1", "a/2", "a/3");
  }

  @Test
  void aLaneWithNothingParkedAnyMoreIsGone() {
    Lane two = add("a", "1", 2);
    add("a", "2", 1);
    assertThat(offered(ALL, 1)).containsExactly("a/1", "a/2");
    assertThat(lanes.size()).isEqualTo(1);
    assertThat(offered(ALL, 1)).containsExactly("a/1");
    assertThat(lanes.isEmpty()).isTrue();
    assertThat(offered(ALL, 1)).isEmpty();
    two.parked.add(9);
    lanes.add(two);
    assertThat(offered(ALL, 1)).containsExactly("a/1");
  }

  @Test
  void oneThatIsThereKeepsItsPlace() {
    Lane first = add("a", "1", 1);
    add("a", "2", 1);
    lanes.add(first);
    assertThat(lanes.size()).isEqualTo(2);
    assertThat(offered(ALL, 0)).containsExactly("a/1", "a/2");
  }

  @Test
  void oneThatIsRemovedIsNotOffered() {
    Lane first = add("a", "1", 1);
    Lane second = add("a", "2", 1);
    lanes.remove(first);
    lanes.remove(first);
    lanes.remove(lane("never", "there", 1));
    assertThat(lanes.size()).isEqualTo(1);
    assertThat(offered(ALL, 0)).containsExactly("a/2");
    second.late = true;
    lanes.add(second);
    lanes.remove(second);
    assertThat(lanes.isEmpty()).isTrue();
    assertThat(offered(ALL, 0)).isEmpty();
  }

  @Test
  void anEnvironmentThatWaitsIsAskedOnceForAllItsLanes() {
    for (int i = 0; i < 100; i++) {
      add("a", "" + i, 1);
    }
    add("b", "1", 1);
    waiting.add("a");
    AtomicInteger asked = new AtomicInteger();
    lanes.offer(
        ALL,
        environment -> {
          asked.incrementAndGet();
          return environment.env().equals("a");
        },
        _ -> 0);
    assertThat(asked).hasValue(2);
    assertThat(offered(ALL, 0)).containsExactly("b/1");
    waiting.clear();
    assertThat(offered(ALL, 0)).hasSize(101);
  }

  @Test
  void aLateLaneDoesNotWaitWithItsEnvironment() {
    add("a", "1", 1);
    Lane late = add("a", "2", 2);
    waiting.add("a");
    late.late = true;
    lanes.add(late);
    assertThat(lanes.size()).isEqualTo(2);
    assertThat(offered(ALL, 1)).containsExactly("a/2");
    late.late = false;
    lanes.add(late);
    assertThat(offered(ALL, 1)).as("late no more").isEmpty();
    assertThat(lanes.size()).isEqualTo(2);
    waiting.clear();
    assertThat(offered(ALL, 1)).containsExactly("a/1", "a/2");
  }

  @Test
  void oneThatIsLateNoMoreGoesBackToItsEnvironmentWhenItWasOffered() {
    Lane late = lane("a", "1", 1);
    late.late = true;
    lanes.add(late);
    waiting.add("a");
    late.late = false;
    assertThat(offered(ALL, 0)).containsExactly("a/1");
    assertThat(offered(ALL, 0)).isEmpty();
    assertThat(lanes.size()).isEqualTo(1);
  }

  @Test
  void ofVeryManyLanesAThousandAreLookedAtAndThenTheNext() {
    int many = 3 * ParkedLanes.LOOKS;
    for (int i = 0; i < many; i++) {
      add("a", "" + i, 1);
    }
    Set<String> seen = new HashSet<>();
    for (int round = 1; round <= 4; round++) {
      List<String> offered = offered(ALL, 0);
      assertThat(offered).hasSize(ParkedLanes.LOOKS - 1);
      seen.addAll(offered);
    }
    assertThat(seen).as("all had their turn").hasSize(many);
  }

  @Test
  void ofVeryManyEnvironmentsAThousandAreLookedAtAndThenTheNext() {
    int many = 2 * ParkedLanes.LOOKS;
    for (int i = 0; i < many; i++) {
      add("e" + i, "1", 1);
      waiting.add("e" + i);
    }
    add("last", "1", 1);
    assertThat(offered(ALL, 0)).isEmpty();
    assertThat(offered(ALL, 0)).isEmpty();
    assertThat(offered(ALL, 0)).containsExactly("last/1");
    add("odd", "1", 1);
    waiting.clear();
    assertThat(offered(ALL, 0)).as("a look for each and one for its lane").hasSize(500);
  }
}
