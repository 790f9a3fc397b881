package io.dbimport.worker;

import io.dbimport.worker.LaneKey.Environment;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.SequencedSet;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Lanes with parked deliveries, the next to be read again first. Confined to the loop thread.
 *
 * <p>There may be a hundred thousand of them, most of which have long to wait, and fifty times a
 * second somebody asks for those that have not: so an environment that waits is looked at once for
 * all its lanes, and of very many only the next thousand are looked at.
 */
final class ParkedLanes {
  /** Lanes and environments that are looked at in one go. */
  static final int LOOKS = 1_000;

  /**
   * Lanes that wait together.
   *
   * @param environment theirs; null for those whose first request is out of time, of all of them
   */
  private record Group(@Nullable Environment environment) {}

  private static final Group LATE = new Group(null);

  private final LinkedHashMap<Group, SequencedSet<Lane>> groups = new LinkedHashMap<>();
  private int size;

  /** Puts the lane behind the others; one that is there keeps its place, until it becomes late. */
  void add(Lane lane) {
    Group own = new Group(lane.key.environment());
    remove(lane, lane.late ? own : LATE);
    if (groups.computeIfAbsent(lane.late ? LATE : own, _ -> new LinkedHashSet<>()).add(lane)) {
      size++;
    }
  }

  void remove(Lane lane) {
    remove(lane, LATE);
    remove(lane, new Group(lane.key.environment()));
  }

  private void remove(Lane lane, Group group) {
    SequencedSet<Lane> lanes = groups.get(group);
    if (lanes != null && lanes.remove(lane)) {
      size--;
      if (lanes.isEmpty()) {
        groups.remove(group);
      }
    }
  }

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /**
   * Offers lanes in turn until so many deliveries are taken, or enough was looked at. Those that
   * were offered go behind the others, and away when nothing of them is parked any more.
   *
   * @param waits whether no lane of the environment can go on but those that are late
   * @param taking takes deliveries of a lane, if that can go on; how many
   */
  void offer(int most, Predicate<Environment> waits, ToIntFunction<Lane> taking) {
    int room = most;
    int looks = LOOKS;
    for (int n = groups.size(); n > 0 && room > 0 && looks > 0; n--) {
      var next = groups.pollFirstEntry();
      Group group = next.getKey();
      SequencedSet<Lane> lanes = next.getValue();
      groups.putLast(group, lanes);
      looks--;
      if (group.environment != null && waits.test(group.environment)) {
        continue;
      }
      for (int i = Math.min(lanes.size(), looks); i > 0 && room > 0; i--) {
        Lane lane = lanes.removeFirst();
        size--;
        looks--;
        room -= taking.applyAsInt(lane);
        if (!lane.parked.isEmpty()) {
          add(lane);
        }
      }
      if (lanes.isEmpty()) {
        groups.remove(group);
      }
    }
  }
}
