package io.dbimport.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.chaos.Evidence.At;
import io.dbimport.chaos.Evidence.Balance;
import io.dbimport.chaos.Evidence.Delivery;
import io.dbimport.chaos.Evidence.Finished;
import io.dbimport.chaos.Evidence.Intent;
import io.dbimport.chaos.Evidence.Journalled;
import io.dbimport.chaos.Evidence.Letter;
import io.dbimport.chaos.Evidence.Outcome;
import io.dbimport.chaos.Judge.Promise;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The judge against made-up evidence: one trial that is in order, and each way to break it. */
class JudgeTest {
  private static final int INSERT = 0;
  private static final int UPSERT = 1;
  private static final int REFUSED = 2;
  private static final int UNKNOWN = 3;
  private static final int RETRIED = 4;

  private final List<Delivery> deliveries = new ArrayList<>();
  private final List<Post> posts = new ArrayList<>();
  private final List<Outcome> outcomes = new ArrayList<>();
  private final List<Letter> letters = new ArrayList<>();
  private final List<Finished> finished = new ArrayList<>();
  private final List<Intent> intents = new ArrayList<>();
  private final List<Journalled> journal = new ArrayList<>();
  private final List<Balance> balances = new ArrayList<>();
  private @Nullable Map<Long, Long> jobEnds;
  private final Map<Integer, Long> committed = new HashMap<>(Map.of(0, 5L));

  JudgeTest() {
    for (int number = INSERT; number <= RETRIED; number++) {
      boolean upsert = number == UPSERT;
      deliveries.add(
          new Delivery(
              at(number), id(number), "e/c", path(number), upsert, upsert, "raw" + number));
      if (number != UPSERT) {
        intents.add(new Intent(at(number), 1));
      }
    }
    posts.add(post(INSERT, Answer.OK, 100));
    posts.add(post(UPSERT, Answer.RESET, 101));
    posts.add(post(UPSERT, Answer.OK, 102));
    posts.add(post(REFUSED, Answer.MISSING, 103));
    posts.add(post(UNKNOWN, Answer.RESET, 104));
    posts.add(post(RETRIED, Answer.TOO_MANY, 105));
    posts.add(post(RETRIED, Answer.OK, 106));
    intents.add(new Intent(at(RETRIED), 2));
    accepted(INSERT, 100);
    accepted(UPSERT, 102);
    accepted(RETRIED, 106);
    failed(REFUSED, "missing");
    failed(UNKNOWN, "outcome_unknown");
    journal.add(new Journalled(at(UNKNOWN), 1, "unanswered", 1_000));
    balances.add(new Balance("first", 4, 1, 3, 1, 1, 0));
  }

  @Test
  void aTrialInOrderHasNoViolations() {
    assertThat(violations()).isEmpty();
  }

  @Test
  void anInsertThatWasTakenIsNotCalledAgain() {
    posts.add(1, post(INSERT, Answer.OK, 107));

    assertBroken(Promise.CALLED_ONCE, id(INSERT), "POST 2 came after one that was answered OK");
  }

  @Test
  void anInsertThatWasNotAnsweredIsNotCalledAgain() {
    posts.add(post(UNKNOWN, Answer.OK, 107));

    assertThat(violations()).anyMatch(v -> v.promise() == Promise.CALLED_ONCE);
  }

  @Test
  void anInsertThatWasRefusedIsNotCalledAgain() {
    posts.add(4, post(REFUSED, Answer.MISSING, 107));

    assertBroken(Promise.CALLED_ONCE, id(REFUSED), "answered MISSING");
  }

  @Test
  void onlyWhatWasAskedForIsCalled() {
    posts.add(new Post(0, "e/c", "another", Answer.OK, 107));

    assertBroken(Promise.CALLED_ONCE, "another", "never asked for");
  }

  @Test
  void noDeliveryIsWithoutAnOutcome() {
    outcomes.removeIf(o -> o.at().equals(at(INSERT)));
    finished.removeIf(f -> f.jobId() == 100);

    assertBroken(Promise.ONE_OUTCOME, id(INSERT), "has 0 outcomes");
  }

  @Test
  void noDeliveryHasTwoOutcomes() {
    outcomes.add(outcome(INSERT, 100L, "", false, ""));

    assertBroken(Promise.ONE_OUTCOME, id(INSERT), "has 2 outcomes");
  }

  @Test
  void anAcceptedDeliveryDoesNotFailToo() {
    failed(INSERT, "internal");

    assertThat(violations()).anyMatch(v -> v.what().contains("has 2 outcomes"));
  }

  @Test
  void anOutcomeCarriesTheIdOfItsDelivery() {
    outcomes.set(0, new Outcome(at(INSERT), "other", 100L, "", false, "", 5_000));

    assertThat(violations()).anyMatch(v -> v.what().contains("an outcome of another id"));
  }

  @Test
  void anErrorHasADeadLetter() {
    letters.removeFirst();

    assertBroken(Promise.ONE_OUTCOME, id(REFUSED), "has 1 errors and 0 dead letters");
  }

  @Test
  void anAcceptedRequestHasNoDeadLetter() {
    letters.add(new Letter(at(INSERT), 0, "missing", "raw" + INSERT));

    assertBroken(Promise.ONE_OUTCOME, id(INSERT), "has 0 errors and 1 dead letters");
  }

  @Test
  void aDeadLetterIsWhatCame() {
    letters.set(0, new Letter(at(REFUSED), 0, "missing", "raw"));

    assertBroken(Promise.ONE_OUTCOME, id(REFUSED), "not what came");
  }

  @Test
  void aDeadLetterIsInThePartitionOfItsRequest() {
    letters.set(0, new Letter(at(REFUSED), 1, "missing", "raw" + REFUSED));

    assertBroken(Promise.ONE_OUTCOME, id(REFUSED), "in partition 1");
  }

  @Test
  void aDeadLetterIsOfTheClassOfItsError() {
    letters.set(0, new Letter(at(REFUSED), 0, "internal", "raw" + REFUSED));

    assertBroken(Promise.ONE_OUTCOME, id(REFUSED), "of class internal");
  }

  @Test
  void resultsAreAboutDeliveries() {
    outcomes.add(new Outcome(new At(7, 7), "x", null, "internal", false, "", 5_000));
    letters.add(new Letter(new At(7, 8), 7, "internal", ""));

    assertThat(violations())
        .extracting(Judge.Violation::what)
        .containsExactlyInAnyOrder("outcome of no delivery", "dead letter of no delivery");
  }

  @Test
  void anUnknownOutcomeMayBeCorrectedOnce() {
    correct(UNKNOWN, 104);

    assertThat(violations()).isEmpty();

    outcomes.add(outcome(UNKNOWN, 104L, "", false, "outcome_unknown"));
    assertBroken(Promise.ONE_OUTCOME, id(UNKNOWN), "is corrected by");
  }

  @Test
  void onlyAnUnknownOutcomeIsCorrected() {
    outcomes.add(outcome(INSERT, 100L, "", false, "outcome_unknown"));

    assertBroken(Promise.ONE_OUTCOME, id(INSERT), "is corrected by");
  }

  @Test
  void whatHasNoIntentIsNotUnknown() {
    intents.removeIf(i -> i.at().equals(at(UNKNOWN)));

    assertBroken(Promise.UNKNOWN_IS_UNKNOWN, id(UNKNOWN), "no intent of it was committed");
  }

  @Test
  void whatTheJournalHasIsNotUnknown() {
    journal.add(new Journalled(at(UNKNOWN), 1, "refused", 1_000));

    assertBroken(Promise.UNKNOWN_IS_UNKNOWN, id(UNKNOWN), "the journal has");
  }

  @Test
  void whatTheJournalHasOfAnEarlierAttemptSaysNothing() {
    journal.add(new Journalled(at(UNKNOWN), 0, "unavailable", 1_000));

    assertThat(violations()).isEmpty();
  }

  @Test
  void whatTheJournalHearsLaterCorrectsAnUnknown() {
    journal.add(new Journalled(at(UNKNOWN), 1, "accepted", 9_000));

    assertBroken(Promise.UNKNOWN_IS_UNKNOWN, id(UNKNOWN), "the journal has");

    correct(UNKNOWN, 104);
    assertThat(violations()).isEmpty();
  }

  @Test
  void whatMayHaveBeenCarriedOutIsNotSaidToHaveFailed() {
    outcomes.removeIf(o -> o.at().equals(at(UNKNOWN)));
    letters.removeIf(l -> l.at().equals(at(UNKNOWN)));
    failed(UNKNOWN, "unavailable");

    assertBroken(Promise.UNKNOWN_IS_UNKNOWN, id(UNKNOWN), "but is said to be unavailable");
  }

  @Test
  void anAcceptedJobIsOneThatTheApiGave() {
    outcomes.set(0, outcome(INSERT, 104L, "", false, ""));
    finished.set(0, new Finished(id(INSERT), 104, "success"));

    assertBroken(Promise.UNKNOWN_IS_UNKNOWN, id(INSERT), "never gave it the job");
  }

  @Test
  void aLaneIsCalledInOrder() {
    posts.add(posts.removeFirst());

    assertBroken(Promise.LANE_ORDER, id(INSERT), "the first call of offset 0");
  }

  @Test
  void lanesAndPartitionsDoNotWaitForEachOther() {
    deliveries.set(INSERT, new Delivery(at(0), id(0), "e/other", path(0), false, false, "raw0"));
    posts.add(posts.removeFirst());

    assertThat(violations()).isEmpty();
  }

  @Test
  void anUpsertIsNotRepeatedAfterANewerOne() {
    posts.add(post(UPSERT, Answer.OK, 107));

    assertBroken(Promise.LANE_ORDER, id(UPSERT), "another call of offset 1");
  }

  @Test
  void upsertsAreRepeatedWithAllThatFollowedThem() {
    for (int number = 5; number < 7; number++) {
      deliveries.add(
          new Delivery(at(number), id(number), "e/c", path(number), true, true, "raw" + number));
      accepted(number, 202 + number);
    }
    posts.addAll(List.of(post(5, Answer.OK, 107), post(6, Answer.OK, 108)));
    posts.addAll(List.of(post(5, Answer.OK, 207), post(6, Answer.OK, 208)));

    assertThat(violations()).isEmpty();

    posts.removeLast();
    assertThat(violations()).anyMatch(v -> v.promise() == Promise.LANE_ORDER);
  }

  @Test
  void lanesThatWaitForTheEndOfJobsDoSo() {
    jobEnds = Map.of(100L, 102_000L, 102L, 103_000L);
    assertThat(violations()).isEmpty();

    jobEnds = Map.of(100L, 102_000L, 102L, 103_001L);
    assertThat(violations()).extracting(Judge.Violation::requestId).containsExactly(id(REFUSED));

    jobEnds = Map.of(100L, 102_000L);
    assertThat(violations())
        .extracting(Judge.Violation::requestId)
        .containsExactly(id(REFUSED), id(UNKNOWN), id(RETRIED));
  }

  @Test
  void everyJobHasAnEnd() {
    finished.removeFirst();

    assertBroken(Promise.ONE_END, id(INSERT), "job 100 has the ends []");
  }

  @Test
  void noJobHasTwoEnds() {
    finished.add(new Finished(id(INSERT), 100, "success"));

    assertBroken(Promise.ONE_END, id(INSERT), "job 100 has the ends");
  }

  @Test
  void onlyAcceptedJobsEnd() {
    finished.add(new Finished("x", 107, "lost"));

    assertBroken(Promise.ONE_END, "x", "no accepted event");
  }

  @Test
  void twoDeliveriesDoNotHaveOneJob() {
    outcomes.removeIf(o -> o.at().equals(at(REFUSED)));
    letters.removeIf(l -> l.at().equals(at(REFUSED)));
    outcomes.add(outcome(REFUSED, 100L, "", false, ""));

    assertThat(violations()).anyMatch(v -> v.what().contains("has the job of"));
  }

  @Test
  void aDuplicateIsAnsweredLikeTheFirstAndFollowsNothing() {
    deliveries.add(new Delivery(at(5), id(INSERT), "e/c", path(INSERT), false, false, "raw5"));
    outcomes.add(new Outcome(at(5), id(INSERT), 100L, "", true, "", 5_000));
    assertThat(violations()).isEmpty();

    outcomes.set(outcomes.size() - 1, new Outcome(at(5), id(INSERT), 99L, "", true, "", 5_000));
    assertThat(violations()).anyMatch(v -> v.what().contains("a duplicate of no job"));
  }

  @Test
  void whatWasRefusedMayBeDeliveredAndCalledAgain() {
    deliveries.add(new Delivery(at(5), id(REFUSED), "e/c", path(REFUSED), false, false, "raw5"));
    posts.add(post(REFUSED, Answer.OK, 107));
    outcomes.add(new Outcome(at(5), id(REFUSED), 107L, "", false, "", 5_000));
    finished.add(new Finished(id(REFUSED), 107, "success"));

    assertThat(violations()).isEmpty();
  }

  @Test
  void theMetersBalance() {
    balances.add(new Balance("second", 4, 1, 3, 0, 1, 0));

    assertBroken(Promise.BALANCE, "second", "received=4.0");
  }

  @Test
  void everythingIsCommitted() {
    committed.put(0, 4L);

    assertBroken(Promise.OFFSETS, "partition 0", "committed 4 of 5");
  }

  private void assertBroken(Promise promise, String requestId, String what) {
    assertThat(violations())
        .singleElement()
        .satisfies(v -> {
          assertThat(v.promise()).isEqualTo(promise);
          assertThat(v.requestId()).isEqualTo(requestId);
          assertThat(v.what()).contains(what);
        });
  }

  private List<Judge.Violation> violations() {
    return Judge.violations(
        new Evidence(
            deliveries,
            posts,
            outcomes,
            letters,
            finished,
            intents,
            journal,
            balances,
            committed,
            Map.of(0, 5L),
            jobEnds));
  }

  private void accepted(int number, long jobId) {
    outcomes.add(outcome(number, jobId, "", false, ""));
    finished.add(new Finished(id(number), jobId, "success"));
  }

  private void correct(int number, long jobId) {
    outcomes.add(outcome(number, jobId, "", false, "outcome_unknown"));
    finished.add(new Finished(id(number), jobId, "success"));
  }

  private void failed(int number, String errorClass) {
    outcomes.add(outcome(number, null, errorClass, false, ""));
    letters.add(new Letter(at(number), 0, errorClass, "raw" + number));
  }

  private static Outcome outcome(
      int number, @Nullable Long jobId, String errorClass, boolean duplicate, String resolves) {
    return new Outcome(at(number), id(number), jobId, errorClass, duplicate, resolves, 5_000);
  }

  private static Post post(int number, Answer answer, long jobId) {
    return new Post(jobId * 1000, "e/c", path(number), answer, jobId);
  }

  private static At at(int number) {
    return new At(0, number);
  }

  private static String id(int number) {
    return "request-" + number;
  }

  private static String path(int number) {
    return "files/" + number;
  }
}
