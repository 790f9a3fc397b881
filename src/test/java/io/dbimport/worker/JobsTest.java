package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.JobReply;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.event.AcceptedJob;
import io.dbimport.event.JobEnd;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.random.RandomGenerator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class JobsTest {
  private static final Duration TIMEOUT = Duration.ofHours(24);
  private static final JobReply RUNNING = WorkerBench.known(JobStatus.WRITING);
  private static final JobReply SUCCESS = WorkerBench.known(JobStatus.SUCCESS);
  private static final JobReply SILENT = new JobReply.NotKnown(-1, "read timed out");

  private final ManualClock clock = new ManualClock();
  private final Jobs jobs = jobs(FixedRandom.LOWEST);

  private static Jobs jobs(RandomGenerator random) {
    return new Jobs(TIMEOUT, random);
  }

  private AcceptedJob follow(Jobs by, int partition, long offset) {
    AcceptedJob job = Requests.job(partition, offset, clock.now().wall());
    by.follow(1, job, clock.now());
    return job;
  }

  /** The one look that is due now. */
  private Look look(Jobs by) {
    Look look = by.next(clock.now()).orElseThrow();
    assertThat(by.next(clock.now())).isEmpty();
    return look;
  }

  private Duration untilNext(Jobs by) {
    return Duration.ofNanos(by.nextDueNanos() - clock.now().nanos());
  }

  @Test
  void theFirstLookComesAfterASecond() {
    AcceptedJob job = follow(jobs, 0, 5);
    clock.advance(Duration.ofSeconds(1).minusNanos(1));
    assertThat(jobs.next(clock.now())).isEmpty();
    clock.advance(Duration.ofNanos(1));
    assertThat(look(jobs).job()).isSameAs(job);
  }

  @Test
  void looksBackOffToFifteenSeconds() {
    assertThat(pauses(jobs, RUNNING))
        .containsExactly(1_000L, 2_000L, 4_000L, 8_000L, 15_000L, 15_000L, 15_000L);
  }

  @Test
  void aLookThatGaveNothingBacksOffAlike() {
    assertThat(pauses(jobs, SILENT))
        .containsExactly(1_000L, 2_000L, 4_000L, 8_000L, 15_000L, 15_000L, 15_000L);
  }

  @Test
  void jitterShortensAPauseByAQuarterAtMost() {
    assertThat(pauses(jobs(FixedRandom.HIGHEST), RUNNING))
        .containsExactly(1_000L, 1_500L, 3_000L, 6_000L, 11_250L, 11_250L, 11_250L);
  }

  private List<Long> pauses(Jobs by, JobReply reply) {
    follow(by, 0, 5);
    return LongStream.range(0, 7)
        .map(_ -> {
          Duration pause = untilNext(by);
          clock.advance(pause);
          assertThat(by.looked(look(by), reply, clock.now())).isEmpty();
          return pause.toMillis();
        })
        .boxed()
        .toList();
  }

  @Test
  void aPauseBeginsWhenTheLookCameBack() {
    follow(jobs, 0, 5);
    clock.advance(Duration.ofSeconds(1));
    Look look = look(jobs);
    clock.advance(Duration.ofSeconds(30));
    assertThat(jobs.next(clock.now())).as("while a look is open").isEmpty();
    assertThat(jobs.looked(look, RUNNING, clock.now())).isEmpty();
    assertThat(untilNext(jobs)).isEqualTo(Duration.ofSeconds(2));
  }

  @ParameterizedTest
  @EnumSource
  void onlyATerminalStatusEndsAJob(JobStatus status) {
    follow(jobs, 0, 5);
    clock.advance(Duration.ofSeconds(1));
    JobState state = new JobState(status, 10, 2, "导出完成.");
    var end = jobs.looked(look(jobs), new JobReply.Known(state), clock.now());
    if (status == JobStatus.SUCCESS || status == JobStatus.FAIL) {
      assertThat(end).contains(new JobEnd.Ended(state));
      assertThat(jobs.count()).isZero();
      assertThat(jobs.nextDueNanos()).isEqualTo(Long.MAX_VALUE);
    } else {
      assertThat(end).isEmpty();
      assertThat(jobs.count()).isEqualTo(1);
    }
  }

  @Test
  void onlySoManyLooksAreOpenAtOnce() {
    for (int offset = 0; offset < Jobs.MAX_LOOKS_AT_ONCE + 2; offset++) {
      follow(jobs, 0, offset);
    }
    clock.advance(Duration.ofSeconds(1));
    List<Look> open = new ArrayList<>();
    for (int i = 0; i < Jobs.MAX_LOOKS_AT_ONCE; i++) {
      open.add(jobs.next(clock.now()).orElseThrow());
    }
    assertThat(jobs.next(clock.now())).isEmpty();
    assertThat(jobs.nextDueNanos()).as("nothing to wake up for").isEqualTo(Long.MAX_VALUE);
    assertThat(jobs.looked(open.get(0), SUCCESS, clock.now())).isPresent();
    assertThat(jobs.next(clock.now())).isPresent();
    assertThat(jobs.next(clock.now())).isEmpty();
    assertThat(jobs.looked(open.get(1), RUNNING, clock.now())).isEmpty();
    assertThat(jobs.next(clock.now())).isPresent();
  }

  @Test
  void aJobThatDoesNotEndInTimeIsLost() {
    follow(jobs, 0, 5);
    clock.advance(TIMEOUT.minusNanos(1));
    assertThat(jobs.looked(look(jobs), RUNNING, clock.now())).isEmpty();
    clock.advance(Duration.ofSeconds(2));
    assertThat(jobs.looked(look(jobs), SILENT, clock.now()))
        .contains(new JobEnd.Lost("no end within PT24H, last heard: -1 read timed out"));
    assertThat(jobs.count()).isZero();
  }

  @Test
  void aJobIsLostAtItsTimeoutAndNotAfterIt() {
    follow(jobs, 0, 5);
    clock.advance(TIMEOUT);
    assertThat(jobs.looked(look(jobs), RUNNING, clock.now()).orElseThrow())
        .isInstanceOf(JobEnd.Lost.class);
  }

  @Test
  void whicheverIsDueFirstIsLookedAtFirst() {
    follow(jobs, 0, 5);
    clock.advance(Duration.ofSeconds(1));
    assertThat(jobs.looked(look(jobs), RUNNING, clock.now())).isEmpty();
    AcceptedJob later = follow(jobs, 0, 6);
    assertThat(untilNext(jobs)).isEqualTo(Duration.ofSeconds(1));
    clock.advance(Duration.ofSeconds(1));
    assertThat(look(jobs).job()).isSameAs(later);
  }

  @Test
  void thereIsNothingToWakeUpForOnceAllAreDropped() {
    follow(jobs, 0, 5);
    jobs.drop(0);
    assertThat(jobs.nextDueNanos()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void anEndThatIsHeardLateIsStillTheEnd() {
    follow(jobs, 0, 5);
    clock.advance(TIMEOUT.multipliedBy(2));
    assertThat(jobs.looked(look(jobs), SUCCESS, clock.now()).orElseThrow())
        .isInstanceOf(JobEnd.Ended.class);
  }

  @Test
  void aRestoredJobIsLookedAtBeforeItCanBeLost() {
    Instant longAgo = clock.now().wall().minus(Duration.ofDays(3));
    jobs.follow(1, Requests.job(0, 5, longAgo), clock.now());
    clock.advance(Duration.ofSeconds(1));
    assertThat(jobs.looked(look(jobs), RUNNING, clock.now()))
        .contains(new JobEnd.Lost("no end within PT24H, last heard: writing"));
  }

  @Test
  void jobsOfADroppedPartitionAreNobodysAndTheirLooksAreIgnored() {
    follow(jobs, 0, 5);
    AcceptedJob other = follow(jobs, 1, 6);
    follow(jobs, 0, 7);
    clock.advance(Duration.ofSeconds(1));
    Look open = jobs.next(clock.now()).orElseThrow();
    assertThat(open.job().source().partition()).isZero();
    jobs.drop(0);
    assertThat(jobs.count()).isEqualTo(1);
    assertThat(jobs.looked(open, SUCCESS, clock.now())).isEmpty();
    assertThat(look(jobs).job()).isSameAs(other);
    assertThat(jobs.count()).isEqualTo(1);
  }

  @Test
  void anIgnoredLookFreesItsPlace() {
    for (int offset = 0; offset < Jobs.MAX_LOOKS_AT_ONCE; offset++) {
      follow(jobs, 0, offset);
    }
    clock.advance(Duration.ofSeconds(1));
    List<Look> open = new ArrayList<>();
    for (int i = 0; i < Jobs.MAX_LOOKS_AT_ONCE; i++) {
      open.add(jobs.next(clock.now()).orElseThrow());
    }
    jobs.drop(0);
    follow(jobs, 1, 0);
    clock.advance(Duration.ofSeconds(1));
    assertThat(jobs.next(clock.now())).isEmpty();
    assertThat(jobs.looked(open.getFirst(), SILENT, clock.now())).isEmpty();
    assertThat(jobs.next(clock.now())).isPresent();
  }

  @RepeatedTest(20)
  void everyFollowedJobEndsExactlyOnce(RepetitionInfo repetition) {
    long seed = repetition.getCurrentRepetition();
    Random random = new Random(seed);
    Jobs followed = jobs(random);
    Map<Long, Integer> ends = new HashMap<>();
    List<Look> open = new ArrayList<>();
    int total = 300;
    int started = 0;
    for (int step = 0; step < 200_000 && (started < total || followed.count() > 0); step++) {
      if (started < total && random.nextInt(4) == 0) {
        ends.put(follow(followed, random.nextInt(3), started++).jobId(), 0);
      }
      followed.next(clock.now()).ifPresent(open::add);
      assertThat(open.size()).isLessThanOrEqualTo(Jobs.MAX_LOOKS_AT_ONCE);
      if (!open.isEmpty() && random.nextInt(3) == 0) {
        Look look = open.remove(random.nextInt(open.size()));
        JobReply reply =
            switch (random.nextInt(10)) {
              case 0 -> SUCCESS;
              case 1 -> WorkerBench.known(JobStatus.FAIL);
              case 2, 3 -> SILENT;
              default -> RUNNING;
            };
        followed
            .looked(look, reply, clock.now())
            .ifPresent(_ -> ends.merge(look.job().jobId(), 1, Integer::sum));
      }
      clock.advance(Duration.ofMillis(random.nextInt(500)));
    }
    assertThat(ends).as("seed %d", seed).hasSize(total);
    assertThat(ends.values()).as("seed %d", seed).containsOnly(1);
    assertThat(open).isEmpty();
  }
}
