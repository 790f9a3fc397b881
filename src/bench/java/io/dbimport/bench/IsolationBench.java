package io.dbimport.bench;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.event.EventEncoder;
import io.dbimport.kafka.Messages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.jspecify.annotations.Nullable;

/**
 * What a quiet tenant feels of one that floods and is over its limit all the time: the time from
 * its request to the accepted event, alone and beside the other.
 *
 * <p>Requests are sent at a steady pace, whether or not the one before was accepted: who waits for
 * an answer before asking again does not see a stop.
 */
final class IsolationBench {
  private static final String QUIET = "quiet";
  private static final String FLOOD = "flood";
  private static final int QUIET_LANES = 10;

  /** Many: a lane that is refused waits, and the limit must be met all the same. */
  private static final int FLOOD_LANES = 1_000;

  /** The number of a request that only shows that the worker is at work. */
  private static final int FIRST = -1;

  private static final int WARM_UP = 100;
  private static final int TIMED = 100;
  private static final Duration WARM_UP_PACE = Duration.ofMillis(50);

  /** A hundred of them outlast the minute for which a quota holds a caller back. */
  private static final Duration PACE = Duration.ofMillis(700);

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Calls of the flood that are taken a second; the rest is told the errcode of the limit. */
  private static final String TAKEN = "20";

  /** Whom the two tenants share what with. */
  private enum Neighbours {
    ENVIRONMENTS("two environments of one app", -501003, "\"env\":\"" + FLOOD + "\""),
    APPS("two apps", 45011, "access_token=" + FLOOD + "-token");

    final String label;
    final int errcode;

    /** Text that marks the calls of the flood. */
    private final String mark;

    Neighbours(String label, int errcode, String mark) {
      this.label = label;
      this.errcode = errcode;
      this.mark = mark;
    }

    List<String> limit() {
      return List.of(mark, Integer.toString(errcode), TAKEN);
    }

    @Nullable String appOf(String tenant) {
      return this == APPS ? tenant : null;
    }

    /** What the worker is told of them. */
    Map<String, String> settings() throws IOException {
      if (this == ENVIRONMENTS) {
        return Map.of();
      }
      String app =
          "\"%1$s\":{\"family\":\"component\",\"source\":\"static\",\"token\":\"%1$s-token\"}";
      Path file = Files.createDirectories(Bench.FOLDER).resolve("apps.json");
      Files.writeString(
          file, "{\"apps\":{" + app.formatted(QUIET) + "," + app.formatted(FLOOD) + "}}");
      return Map.of("DBIMPORT_APPS", file.toString());
    }
  }

  private final int requests;
  private final int runs;
  private final Map<Neighbours, List<Run>> measured = new EnumMap<>(Neighbours.class);

  IsolationBench(int requests, int runs) {
    this.requests = requests;
    this.runs = runs;
  }

  /** The quiet tenant's times of one round, in milliseconds; one that never came is infinite. */
  private record Run(List<Double> alone, List<Double> beside, Stand.Calls calls) {}

  /** All rounds; the report. */
  String run() throws Exception {
    for (Neighbours neighbours : Neighbours.values()) {
      try (Stand stand = Stand.start(neighbours.limit())) {
        for (int round = 1; round <= runs; round++) {
          List<Double> alone = measure(stand, neighbours, "alone" + round, 0);
          Stand.Calls before = stand.calls();
          List<Double> beside = measure(stand, neighbours, "beside" + round, requests);
          measured
              .computeIfAbsent(neighbours, _ -> new ArrayList<>())
              .add(new Run(alone, beside, stand.calls().minus(before)));
          System.out.printf(
              "%s, round %d of %d  alone p50 %.0f ms, p99 %.0f ms; beside p50 %.0f ms, p99 %.0f ms%n",
              neighbours.label, round, runs, p50(alone), p99(alone), p50(beside), p99(beside));
        }
      }
    }
    return report();
  }

  private static List<Double> measure(Stand stand, Neighbours neighbours, String prefix, int flood)
      throws Exception {
    stand.makeTopics(prefix);
    stand.fill(
        prefix,
        IntStream.range(0, flood).mapToObj(i -> request(neighbours, FLOOD, i, FLOOD_LANES)));
    long refusedBefore = stand.calls().refused();
    try (Launched worker = Contender.worker(stand, prefix, neighbours.settings());
        Watch accepted = new Watch(stand.kafka(), prefix + ".accepted", true)) {
      if (flood > 0) {
        awaitAtWork(worker, () -> stand.calls().refused() > refusedBefore);
      } else {
        stand.fill(prefix, Stream.of(request(neighbours, QUIET, FIRST, QUIET_LANES)));
        awaitAtWork(worker, () -> accepted.poll(WARM_UP_PACE) > 0);
      }
      return times(stand, neighbours, prefix, accepted);
    } finally {
      stand.dropTopics(prefix);
    }
  }

  /** Its start is not what is measured: it must have called, and met the limit if there is one. */
  private static void awaitAtWork(Launched worker, Callable<Boolean> atWork) throws Exception {
    long giveUpAt = System.nanoTime() + PATIENCE.toNanos();
    while (!atWork.call()) {
      if (!worker.alive() || System.nanoTime() > giveUpAt) {
        throw new IllegalStateException("it does not call, see " + worker.log());
      }
      Thread.sleep(WARM_UP_PACE);
    }
  }

  /** Sends the quiet tenant's requests and waits for all of them, or until patience ends. */
  private static List<Double> times(
      Stand stand, Neighbours neighbours, String prefix, Watch accepted) {
    int all = WARM_UP + TIMED;
    long[] sent = new long[all];
    double[] millis = new double[all];
    Arrays.fill(millis, Double.POSITIVE_INFINITY);
    Map<String, Integer> open = new ConcurrentHashMap<>();
    EventEncoder encoder = new EventEncoder(prefix, prefix);
    try (KafkaProducer<byte[], byte[]> producer = stand.producer()) {
      long begin = System.nanoTime();
      long giveUpAt = begin + dueNanos(all) + PATIENCE.toNanos();
      int next = 0;
      while ((next < all || !open.isEmpty()) && System.nanoTime() < giveUpAt) {
        if (next < all && System.nanoTime() - begin >= dueNanos(next)) {
          ImportRequest request = request(neighbours, QUIET, next, QUIET_LANES);
          open.put(request.requestId(), next);
          sent[next++] = System.nanoTime();
          var _ = producer.send(Messages.record(encoder.request(request, Instant.now()), prefix));
        }
        accepted.poll(
            Duration.ofMillis(2),
            id -> {
              Integer which = open.remove(id);
              if (which != null) {
                millis[which] = (System.nanoTime() - sent[which]) / 1e6;
              }
            });
      }
    }
    return Arrays.stream(millis, WARM_UP, all).boxed().toList();
  }

  /** When a request of the quiet tenant is sent, after the first of them. */
  private static long dueNanos(int number) {
    int timed = Math.max(0, number - WARM_UP);
    return WARM_UP_PACE.toNanos() * (number - timed) + PACE.toNanos() * timed;
  }

  private static ImportRequest request(
      Neighbours neighbours, String tenant, int number, int lanes) {
    return new ImportRequest(
        tenant + number,
        neighbours.appOf(tenant),
        new ImportParameters(
            tenant,
            "collection-" + Math.floorMod(number, lanes),
            "imports/" + number + ".jsonl",
            FileType.JSON,
            false,
            ConflictMode.UPSERT),
        null,
        true);
  }

  private String report() throws IOException {
    Report report = new Report("Bench: what a tenant feels of its neighbour");
    report.line(
        "Two tenants. One has sent %,d requests and is over its limit".formatted(requests)
            + " all the time; the other sends one every %d ms.".formatted(PACE.toMillis()));
    report.line(
        "Milliseconds from request to accepted event of %d requests; %d rounds: median (least-most)."
            .formatted(TIMED, runs));
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("", "p50", "p99", "not accepted in " + PATIENCE.toSeconds() + " s"));
    measured.forEach((neighbours, all) -> {
      String name = neighbours.label + " (" + neighbours.errcode + "), ";
      rows.add(row(name + "alone", all, Run::alone));
      rows.add(row(name + "beside", all, Run::beside));
      rows.add(
          List.of(
              name + "beside / alone",
              spread(all, run -> p50(run.beside) / p50(run.alone), 2),
              spread(all, run -> p99(run.beside) / p99(run.alone), 2),
              ""));
    });
    report.table(rows);
    report.line("Aim: 1.5 at the most, and everything accepted.");
    measured.forEach((neighbours, all) ->
        report.line(
            "Of %s, the neighbour was refused %s times a round, and taken %s times."
                .formatted(
                    neighbours.label,
                    spread(all, run -> run.calls.refused(), 0),
                    spread(
                        all,
                        run -> run.calls.imports() - run.calls.refused() - WARM_UP - TIMED,
                        0))));
    return report.text();
  }

  /** The times of a round. */
  private interface Times {
    List<Double> of(Run run);
  }

  private static List<String> row(String name, List<Run> all, Times times) {
    return List.of(
        name,
        spread(all, run -> p50(times.of(run)), 1),
        spread(all, run -> p99(times.of(run)), 1),
        spread(all, run -> times.of(run).stream().filter(time -> time.isInfinite()).count(), 0));
  }

  private static String spread(List<Run> all, ToDoubleFunction<Run> figure, int decimals) {
    return Spread.of(all.stream().mapToDouble(figure), decimals);
  }

  private static double p50(List<Double> millis) {
    return Spread.quantile(millis, 0.5);
  }

  private static double p99(List<Double> millis) {
    return Spread.quantile(millis, 0.99);
  }
}
