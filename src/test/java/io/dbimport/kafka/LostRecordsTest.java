package io.dbimport.kafka;

import static io.dbimport.kafka.Stand.insert;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.event.Message.Kind;
import io.dbimport.fixtures.Eventually;
import io.dbimport.kafka.Stand.Started;
import io.dbimport.server.Health;
import io.dbimport.server.ObserveServer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Records that a partition needs are gone: nothing is called there until a person has decided, and
 * the other partitions go on.
 */
@Timeout(120)
final class LostRecordsTest {

  /** What is gone; the partition was worked on up to offset 1 and ends at 3. */
  enum Loss {
    LEDGER_MADE_ANEW {
      @Override
      void happen(Stand stand) throws Exception {
        List<String> ledger = List.of(stand.topic(Kind.LEDGER));
        stand.admin().deleteTopics(ledger).all().get();
        Topics topics = new Topics(stand.admin(), stand.prefix, Duration.ofDays(7));
        Eventually.isTrue(
            "the ledger is made anew", () -> topics.create(2, (short) 1).equals(ledger));
      }

      @Override
      String told(Stand stand) {
        return stand.topic(Kind.LEDGER)
            + "-0 ends at 0 and had records up to %d: what was accepted is not known any more";
      }
    },
    REQUESTS_DELETED {
      @Override
      void happen(Stand stand) throws Exception {
        stand
            .admin()
            .deleteRecords(
                Map.of(stand.partition(Kind.REQUESTS, 0), RecordsToDelete.beforeOffset(2)))
            .all()
            .get();
      }

      @Override
      String told(Stand stand) {
        return stand.topic(Kind.REQUESTS)
            + "-0 begins at 2 and was worked on up to 1: the requests between are gone";
      }
    },
    OFFSET_BEYOND_THE_END {
      @Override
      void happen(Stand stand) throws Exception {
        stand.commit(0, 7);
      }

      @Override
      String told(Stand stand) {
        return stand.topic(Kind.REQUESTS)
            + "-0 ends at 3 and was worked on up to 7: records are gone";
      }
    };

    abstract void happen(Stand stand) throws Exception;

    /** What is said about it. */
    abstract String told(Stand stand);
  }

  @ParameterizedTest
  @EnumSource(Loss.class)
  void theirPartitionIsNotWorkedOnAndOthersAre(Loss loss) throws Exception {
    try (Stand stand = Stand.withPartitions(2)) {
      Started first = stand.start("one");
      stand.sendTo(0, insert("before", "c0"));
      stand.await(Kind.FINISHED, 1);
      assertThat(first.stop()).isEqualTo(new WorkerEnd.Drained());
      long ledgerEnd = CommitNote.read(stand.committed(0).metadata()).orElseThrow().ledgerEnd();
      stand.sendTo(0, insert("next", "c0"));
      stand.sendTo(0, insert("last", "c0"));
      loss.happen(stand);
      OffsetAndMetadata committed = stand.committed(0);

      Started second = stand.start("one");
      stand.sendTo(1, insert("other", "c0"));
      stand.await(Kind.FINISHED, 2);
      String told = loss.told(stand).formatted(ledgerEnd);
      KafkaWorker worker = second.worker();
      String why =
          Eventually.see("it says so", worker::notReady, reason -> reason.isPresent())
              .orElseThrow();
      assertThat(why).startsWith("not worked on, partition and why: {0=" + told);
      HttpResponse<String> ready = readyz(worker);
      assertThat(ready.statusCode()).isEqualTo(503);
      assertThat(ready.body()).contains(told);
      assertThat(worker.notLive()).isEmpty();

      // By now everything else that is sent has its outcome.
      stand.sendTo(0, insert("more", "c1"));
      stand.sendTo(1, insert("another", "c1"));
      stand.await(Kind.FINISHED, 3);
      assertThat(stand.calls()).isEqualTo(Map.of("before", 1, "other", 1, "another", 1));
      assertThat(second.stop()).isEqualTo(new WorkerEnd.Drained());
      assertThat(stand.committed(0)).isEqualTo(committed);
      second.assertBalanced();

      stand.commit(0, loss == Loss.REQUESTS_DELETED ? 2 : 1);
      Started third = stand.start("one");
      Map<String, Integer> calls = new HashMap<>(stand.calls());
      if (loss != Loss.REQUESTS_DELETED) {
        calls.put("next", 1);
      }
      calls.putAll(Map.of("last", 1, "more", 1));
      stand.await(Kind.FINISHED, calls.size());
      Eventually.isTrue("it is ready", () -> third.worker().notReady().isEmpty());
      assertThat(third.stop()).isEqualTo(new WorkerEnd.Drained());
      assertThat(stand.calls()).isEqualTo(calls);
      assertThat(stand.committed(Kind.ERRORS)).isEmpty();
      third.assertBalanced();
    }
  }

  private static HttpResponse<String> readyz(KafkaWorker worker) throws Exception {
    Health health =
        new Health() {
          @Override
          public Optional<String> notLive() {
            return worker.notLive();
          }

          @Override
          public Optional<String> notReady() {
            return worker.notReady();
          }
        };
    try (ObserveServer observe =
            ObserveServer.start(
                "127.0.0.1", 0, new PrometheusMeterRegistry(PrometheusConfig.DEFAULT), health);
        HttpClient http = HttpClient.newHttpClient()) {
      URI uri = URI.create("http://127.0.0.1:" + observe.port() + "/readyz");
      return http.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    }
  }
}
