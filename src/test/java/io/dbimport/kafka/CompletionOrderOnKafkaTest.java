package io.dbimport.kafka;

import static io.dbimport.kafka.Stand.insert;
import static io.dbimport.kafka.Stand.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ImportRequest;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.Reply;
import io.dbimport.cli.EnvironmentSettings;
import io.dbimport.cli.Wiring;
import io.dbimport.event.Message.Kind;
import io.dbimport.fixtures.Eventually;
import io.dbimport.kafka.Stand.Started;
import io.dbimport.worker.WorkerSettings;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Workers against a real broker whose lanes wait for their jobs. */
@Timeout(120)
final class CompletionOrderOnKafkaTest {
  private static final WorkerSettings IN_ORDER_OF_COMPLETION =
      Wiring.work(EnvironmentSettings.read(Map.of("DBIMPORT_ORDERING", "completion")));

  @Test
  void aLaneWaitsForItsJobAcrossWorkersWhileOffsetsAndOtherLanesGoOn() throws Exception {
    long job = 77;
    try (Stand stand = Stand.withPartitions(1)) {
      stand.api.script("a", new Reply.Accepted(job));
      stand.api.scriptEnd("env", job, new JobState(JobStatus.WRITING, 0, 0, ""));
      Started first = start(stand);
      stand.send(insert("a", "c0"), insert("b", "c0"), insert("c", "c0"), insert("other", "c1"));
      stand.await(Kind.ACCEPTED, 2);
      awaitParked(first, 2);
      assertThat(first.stop()).as("a stop waits for no job").isEqualTo(new WorkerEnd.Drained());
      Map<TopicPartition, OffsetAndMetadata> offsets =
          stand
              .admin()
              .listConsumerGroupOffsets(stand.group())
              .partitionsToOffsetAndMetadata()
              .get();
      assertThat(offsets.get(stand.partition(Kind.REQUESTS, 0)))
          .extracting(OffsetAndMetadata::offset)
          .isEqualTo(4L);

      Started second = start(stand);
      awaitParked(second, 2);
      stand.send(insert("last", "c1"));
      stand.await(Kind.ACCEPTED, 3);
      assertThat(stand.ids(Kind.ACCEPTED)).containsExactly("a", "last", "other");
      assertThat(stand.calls()).doesNotContainKeys("b", "c");
      stand.api.scriptEnd("env", job, new JobState(JobStatus.SUCCESS, 1, 0, "import finished"));

      stand.await(Kind.FINISHED, 5);
      assertThat(second.stop()).isEqualTo(new WorkerEnd.Drained());
      assertThat(stand.api.calls())
          .filteredOn(request -> request.parameters().collectionName().equals("c0"))
          .extracting(ImportRequest::requestId)
          .containsExactly("a", "b", "c");
      assertThat(at(stand, Kind.ACCEPTED, "b", "accepted_at"))
          .isAfterOrEqualTo(at(stand, Kind.FINISHED, "a", "finished_at"));
      assertThat(at(stand, Kind.ACCEPTED, "c", "accepted_at"))
          .isAfterOrEqualTo(at(stand, Kind.FINISHED, "b", "finished_at"));
      first.assertBalanced();
      assertThat(second.count("dbimport.requests.restored")).isEqualTo(2);
    }
  }

  private static Started start(Stand stand) {
    return stand.start("one", Duration.ofSeconds(10), IN_ORDER_OF_COMPLETION);
  }

  private static void awaitParked(Started worker, int parked) throws Exception {
    Eventually.isTrue(
        parked + " parked",
        () ->
            worker
                .worker()
                .status()
                .filter(status -> status.waits().parked() == parked)
                .isPresent());
  }

  private static Instant at(Stand stand, Kind kind, String id, String field) {
    return stand.committed(kind).stream()
        .filter(event -> text(event, "request_id").equals(id))
        .map(event -> Instant.parse(text(event, field)))
        .findFirst()
        .orElseThrow();
  }
}
