package io.dbimport.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ConflictMode;
import io.dbimport.LaunchedWorker;
import io.dbimport.fixtures.KafkaFixture;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The API goes down under load, for five seconds or, with the system property {@code full}, for a
 * minute, and comes back.
 */
class ApiDownIT {
  private static final Duration DOWN =
      Boolean.getBoolean("full") ? Duration.ofMinutes(1) : Duration.ofSeconds(5);
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int PARTITIONS = 4;
  private static final int REQUESTS = 1_500;
  private static final int LANES = 100;
  private static final int ENVIRONMENTS = 20;

  /** How an API is down. */
  private interface Fault {
    void on(EvilApi api) throws Exception;
  }

  @Test
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void whatCouldNotBeSentIsAcceptedOnceTheApiIsBack() throws Exception {
    Trial.Verdict verdict = whileDown("down-refused", EvilApi::refuse);

    assertThat(verdict.accepted()).as(verdict.summary()).isEqualTo(REQUESTS);
    assertThat(verdict.evidence().letters()).isEmpty();
  }

  @Test
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void anApiThatAnswers503MakesNoMoreUnknownThanItHadOpenCalls() throws Exception {
    assertFewUnknown(
        whileDown(
            "down-503",
            api -> {
              api.answerLooks(Answer.HTTP_503);
              api.play((_, _) -> Answer.HTTP_503);
            }));
  }

  @Test
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void anApiThatHangsMakesNoMoreUnknownThanItHadOpenCalls() throws Exception {
    assertFewUnknown(
        whileDown(
            "down-hanging",
            api -> {
              api.answerLooks(Answer.HANG);
              api.play((_, _) -> Answer.HANG);
            }));
  }

  /** All slots may have been in use when it began; nothing that came later is lost. */
  private static void assertFewUnknown(Trial.Verdict verdict) {
    long unknown = verdict.failed("outcome_unknown");
    assertThat(unknown).as(verdict.summary()).isLessThanOrEqualTo(Trial.MAX_IN_FLIGHT);
    assertThat(verdict.accepted() + unknown).as(verdict.summary()).isEqualTo(REQUESTS);
  }

  private static Trial.Verdict whileDown(String name, Fault fault) throws Exception {
    try (Trial trial = Trial.begin(KafkaFixture.bootstrapServers(), name, PARTITIONS)) {
      EvilApi api = trial.api();
      api.delay(Duration.ofMillis(50));
      LaunchedWorker worker = trial.launch("first");
      worker.tell("go");
      for (int number = 0; number < REQUESTS; number++) {
        int lane = number % LANES;
        ConflictMode mode =
            (lane + number / LANES) % 2 == 0 ? ConflictMode.INSERT : ConflictMode.UPSERT;
        trial.send(
            Trial.request(
                "request-%05d".formatted(number),
                "env-" + lane % ENVIRONMENTS + "/c-" + lane / ENVIRONMENTS,
                mode,
                mode == ConflictMode.UPSERT));
      }
      trial.flush();
      Trial.await("it is under load", PATIENCE, () -> api.imports() >= REQUESTS / 10);
      fault.on(api);
      // Being down takes its time: there is nothing to wait for.
      LockSupport.parkNanos(DOWN.toNanos());
      int calls = api.imports();
      assertThat(calls).as("calls when it came back").isLessThan(REQUESTS * 9 / 10);
      // Imports first: a probe that is answered must find them well.
      api.play(EvilApi.Script.KIND);
      api.answerLooks(null);
      api.open();
      Trial.Verdict verdict = trial.verdict(PATIENCE, List.of(worker));
      System.out.println(verdict.summary());
      return verdict;
    }
  }
}
