package io.dbimport.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ConflictMode;
import io.dbimport.LaunchedWorker;
import io.dbimport.fixtures.KafkaFixture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A worker process dies or freezes at each point at which that means something different, and is
 * started again, followed by another one, or wakes after another one has its partitions. The system
 * property {@code full} asks for all cells of that matrix; else each point has one of its three
 * ends, by the seed. The system property {@code seed} repeats a choice.
 */
class CrashMatrixIT {
  private static final int PARTITIONS = 2;
  private static final int CELLS_AT_ONCE = 4;
  private static final Duration STEP = Duration.ofSeconds(60);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration ANSWER_AFTER = Duration.ofMillis(30);
  private static final List<String> LANES =
      List.of("env-0/c-0", "env-0/c-1", "env-1/c-0", "env-1/c-3");
  private static final String KILL = "9";
  private static final String STOP = "19";

  /** Where it happens. The names are those of milestones, but for the call itself. */
  private enum Point {
    TICK_BEGINS,
    TICK_FLUSHED,
    OFFSETS_SENT,
    TICK_COMMITTED,
    IN_THE_CALL,
    CALL_ANSWERED,
    CALL_JOURNALLED,
    LEDGER_READ
  }

  /** What happens after it. */
  private enum Then {
    RESTART,
    TAKEOVER,
    ZOMBIE
  }

  private record Cell(Point point, Then then, long seed) {
    String name() {
      return "crash-" + (point + "-" + then).toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  @Test
  @Timeout(value = 15, unit = TimeUnit.MINUTES)
  void noPromiseIsBrokenWhereverAWorkerDies() throws Exception {
    boolean full = Boolean.getBoolean("full");
    long seed = Long.getLong("seed", System.nanoTime() % 1_000_000);
    System.out.println("CrashMatrixIT seed " + seed);
    List<Cell> cells = full ? all(seed) : one(seed);
    long began = System.nanoTime();
    List<String> failures = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(CELLS_AT_ONCE)) {
      List<Future<String>> running = new ArrayList<>();
      for (Cell cell : cells) {
        running.add(threads.submit((Callable<String>) () -> run(cell)));
      }
      for (Future<String> one : running) {
        try {
          System.out.println(one.get());
        } catch (ExecutionException failure) {
          failures.add(String.valueOf(failure.getCause()));
        }
      }
    }
    System.out.printf(
        "%d cells in %d s%n",
        cells.size(), Duration.ofNanos(System.nanoTime() - began).toSeconds());
    assertThat(failures).as("seed " + seed).isEmpty();
  }

  private static List<Cell> all(long seed) {
    List<Cell> cells = new ArrayList<>();
    for (Point point : Point.values()) {
      for (Then then : Then.values()) {
        cells.add(new Cell(point, then, seed + cells.size()));
      }
    }
    return cells;
  }

  /** Each point once, its end by the seed. */
  private static List<Cell> one(long seed) {
    List<Then> ends = List.of(Then.values());
    List<Cell> cells = new ArrayList<>();
    for (Point point : Point.values()) {
      long turn = (seed + cells.size()) % ends.size();
      cells.add(new Cell(point, ends.get((int) turn), seed + cells.size()));
    }
    return cells;
  }

  private static String run(Cell cell) throws Exception {
    long began = System.nanoTime();
    try (Trial trial = Trial.begin(KafkaFixture.bootstrapServers(), cell.name(), PARTITIONS)) {
      Play play = new Play(trial, cell);
      play.run();
      String verdict = trial.verdict(PATIENCE, play.alive).summary();
      return verdict + ", " + Duration.ofNanos(System.nanoTime() - began).toSeconds() + " s";
    } catch (Exception | AssertionError failure) {
      throw new AssertionError(cell + ": " + failure, failure);
    }
  }

  /** One cell. Confined to one thread. */
  private static final class Play {
    private final Trial trial;
    private final Cell cell;
    private final Random random;
    private final List<LaunchedWorker> alive = new ArrayList<>();
    private int sent;

    Play(Trial trial, Cell cell) {
      this.trial = trial;
      this.cell = cell;
      this.random = new Random(cell.seed());
    }

    void run() throws Exception {
      trial.api().delay(ANSWER_AFTER);
      boolean inRestore = cell.point() == Point.LEDGER_READ;
      // All JVMs start at once; each joins the group when it is its turn.
      LaunchedWorker earlier = inRestore ? trial.begin("first") : null;
      LaunchedWorker victim = trial.begin("first", trap());
      LaunchedWorker next = trial.begin(cell.then() == Then.RESTART ? "first" : "second");

      LaunchedWorker working = earlier == null ? victim : earlier;
      join(working);
      send(12);
      Trial.await("the first requests have outcomes", STEP, () -> trial.settled() == sent);

      if (earlier != null) {
        killInACall(earlier);
        awaitListening(victim);
        victim.tell("arm");
        join(victim);
      } else if (cell.point() == Point.IN_THE_CALL) {
        holdSome();
        send(24);
        Trial.await("a call is held", STEP, () -> trial.api().held() > 0);
        if (cell.then() == Then.ZOMBIE) {
          victim.freeze();
        } else {
          victim.kill();
        }
      } else {
        victim.tell("arm");
        send(24);
      }
      Trial.await("the victim is down", STEP, () -> !victim.alive() || victim.frozen());
      trial.api().play(EvilApi.Script.KIND);

      join(next);
      send(6);
      if (cell.then() == Then.ZOMBIE) {
        Trial.await("its partitions are another's", STEP, () -> restores(next) >= PARTITIONS);
        Trial.await("who is at work", STEP, next::ready);
        trial.api().release();
        victim.thaw();
        alive.add(victim);
      } else {
        trial.api().release();
      }
      alive.add(next);
      send(6);
    }

    private String[] trap() {
      if (cell.point() == Point.IN_THE_CALL) {
        return new String[0];
      }
      int most = cell.point() == Point.LEDGER_READ ? PARTITIONS : 4;
      return new String[] {
        cell.point().name(),
        cell.then() == Then.ZOMBIE ? STOP : KILL,
        Integer.toString(1 + random.nextInt(most))
      };
    }

    /** Leaves the victim something to restore. */
    private void killInACall(LaunchedWorker earlier) throws Exception {
      holdSome();
      send(24);
      Trial.await("a call is held", STEP, () -> trial.api().held() > 0);
      earlier.kill();
      trial.api().release();
    }

    private void holdSome() {
      int from = sent + 4;
      trial
          .api()
          .play((path, nth) ->
              nth == 1 && number(path) >= from && number(path) % 3 == 0 ? Answer.HELD : Answer.OK);
    }

    private void join(LaunchedWorker worker) throws Exception {
      awaitListening(worker);
      worker.tell("go");
    }

    private static void awaitListening(LaunchedWorker worker) {
      Trial.await("a worker listens", STEP, worker::listens);
    }

    private static double restores(LaunchedWorker worker) {
      return Trial.value(worker.metrics(), "dbimport_ledger_restore_seconds_count");
    }

    private void send(int requests) {
      for (int i = 0; i < requests; i++) {
        ConflictMode mode = random.nextBoolean() ? ConflictMode.INSERT : ConflictMode.UPSERT;
        boolean usual = random.nextInt(6) != 0;
        boolean rerunSafe = (mode == ConflictMode.UPSERT) == usual;
        String lane = LANES.get(random.nextInt(LANES.size()));
        trial.send(Trial.request("request-%03d".formatted(sent++), lane, mode, rerunSafe));
      }
      trial.flush();
    }

    private static int number(String path) {
      return Integer.parseInt(path.replaceAll("\\D", ""));
    }
  }
}
