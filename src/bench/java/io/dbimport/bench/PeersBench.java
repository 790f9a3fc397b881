package io.dbimport.bench;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.bench.Measured.Sample;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Our worker beside others, against a stub that answers at once: what a request costs. The runs of
 * the contenders take turns, so that a slow hour of the machine is everybody's.
 */
final class PeersBench {
  private static final int ENVIRONMENTS = 100;
  private static final int COLLECTIONS = 10;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration LOOK = Duration.ofMillis(20);

  private final int requests;
  private final int runs;
  private final Map<Contender, List<Measured>> measured = new EnumMap<>(Contender.class);

  PeersBench(int requests, int runs) {
    this.requests = requests;
    this.runs = runs;
  }

  /** All rounds; the report. */
  String run() throws Exception {
    try (Stand stand = Stand.start(List.of())) {
      warmUp(stand);
      List<Contender> order = new ArrayList<>(List.of(Contender.values()));
      for (int round = 1; round <= runs; round++) {
        for (Contender contender : order) {
          Measured one = measure(stand, contender, "round" + round);
          measured.computeIfAbsent(contender, _ -> new ArrayList<>()).add(one);
          System.out.printf(
              "round %d of %d  %-17s %s requests/s, %s in the second half%n",
              round,
              runs,
              contender.label,
              Spread.of(DoubleStream.of(one.wholeRate()), 0),
              Spread.of(DoubleStream.of(one.steadyRate()), 0));
        }
        Collections.rotate(order, 1);
      }
    }
    return report();
  }

  /** Broker and stub are one process each for all runs: the first run must not pay for them. */
  private void warmUp(Stand stand) throws Exception {
    System.out.println("warming up the broker and the stub");
    measure(stand, Contender.PLAIN_LOOP, "warm-up");
  }

  private Measured measure(Stand stand, Contender contender, String name) throws Exception {
    String prefix = name + "-" + contender.name().toLowerCase(Locale.ROOT);
    stand.makeTopics(prefix);
    stand.fill(prefix, requests(contender.conflictMode));
    try (Watch results =
            new Watch(stand.kafka(), prefix + ".accepted", contender.countsWhenCommitted());
        Watch ends = new Watch(stand.kafka(), prefix + ".finished", true)) {
      Stand.Calls before = stand.calls();
      Sample start =
          new Sample(
              System.nanoTime(), 0, Duration.ZERO, stand.stub.cpu(), stand.broker.cpu(), before);
      try (Launched worker = contender.launch(stand, prefix)) {
        Sample half = await(stand, worker, results, (requests + 1) / 2);
        Sample end = await(stand, worker, results, requests);
        Sample followed = contender.ours() ? await(stand, worker, ends, requests) : null;
        long peakMiB = worker.peakMiB();
        worker.terminate();
        requireOneEach(stand, contender, prefix, before);
        return new Measured(contender, start, half, end, followed, peakMiB);
      }
    } finally {
      stand.dropTopics(prefix);
    }
  }

  /** The first moment at which so many have come. */
  private Sample await(Stand stand, Launched worker, Watch watch, int least)
      throws IOException, InterruptedException {
    int seen = watch.poll(LOOK);
    for (long last = System.nanoTime(); seen < least; Thread.sleep(LOOK)) {
      int before = seen;
      seen = watch.poll(LOOK);
      if (seen > before) {
        last = System.nanoTime();
      } else if (!worker.alive() || System.nanoTime() - last > PATIENCE.toNanos()) {
        throw new IllegalStateException(
            "no more than %d of %d came, see %s".formatted(seen, least, worker.log()));
      }
    }
    return new Sample(
        System.nanoTime(), seen, worker.cpu(), stand.stub.cpu(), stand.broker.cpu(), stand.calls());
  }

  /** A bench of workers that lose or repeat anything would say nothing. */
  private void requireOneEach(Stand stand, Contender contender, String prefix, Stand.Calls before)
      throws IOException, InterruptedException {
    stand.requireOneEach(prefix + ".accepted", requests);
    if (contender.ours()) {
      stand.requireOneEach(prefix + ".finished", requests);
    }
    long imports = stand.calls().minus(before).imports();
    if (imports != requests) {
      throw new IllegalStateException(
          "%s made %d calls for %d requests".formatted(contender.label, imports, requests));
    }
  }

  private Stream<ImportRequest> requests(ConflictMode mode) {
    return IntStream.range(0, requests)
        .mapToObj(i -> {
          int lane = i % (ENVIRONMENTS * COLLECTIONS);
          return new ImportRequest(
              "r" + i,
              null,
              new ImportParameters(
                  "env-" + lane / COLLECTIONS,
                  "collection-" + lane % COLLECTIONS,
                  "imports/" + i + ".jsonl",
                  FileType.JSON,
                  false,
                  mode),
              null,
              mode == ConflictMode.UPSERT);
        });
  }

  private String report() throws IOException {
    Report report = new Report("Bench: what a request costs");
    report.line(
        "%,d requests in %d lanes and %d partitions, %d calls at once, a stub that answers at once;"
                .formatted(
                    requests, ENVIRONMENTS * COLLECTIONS, Stand.PARTITIONS, Contender.MAX_IN_FLIGHT)
            + " broker, stub and worker are processes of their own.");
    report.line(
        "%d rounds; each cell: median (least-most). Steady: the second half.".formatted(runs)
            + " Loop: as a multiple of the plain loop's in the same round.");
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            "",
            "requests/s",
            "steady",
            "steady / loop",
            "CPU µs/request",
            "steady",
            "steady / loop",
            "stub µs/call",
            "broker µs/request",
            "peak MiB"));
    for (Contender contender : Contender.values()) {
      rows.add(
          List.of(
              contender.label,
              spread(contender, Measured::wholeRate, 0),
              spread(contender, Measured::steadyRate, 0),
              ratio(contender, Measured::steadyRate),
              spread(contender, Measured::workerMicros, 0),
              spread(contender, Measured::steadyMicros, 0),
              ratio(contender, Measured::steadyMicros),
              spread(contender, Measured::stubMicros, 0),
              spread(contender, Measured::brokerMicros, 0),
              spread(contender, Measured::peakMiB, 0)));
    }
    report.table(rows);
    report.line(
        "The stub does the same for every call: its microseconds tell how fast the machine was."
            + " A result counts when it is committed, Parallel Consumer's when acknowledged.");
    report.line("Only ours keeps order and a ledger and follows each job to its end:");
    for (Contender contender : Contender.values()) {
      if (contender.ours()) {
        report.line("- " + followed(contender));
      }
    }
    report.line(
        "Every run gave exactly %,d committed results by as many calls.".formatted(requests));
    return report.text();
  }

  private String followed(Contender contender) {
    return "%s: %s more calls, %s of them before the last result; all jobs ended %s s after it; CPU with all that: %s µs/request"
        .formatted(
            contender.label,
            spread(contender, one -> ended(one).calls().minus(one.start().calls()).looks(), 0),
            spread(contender, one -> one.calls().looks(), 0),
            spread(contender, one -> (ended(one).nanos() - one.end().nanos()) / 1e9, 1),
            spread(contender, one -> ended(one).worker().toNanos() / 1e3 / requests, 0));
  }

  private static Sample ended(Measured one) {
    return Objects.requireNonNull(one.followed());
  }

  private List<Measured> of(Contender contender) {
    return measured.getOrDefault(contender, List.of());
  }

  private String spread(Contender contender, ToDoubleFunction<Measured> figure, int decimals) {
    return Spread.of(of(contender).stream().mapToDouble(figure), decimals);
  }

  private String ratio(Contender contender, ToDoubleFunction<Measured> figure) {
    List<Measured> loop = of(Contender.PLAIN_LOOP);
    return Spread.of(
        IntStream.range(0, loop.size())
            .mapToDouble(round ->
                figure.applyAsDouble(of(contender).get(round))
                    / figure.applyAsDouble(loop.get(round))),
        2);
  }
}
