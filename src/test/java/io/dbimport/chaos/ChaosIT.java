package io.dbimport.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ConflictMode;
import io.dbimport.ImportRequest;
import io.dbimport.LaunchedWorker;
import io.dbimport.fixtures.OwnKafka;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Workers that are killed, frozen, stopped and joined, a broker that is restarted, and an API that
 * does everything but its best, all at once; then quiet, and the verdict. The system property
 * {@code full} asks for ten minutes of it, {@code seed} for the same choices again; with an odd one
 * lanes wait for the end of jobs.
 */
class ChaosIT {
  private static final Duration CHAOS =
      Boolean.getBoolean("full") ? Duration.ofMinutes(10) : Duration.ofSeconds(45);

  /**
   * Lanes that wait for jobs end what chaos left a request a second each: ten minutes leave much.
   */
  private static final Duration PATIENCE =
      Boolean.getBoolean("full") ? Duration.ofMinutes(10) : Duration.ofSeconds(150);

  private static final Duration BETWEEN_BROKER_RESTARTS = Duration.ofSeconds(20);
  private static final Duration STEP = Duration.ofMillis(1500);
  private static final int PARTITIONS = 4;
  private static final int SLOTS = 3;
  private static final int LANES = 30;
  private static final int IN_A_STEP = 40;

  /** Lanes that wait for jobs are slower: a job is looked at after a second. */
  private static final int IN_A_STEP_BY_COMPLETION = 25;

  private static final int RENEW_EVERY = 4;
  private static final String SECOND_APPS_ENVIRONMENT = "env-5/";

  @Test
  @Timeout(value = 30, unit = TimeUnit.MINUTES)
  void noPromiseIsBrokenWhateverFails() throws Exception {
    long seed = Long.getLong("seed", System.nanoTime() % 1_000_000);
    boolean byCompletion = seed % 2 != 0;
    System.out.printf(
        "ChaosIT seed %d, ordering: %s%n", seed, byCompletion ? "completion" : "request");
    try (OwnKafka kafka = OwnKafka.started();
        Trial trial = Trial.begin(kafka.bootstrapServers(), "chaos", PARTITIONS)) {
      if (byCompletion) {
        trial.orderByCompletion();
      }
      int inAStep = byCompletion ? IN_A_STEP_BY_COMPLETION : IN_A_STEP;
      Play play = new Play(trial, kafka, seed, inAStep);
      play.run();
      Trial.Verdict verdict = trial.verdict(PATIENCE, play.quiet());
      System.out.println(verdict.summary());
      System.out.println("seed " + seed + ": " + play.done);
      Set<Answer> second =
          answersTo(verdict, post -> post.lane().startsWith(SECOND_APPS_ENVIRONMENT));
      Set<Answer> first =
          answersTo(verdict, post -> !post.lane().startsWith(SECOND_APPS_ENVIRONMENT));
      assertThat(second).as("tokens from a service").contains(Answer.EXPIRED_TOKEN);
      assertThat(first)
          .as("tokens from a file")
          .contains(Answer.EXPIRED_TOKEN)
          .doesNotContain(Answer.APP_QUOTA);
      assertQuotaMet(verdict, second, Answer.APP_QUOTA, Mischief.APP_QUOTA_AT);
      assertQuotaMet(verdict, first, Answer.ENV_QUOTA, Mischief.ENV_QUOTA_AT);
    } catch (Exception | AssertionError failure) {
      throw new AssertionError("seed " + seed + ": " + failure, failure);
    }
  }

  /** The request that uses the quota up may have ended before, for want of a token. */
  private static void assertQuotaMet(
      Trial.Verdict verdict, Set<Answer> answers, Answer quota, int number) {
    if (!answers.contains(quota)) {
      assertThat(verdict.evidence().outcomes())
          .filteredOn(outcome -> outcome.requestId().equals(requestId(number)))
          .as(quota + " was not answered")
          .extracting(Evidence.Outcome::errorClass)
          .contains("token");
    }
  }

  private static String requestId(int number) {
    return "request-%05d".formatted(number);
  }

  private static Set<Answer> answersTo(Trial.Verdict verdict, Predicate<Post> which) {
    return verdict.evidence().posts().stream()
        .filter(which)
        .map(Post::answer)
        .collect(Collectors.toSet());
  }

  /** A place for a worker of one instance id. Confined to one thread. */
  private static final class Slot {
    final String instance;
    @Nullable LaunchedWorker worker;
    boolean leaving;
    int frozenSteps;

    Slot(String instance) {
      this.instance = instance;
    }
  }

  /** The chaos. Confined to one thread. */
  private static final class Play {
    private final Trial trial;
    private final OwnKafka kafka;
    private final Random random;
    private final long seed;
    private final int inAStep;
    private final List<Slot> slots = new ArrayList<>();
    private final List<ImportRequest> sent = new ArrayList<>();
    private final List<String> done = new ArrayList<>();
    private long brokerRestartedNanos = System.nanoTime();

    Play(Trial trial, OwnKafka kafka, long seed, int inAStep) {
      this.trial = trial;
      this.kafka = kafka;
      this.random = new Random(seed);
      this.seed = seed;
      this.inAStep = inAStep;
      for (int i = 0; i < SLOTS; i++) {
        slots.add(new Slot("worker-" + i));
      }
    }

    void run() throws Exception {
      for (Slot slot : slots) {
        join(slot);
      }
      send();
      Trial.await("work has begun", Duration.ofSeconds(60), () -> trial.api().imports() > 0);
      trial.api().play(new Mischief(seed));
      long end = System.nanoTime() + CHAOS.toNanos();
      for (int step = 1; System.nanoTime() < end; step++) {
        send();
        act();
        if (step % RENEW_EVERY == 0) {
          done("renew the token");
          trial.api().renewToken();
        }
        pass(STEP);
      }
    }

    /** Ends all mischief, and has the last requests worked on. Returns the workers at work. */
    List<LaunchedWorker> quiet() throws Exception {
      trial.api().play(Mischief::quota);
      trial.api().open();
      List<LaunchedWorker> alive = new ArrayList<>();
      for (Slot slot : slots) {
        if (slot.frozenSteps > 0) {
          thaw(slot);
        }
        LaunchedWorker worker = slot.worker;
        if (slot.leaving || worker == null || !worker.alive()) {
          gone(slot);
          alive.add(join(slot));
        } else {
          alive.add(worker);
        }
      }
      send();
      return alive;
    }

    private void act() throws Exception {
      for (Slot slot : slots) {
        if (slot.frozenSteps > 0 && --slot.frozenSteps == 0) {
          thaw(slot);
        }
      }
      Slot slot = slots.get(random.nextInt(slots.size()));
      LaunchedWorker worker = slot.worker;
      boolean up = worker != null && worker.alive() && !slot.leaving;
      switch (random.nextInt(9)) {
        case 0, 1 -> {
          if (up && worker != null) {
            done("kill " + slot.instance + (slot.frozenSteps > 0 ? " in its sleep" : ""));
            worker.kill();
            slot.frozenSteps = 0;
          }
          gone(slot);
          join(slot);
        }
        case 2, 3, 4 -> {
          if (up && worker != null && slot.frozenSteps == 0) {
            slot.frozenSteps = 1 + random.nextInt(6);
            done("freeze " + slot.instance + " for " + slot.frozenSteps);
            worker.freeze();
          }
        }
        case 5 -> {
          if (up && worker != null && slot.frozenSteps == 0) {
            done("leave " + slot.instance);
            worker.tell("stop");
            slot.leaving = true;
          }
        }
        case 6 -> {
          done("refuse connections");
          trial.api().shut();
          pass(STEP.dividedBy(2));
          trial.api().open();
        }
        default -> {
          if (System.nanoTime() - brokerRestartedNanos > BETWEEN_BROKER_RESTARTS.toNanos()) {
            done("restart the broker");
            kafka.stop();
            kafka.start();
            brokerRestartedNanos = System.nanoTime();
          }
        }
      }
      for (Slot each : slots) {
        if (each.worker == null || !each.worker.alive()) {
          gone(each);
          join(each);
        }
      }
    }

    private LaunchedWorker join(Slot slot) throws IOException {
      LaunchedWorker worker = trial.begin(slot.instance);
      worker.tell("go");
      slot.worker = worker;
      slot.leaving = false;
      slot.frozenSteps = 0;
      return worker;
    }

    /** Two at once under one instance id are a fault of operation, which ends them. */
    private static void gone(Slot slot) throws InterruptedException {
      LaunchedWorker worker = slot.worker;
      if (worker != null && worker.alive()) {
        int _ = worker.exitCode();
      }
    }

    private void thaw(Slot slot) throws Exception {
      slot.frozenSteps = 0;
      if (slot.worker != null && slot.worker.alive()) {
        done("thaw " + slot.instance);
        slot.worker.thaw();
      }
    }

    private void send() {
      for (int i = 0; i < inAStep; i++) {
        int what = random.nextInt(100);
        if (what < 2) {
          byte[] noise = new byte[random.nextInt(40)];
          random.nextBytes(noise);
          trial.send(lane().getBytes(StandardCharsets.UTF_8), noise);
        } else if (what < 6 && !sent.isEmpty()) {
          trial.send(sent.get(random.nextInt(sent.size())));
        } else if (what < 7 && !sent.isEmpty()) {
          trial.send(otherContent(sent.get(random.nextInt(sent.size())), sent.size() + i));
        } else {
          ImportRequest request =
              switch (sent.size() % Mischief.QUOTA_EVERY) {
                // Whatever happens to their workers, these are called.
                case Mischief.ENV_QUOTA_AT -> request("env-0/c-0", ConflictMode.UPSERT, true);
                case Mischief.APP_QUOTA_AT ->
                    request(SECOND_APPS_ENVIRONMENT + "c-0", ConflictMode.UPSERT, true);
                default -> {
                  ConflictMode mode =
                      random.nextBoolean() ? ConflictMode.INSERT : ConflictMode.UPSERT;
                  boolean usual = random.nextInt(8) != 0;
                  yield request(lane(), mode, (mode == ConflictMode.UPSERT) == usual);
                }
              };
          sent.add(request);
          trial.send(request);
        }
      }
    }

    private ImportRequest request(String lane, ConflictMode mode, boolean rerunSafe) {
      String id = requestId(sent.size());
      String app = lane.startsWith(SECOND_APPS_ENVIRONMENT) ? Trial.SECOND_APP : null;
      return Trial.request(id, app, lane, mode, rerunSafe);
    }

    /** The same id, and so the same lane, for another file. */
    private static ImportRequest otherContent(ImportRequest request, int number) {
      var parameters = request.parameters();
      ImportRequest other =
          Trial.request(
              "other-" + number,
              parameters.env() + "/" + parameters.collectionName(),
              parameters.conflictMode(),
              request.rerunSafe());
      return new ImportRequest(
          request.requestId(), request.appId(), other.parameters(), null, request.rerunSafe());
    }

    private String lane() {
      int lane = random.nextInt(LANES);
      return "env-" + lane % 6 + "/c-" + lane / 6;
    }

    private void done(String what) {
      done.add(what);
    }

    /** Chaos takes its time: there is nothing to wait for. */
    private static void pass(Duration time) {
      LockSupport.parkNanos(time.toNanos());
    }
  }
}
