package io.dbimport.kafka;

import io.dbimport.ImportApi;
import io.dbimport.JobReply;
import io.dbimport.cli.EnvironmentSettings;
import io.dbimport.cli.Settings;
import io.dbimport.cli.Wiring;
import io.dbimport.client.HttpImportApi;
import io.dbimport.client.MeteredImportApi;
import io.dbimport.server.Health;
import io.dbimport.server.ObserveServer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A worker as a process that may kill or freeze itself at a milestone. It is told what to do by its
 * environment, as {@code dbimport worker} is, by its arguments, and by lines on standard input:
 *
 * <ul>
 *   <li>{@code go}: join the group; before that it only warms up
 *   <li>{@code arm}: count milestones from now on
 *   <li>{@code stop}: drain and end
 * </ul>
 *
 * <p>When that input ends, so does it: no worker outlives its test. Stateless.
 */
public final class WorkerUnderTest {
  private static final int WARM_UP_CALLS = 20;

  private WorkerUnderTest() {}

  /**
   * Runs until it is drained or dead.
   *
   * @param args nothing, or a milestone, the signal to send itself there (9 or 19), and at the how
   *     manieth time
   */
  public static void main(String[] args) throws InterruptedException {
    Settings settings = EnvironmentSettings.read();
    PrometheusMeterRegistry registry = Wiring.registry();
    AtomicReference<@Nullable KafkaWorker> worker = new AtomicReference<>();
    Trap trap =
        args.length == 0
            ? new Trap(null, 0, 0)
            : new Trap(
                Milestone.valueOf(args[0]), Integer.parseInt(args[1]), Integer.parseInt(args[2]));
    CountDownLatch go = new CountDownLatch(1);
    AtomicBoolean stop = new AtomicBoolean();
    Thread.ofPlatform().daemon().name("told").start(() -> obey(go, trap, stop, worker));
    try (HttpImportApi api = new HttpImportApi(Wiring.client(settings), Wiring.tokens(settings));
        ObserveServer observe =
            ObserveServer.start("127.0.0.1", 0, registry, new WorkerHealth(worker))) {
      warmUp(api);
      System.out.println("metrics and health at http://127.0.0.1:" + observe.port());
      go.await();
      KafkaWorker started =
          KafkaWorker.start(
              Wiring.worker(settings, observe.port()),
              Wiring.work(settings),
              new MeteredImportApi(api, registry),
              registry,
              trap);
      worker.set(started);
      if (stop.get()) {
        started.stop();
      }
      WorkerEnd end = started.awaitEnd();
      System.out.println("ended: " + end);
      boolean drained = end instanceof WorkerEnd.Drained || end instanceof WorkerEnd.NotHandedOver;
      System.exit(drained ? 0 : 75);
    }
  }

  /** The first calls of a JVM take longer than the deadline that tests set. */
  private static void warmUp(ImportApi api) throws InterruptedException {
    for (int i = 0; i < WARM_UP_CALLS; i++) {
      JobReply reply = api.state(null, "warm-up", 0);
      if (i == WARM_UP_CALLS - 1) {
        System.out.println("warmed up: " + reply);
      }
    }
  }

  private static void obey(
      CountDownLatch go,
      Trap trap,
      AtomicBoolean stop,
      AtomicReference<@Nullable KafkaWorker> worker) {
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        switch (line) {
          case "go" -> go.countDown();
          case "arm" -> trap.arm();
          case "stop" -> {
            // It may be told before there is a worker.
            stop.set(true);
            KafkaWorker running = worker.get();
            if (running != null) {
              running.stop();
            }
          }
          default -> throw new IllegalArgumentException(line);
        }
      }
    } catch (IOException ended) {
      System.out.println("standard input: " + ended);
    }
    Runtime.getRuntime().halt(3);
  }

  /** Sends this process a signal when a milestone is reached for the n-th time. Thread-safe. */
  private static final class Trap implements Milestone.Listener {
    private static final MethodHandle KILL = kill();

    private final @Nullable Milestone at;
    private final int signal;
    private final AtomicInteger left;
    private volatile boolean armed;

    Trap(@Nullable Milestone at, int signal, int nth) {
      this.at = at;
      this.signal = signal;
      this.left = new AtomicInteger(nth);
      kill(0); // sends nothing, and links the call
    }

    void arm() {
      armed = true;
      System.out.println("armed");
    }

    @Override
    public void reached(Milestone milestone) {
      if (armed && milestone == at && left.decrementAndGet() == 0) {
        kill(signal);
      }
    }

    /** A call of the system's own: another process would come some milliseconds late. */
    @SuppressWarnings("restricted") // tests' JVMs are started with native access
    private static MethodHandle kill() {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(
          linker.defaultLookup().find("kill").orElseThrow(),
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    }

    private static void kill(int signal) {
      int result;
      try {
        result = (int) KILL.invokeExact(Math.toIntExact(ProcessHandle.current().pid()), signal);
      } catch (Throwable impossible) {
        throw new IllegalStateException(impossible);
      }
      if (result != 0) {
        throw new IllegalStateException("no signal " + signal + ": " + result);
      }
    }
  }

  /** Asks the worker, once there is one. */
  private record WorkerHealth(AtomicReference<@Nullable KafkaWorker> worker) implements Health {
    @Override
    public Optional<String> notLive() {
      return Optional.ofNullable(worker.get()).flatMap(KafkaWorker::notLive);
    }

    @Override
    public Optional<String> notReady() {
      return Optional.ofNullable(worker.get())
          .map(KafkaWorker::notReady)
          .orElse(Optional.of("starting"));
    }
  }
}
