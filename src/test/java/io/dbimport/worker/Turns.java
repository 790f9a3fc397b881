package io.dbimport.worker;

import io.dbimport.worker.LaneKey.Environment;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/** The turns an admission gave that are not brought back yet. Confined to one thread. */
final class Turns {
  private final Map<Environment, ArrayDeque<Turn>> open = new HashMap<>();

  /** Keeps it. Returns whose it is. */
  Environment add(Turn turn) {
    Environment whose = turn.lane().key.environment();
    open.computeIfAbsent(whose, _ -> new ArrayDeque<>()).addLast(turn);
    return whose;
  }

  /** Takes out the one of the environment that was given first. */
  Turn first(Environment whose) {
    return open.getOrDefault(whose, new ArrayDeque<>()).removeFirst();
  }

  /** Takes out the one of the environment that was given last. */
  Turn last(Environment whose) {
    return open.getOrDefault(whose, new ArrayDeque<>()).removeLast();
  }
}
