package io.dbimport.worker;

import io.dbimport.JobReply;
import io.dbimport.JobState;
import io.dbimport.event.AcceptedJob;
import io.dbimport.event.JobEnd;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * The accepted jobs that are followed to their end: a first look after a second, then backing off
 * to 15 seconds with jitter, and a cap of their own on looks at once. Confined to the loop thread.
 */
final class Jobs {
  static final Duration FIRST_LOOK = Duration.ofSeconds(1);
  static final Duration LONGEST_PAUSE = Duration.ofSeconds(15);
  static final int MAX_LOOKS_AT_ONCE = 64;

  /** A job and when to look at it next. */
  static final class Followed {
    final long epoch;
    final AcceptedJob job;
    int looks;
    long dueNanos;
    boolean dropped;
    String lastHeard = "nothing";

    Followed(long epoch, AcceptedJob job) {
      this.epoch = epoch;
      this.job = job;
    }
  }

  private final Duration jobTimeout;
  private final RandomGenerator random;
  private final Map<Integer, Set<Followed>> byPartition = new HashMap<>();
  private final PriorityQueue<Followed> due =
      new PriorityQueue<>(Comparator.comparingLong((Followed followed) -> followed.dueNanos));
  private int looksAtOnce;
  private int count;

  Jobs(Duration jobTimeout, RandomGenerator random) {
    this.jobTimeout = jobTimeout;
    this.random = random;
  }

  /** Follows a job from now on. */
  void follow(long epoch, AcceptedJob job, Moment now) {
    Followed followed = new Followed(epoch, job);
    byPartition.computeIfAbsent(job.source().partition(), _ -> new HashSet<>()).add(followed);
    count++;
    schedule(followed, now);
  }

  /** The next look that is due; empty when none is or the cap is reached. */
  Optional<Look> next(Moment now) {
    while (looksAtOnce < MAX_LOOKS_AT_ONCE) {
      Followed first = due.peek();
      if (first == null || (first.dueNanos > now.nanos() && !first.dropped)) {
        return Optional.empty();
      }
      due.remove();
      if (!first.dropped) {
        looksAtOnce++;
        return Optional.of(new Look(first));
      }
    }
    return Optional.empty();
  }

  /** A look came back: the job's end, or empty while it goes on. */
  Optional<JobEnd> looked(Look look, JobReply reply, Moment now) {
    looksAtOnce--;
    Followed followed = look.followed;
    if (followed.dropped) {
      return Optional.empty();
    }
    Optional<JobEnd> end =
        switch (reply) {
          case JobReply.Known(JobState state) when state.status().terminal() ->
              Optional.of(new JobEnd.Ended(state));
          case JobReply.Known(JobState state) -> goOn(followed, state.status().tag(), now);
          case JobReply.NotKnown(int errcode, String why) ->
              goOn(followed, errcode + " " + why, now);
        };
    if (end.isPresent()) {
      forget(followed);
    }
    return end;
  }

  private Optional<JobEnd> goOn(Followed followed, String heard, Moment now) {
    followed.lastHeard = heard;
    followed.looks++;
    Duration age = Duration.between(followed.job.acceptedAt(), now.wall());
    if (age.compareTo(jobTimeout) >= 0) {
      return Optional.of(
          new JobEnd.Lost("no end within " + jobTimeout + ", last heard: " + followed.lastHeard));
    }
    schedule(followed, now);
    return Optional.empty();
  }

  /** Follows none of the partition's jobs any longer; their looks still open are ignored. */
  void drop(int partition) {
    Set<Followed> dropped = byPartition.remove(partition);
    if (dropped != null) {
      dropped.forEach(followed -> followed.dropped = true);
      due.removeIf(followed -> followed.dropped);
      count -= dropped.size();
    }
  }

  /** Jobs that are followed. */
  int count() {
    return count;
  }

  /** When the next look is due, by the monotonic clock; {@code Long.MAX_VALUE} for never. */
  long nextDueNanos() {
    Followed first = due.peek();
    return first == null || looksAtOnce >= MAX_LOOKS_AT_ONCE ? Long.MAX_VALUE : first.dueNanos;
  }

  private void schedule(Followed followed, Moment now) {
    long pause = FIRST_LOOK.toNanos() << Math.min(followed.looks, 4);
    pause = Math.min(pause, LONGEST_PAUSE.toNanos());
    long jitter = followed.looks == 0 ? 0 : random.nextLong(pause / 4);
    followed.dueNanos = now.nanos() + pause - jitter;
    due.add(followed);
  }

  private void forget(Followed followed) {
    int partition = followed.job.source().partition();
    Set<Followed> jobs = byPartition.get(partition);
    if (jobs == null || !jobs.remove(followed)) {
      throw new IllegalStateException("job " + followed.job.jobId() + " is not followed");
    }
    count--;
    if (jobs.isEmpty()) {
      byPartition.remove(partition);
    }
  }
}
