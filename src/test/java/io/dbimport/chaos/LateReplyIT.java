package io.dbimport.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ConflictMode;
import io.dbimport.ImportRequest;
import io.dbimport.LaunchedWorker;
import io.dbimport.event.Message.Kind;
import io.dbimport.fixtures.CommittedRecords;
import io.dbimport.fixtures.KafkaFixture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A worker that freezes when a call has its answer and nobody has heard of it, and wakes up after
 * another one has given that call up as unknown.
 */
final class LateReplyIT {
  private static final Duration STEP = Duration.ofSeconds(60);
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** Who has the partition when the reply comes. */
  enum Owner {
    WHO_GAVE_IT_UP,
    WHO_CAME_AFTER
  }

  @ParameterizedTest
  @EnumSource(Owner.class)
  @Timeout(value = 3, unit = TimeUnit.MINUTES)
  void itCorrectsTheUnknownOutcome(Owner owner) throws Exception {
    String name = "late-reply-" + owner.name().toLowerCase(Locale.ROOT).replace("_", "-");
    try (Trial trial = Trial.begin(KafkaFixture.bootstrapServers(), name, 1);
        CommittedRecords accepted = events(name, Kind.ACCEPTED);
        CommittedRecords errors = events(name, Kind.ERRORS);
        CommittedRecords finished = events(name, Kind.FINISHED)) {
      LaunchedWorker frozen = trial.begin("first", "CALL_ANSWERED", "19", "1");
      LaunchedWorker second = trial.begin("second");
      List<LaunchedWorker> later = new ArrayList<>();
      if (owner == Owner.WHO_CAME_AFTER) {
        later.add(trial.begin("third"));
      }
      join(frozen);
      trial.send(request("before", ConflictMode.UPSERT));
      Trial.await("the first one has its outcome", STEP, () -> trial.settled() == 1);
      frozen.tell("arm");
      Trial.await("it is armed", STEP, () -> frozen.logged().contains("armed"));
      ImportRequest late = request("late", ConflictMode.INSERT);
      trial.send(late);
      Trial.await("it freezes", STEP, frozen::frozen);
      long jobId = Post.read(trial.api().notes()).getLast().jobId();

      join(second);
      trial.send(request("behind", ConflictMode.INSERT));
      trial.send(late);
      Trial.await("all have an outcome", STEP, () -> trial.settled() == 4);
      assertThat(errors.texts())
          .extracting(LateReplyIT::said)
          .as("the call itself, and the same request again")
          .containsExactly("late outcome_unknown false", "late outcome_unknown true");
      Trial.await("it counts", STEP, () -> unknown(second) == 1);

      LaunchedWorker last = second;
      if (owner == Owner.WHO_CAME_AFTER) {
        second.tell("stop");
        assertThat(second.exitCode()).isZero();
        last = later.getFirst();
        join(last);
        LaunchedWorker restored = last;
        Trial.await("it counts still", STEP, () -> unknown(restored) == 1);
      }
      frozen.thaw();

      Trial.await("it is corrected", STEP, () -> accepted.texts().size() == 3);
      JsonNode correction = JSON.readTree(accepted.texts().getLast());
      assertThat(correction.path("request_id").asString()).isEqualTo("late");
      assertThat(correction.path("resolves").asString()).isEqualTo("outcome_unknown");
      assertThat(correction.path("job_id").asLong()).isEqualTo(jobId);
      assertThat(correction.path("source").path("offset").asLong()).isEqualTo(1);
      List<LaunchedWorker> alive = List.of(frozen, last);
      Trial.await(
          "none is unknown",
          STEP,
          () -> alive.stream().mapToDouble(LateReplyIT::unknown).sum() == 0);
      Trial.await(
          "its job is followed to the end",
          STEP,
          () -> finished.texts().stream().anyMatch(f -> f.contains("\"job_id\":" + jobId + ",")));

      trial.send(late);
      Trial.await("it is answered", STEP, () -> accepted.texts().size() == 4);
      JsonNode again = JSON.readTree(accepted.texts().getLast());
      assertThat(again.path("duplicate").asBoolean()).isTrue();
      assertThat(again.path("job_id").asLong()).isEqualTo(jobId);
      Trial.Verdict verdict = trial.verdict(STEP, alive);
      assertThat(verdict.evidence().posts()).filteredOn(p -> p.path().contains("late")).hasSize(1);
      assertThat(last.logged()).doesNotContain(" ERROR ");
      System.out.println(verdict.summary());
    }
  }

  private static void join(LaunchedWorker worker) throws Exception {
    Trial.await("a worker listens", STEP, worker::listens);
    worker.tell("go");
  }

  private static ImportRequest request(String id, ConflictMode mode) {
    return Trial.request(id, "env-0/c-0", mode, mode == ConflictMode.UPSERT);
  }

  private static double unknown(LaunchedWorker worker) {
    return Trial.value(worker.metrics(), "dbimport_unknown");
  }

  private static String said(String error) {
    JsonNode json = JSON.readTree(error);
    return json.path("request_id").asString()
        + " "
        + json.path("error_class").asString()
        + " "
        + json.path("duplicate").asBoolean();
  }

  private static CommittedRecords events(String prefix, Kind kind) {
    return new CommittedRecords(KafkaFixture.bootstrapServers(), kind.topic(prefix));
  }
}
