package io.dbimport;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Whether the calls that arrived kept the order of their lanes, whose files are numbered from 0. A
 * lane's calls go up one by one. After the kill a lane may go back, once, to a call that was made
 * before: those outcomes died with the process, and from there on it goes up one by one again. What
 * ended as unknown may be left out: a process that dies has intents of calls that it never made.
 * Immutable.
 *
 * @param repeated calls that were made twice
 * @param problems every call that came out of order
 */
record LaneOrder(int repeated, List<String> problems) {

  private record Lane(String env, String collection) {

    String file(int number) {
      return env + "/" + collection + "/files/" + number + ".json";
    }
  }

  /**
   * Checks the calls in the order in which they arrived.
   *
   * @param killedAtNanos nothing may be repeated that arrived before it
   * @param unknown {@code env/collection/file} of what ended as unknown
   */
  static LaneOrder of(List<StubApi.Import> calls, long killedAtNanos, Set<String> unknown) {
    Map<Lane, Integer> last = new HashMap<>();
    Set<Lane> wentBack = new HashSet<>();
    Set<StubApi.Import> seen = new HashSet<>();
    List<String> problems = new ArrayList<>();
    int repeated = 0;
    for (StubApi.Import call : calls) {
      Lane lane = new Lane(call.env(), call.collectionName());
      int number = Integer.parseInt(call.filePath().replaceAll("\\D", ""));
      int before = last.getOrDefault(lane, -1);
      boolean back = number <= before;
      if (back && (call.epochNanos() < killedAtNanos || !wentBack.add(lane))) {
        problems.add("%s called again after %d without a reason".formatted(call, before));
      }
      if (IntStream.range(before + 1, number).anyMatch(n -> !unknown.contains(lane.file(n)))) {
        problems.add("%s called after %d".formatted(call, before));
      }
      if (!seen.add(identity(call))) {
        repeated++;
      }
      last.put(lane, number);
    }
    return new LaneOrder(repeated, List.copyOf(problems));
  }

  /** What is the same in a repetition: not when it came, nor what it was answered. */
  private static StubApi.Import identity(StubApi.Import call) {
    return new StubApi.Import(
        0,
        call.env(),
        call.collectionName(),
        call.filePath(),
        call.fileType(),
        call.stopOnError(),
        call.conflictMode(),
        0);
  }
}
