package io.dbimport.worker;

import io.dbimport.worker.LaneKey.Environment;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * The apps and environments that quota windows hold back, and until when. Of two holds the later
 * end counts. Confined to the loop thread.
 */
final class Holds {
  private record App(@Nullable String appId) {}

  private record End(long nanos, Record held) {}

  /** By app or environment. */
  private final Map<Record, Long> untilNanos = new HashMap<>();

  /** One for each that is held, at its end or before. */
  private final PriorityQueue<End> ends = new PriorityQueue<>(Comparator.comparingLong(End::nanos));

  void hold(@Nullable String appId, Moment until) {
    hold(new App(appId), until.nanos());
  }

  void hold(Environment environment, Moment until) {
    hold((Record) environment, until.nanos());
  }

  private void hold(Record held, long until) {
    Long before = untilNanos.putIfAbsent(held, until);
    if (before == null) {
      ends.add(new End(until, held));
    } else if (before < until) {
      untilNanos.put(held, until);
    }
  }

  /** When the environment's own hold and that of its app are over; far in the past for never. */
  long untilNanos(Environment environment) {
    return Math.max(
        untilNanos.getOrDefault(environment, Long.MIN_VALUE),
        untilNanos.getOrDefault(new App(environment.appId()), Long.MIN_VALUE));
  }

  /** Forgets what is over. */
  void pass(Moment now) {
    for (End first = ends.peek();
        first != null && first.nanos <= now.nanos();
        first = ends.peek()) {
      ends.remove();
      long until = untilNanos.getOrDefault(first.held, Long.MIN_VALUE);
      if (until <= now.nanos()) {
        untilNanos.remove(first.held);
      } else {
        ends.add(new End(until, first.held));
      }
    }
  }

  /** Apps and environments that were held when time last passed. */
  int count() {
    return untilNanos.size();
  }

  /** When the next may be over, by the monotonic clock; {@code Long.MAX_VALUE} for never. */
  long nextNanos() {
    End first = ends.peek();
    return first == null ? Long.MAX_VALUE : first.nanos;
  }
}
