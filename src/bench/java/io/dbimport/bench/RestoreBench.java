package io.dbimport.bench;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.cli.Ports;
import io.dbimport.event.AcceptedJob;
import io.dbimport.event.JobEnd;
import io.dbimport.event.LedgerCodec;
import io.dbimport.event.LedgerRecord;
import io.dbimport.event.Source;
import io.dbimport.kafka.Messages;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.KafkaProducer;

/** How fast a worker that takes a partition over reads what its ledger remembers. */
final class RestoreBench {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration LOOK = Duration.ofMillis(50);
  private static final String METRIC = "dbimport_ledger_restore_seconds_";

  /** What of each request is in the ledger. */
  private enum Ledger {
    AS_WRITTEN("accepted and ended, as written", 2),
    COMPACTED("ended, as compacted", 1);

    final String label;
    final int recordsOfEach;

    Ledger(String label, int recordsOfEach) {
      this.label = label;
      this.recordsOfEach = recordsOfEach;
    }
  }

  private final int requests;
  private final int runs;
  private final HttpClient http = HttpClient.newHttpClient();
  private final LedgerCodec codec = new LedgerCodec();
  private final Map<Ledger, List<Double>> seconds = new EnumMap<>(Ledger.class);
  private long peakMiB;

  RestoreBench(int requests, int runs) {
    this.requests = requests;
    this.runs = runs;
  }

  /** All rounds; the report. */
  String run() throws Exception {
    try (Stand stand = Stand.start(List.of())) {
      for (Ledger ledger : Ledger.values()) {
        String prefix = "restore-" + ledger.recordsOfEach;
        stand.makeTopics(prefix);
        fill(stand, prefix, ledger);
        for (int round = 1; round <= runs; round++) {
          double took = restore(stand, prefix);
          seconds.computeIfAbsent(ledger, _ -> new ArrayList<>()).add(took);
          System.out.printf("%s, round %d of %d  %.2f s%n", ledger.label, round, runs, took);
        }
        stand.dropTopics(prefix);
      }
    }
    return report();
  }

  /** All in one partition: the others are read beside it, and are empty. */
  private void fill(Stand stand, String prefix, Ledger ledger) throws Exception {
    String topicId = stand.topicId(prefix + ".requests");
    try (KafkaProducer<byte[], byte[]> producer = stand.producer()) {
      for (int i = 0; i < requests; i++) {
        AcceptedJob job = job(prefix, i);
        List<LedgerRecord> records = new ArrayList<>(2);
        if (ledger == Ledger.AS_WRITTEN) {
          records.add(new LedgerRecord.Accepted(topicId, job, i, false));
        }
        JobEnd end = new JobEnd.Ended(new JobState(JobStatus.SUCCESS, 1, 0, ""));
        records.add(LedgerCodec.ended(topicId, job, i, end));
        records.forEach(record -> {
          var _ = producer.send(Messages.record(codec.encode(record, 0), prefix));
        });
      }
    }
  }

  private static AcceptedJob job(String prefix, int number) {
    ImportParameters parameters =
        new ImportParameters(
            "env-" + number % 100,
            "collection-" + number % 10,
            "imports/" + number + ".jsonl",
            FileType.JSON,
            false,
            ConflictMode.INSERT);
    return new AcceptedJob(
        new Source(prefix + ".requests", 0, number),
        new ImportRequest("request-" + number, null, parameters, null, false),
        ("env-" + number % 100).getBytes(StandardCharsets.UTF_8),
        List.of(),
        number,
        1,
        Instant.now());
  }

  /** A process of its own each time: how fast is what a restarted worker has, cold. */
  private double restore(Stand stand, String prefix) throws Exception {
    String port = Integer.toString(Ports.free());
    try (Launched worker = Contender.worker(stand, prefix, Map.of("DBIMPORT_WORKER_PORT", port))) {
      HttpRequest metrics =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics")).build();
      long giveUpAt = System.nanoTime() + PATIENCE.toNanos();
      while (figure(metrics, "count") < Stand.PARTITIONS) {
        if (!worker.alive() || System.nanoTime() > giveUpAt) {
          throw new IllegalStateException("it does not take over, see " + worker.log());
        }
        Thread.sleep(LOOK);
      }
      double longest = figure(metrics, "max");
      peakMiB = Math.max(peakMiB, worker.peakMiB());
      worker.terminate();
      return longest;
    }
  }

  /** A figure of the worker's metric; 0 while it has none. */
  private double figure(HttpRequest metrics, String suffix) throws InterruptedException {
    try {
      Matcher found =
          Pattern.compile("^" + METRIC + suffix + "\\S* (\\S+)$", Pattern.MULTILINE)
              .matcher(http.send(metrics, HttpResponse.BodyHandlers.ofString()).body());
      return found.find() ? Double.parseDouble(found.group(1)) : 0;
    } catch (IOException notYet) {
      return 0;
    }
  }

  private String report() throws IOException {
    Report report = new Report("Bench: how fast a partition is taken over");
    report.line(
        "%,d remembered requests in one partition, %d rounds, each by a fresh process with a heap of %s;"
                .formatted(requests, runs, Contender.HEAP)
            + " median (least-most).");
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("of each request", "seconds", "requests/s", "records/s"));
    seconds.forEach((ledger, all) ->
        rows.add(
            List.of(
                ledger.label,
                spread(all, took -> took, 2),
                spread(all, took -> requests / took, 0),
                spread(all, took -> (double) requests * ledger.recordsOfEach / took, 0))));
    report.table(rows);
    report.line("Aim: 300,000 a second. Most memory of the process: %,d MiB.".formatted(peakMiB));
    return report.text();
  }

  private static String spread(List<Double> all, ToDoubleFunction<Double> figure, int decimals) {
    return Spread.of(all.stream().mapToDouble(figure), decimals);
  }
}
