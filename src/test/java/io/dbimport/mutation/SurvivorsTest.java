package io.dbimport.mutation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SurvivorsTest {
  private static final String PIT = "org.pitest.mutationtest.engine.gregor.mutators.";
  private static final String KNOWN = "worker.Claims.expire ConditionalsBoundary 1: nothing more";

  private static String mutant(String type, String method, int line, String status) {
    return "%s.java,io.dbimport.worker.%s,%sConditionalsBoundaryMutator,%s,%d,%s,none"
        .formatted(type, type, PIT, method, line, status);
  }

  private static List<String> compare(List<String> report, String... list) {
    return Survivors.compare(report, List.of(list));
  }

  @ParameterizedTest
  @ValueSource(strings = {"SURVIVED", "NO_COVERAGE", "RUN_ERROR", "STARTED"})
  void aMutantThatLivesAndIsNotKnownIsNamedWithItsLine(String status) {
    assertThat(compare(List.of(mutant("Claims", "expire", 128, status))))
        .containsExactly(
            "worker.Claims.expire ConditionalsBoundary: 1 live, at line 128, and 0 are known");
  }

  @ParameterizedTest
  @ValueSource(strings = {"KILLED", "TIMED_OUT", "MEMORY_ERROR", "NON_VIABLE"})
  void oneThatIsKilledIsNot(String status) {
    assertThat(compare(List.of(mutant("Claims", "expire", 128, status)))).isEmpty();
  }

  @Test
  void aKnownOneMayLiveWhereverItStandsAndInALambda() {
    assertThat(compare(List.of(mutant("Claims", "expire", 1, "SURVIVED")), "# why", "", KNOWN))
        .isEmpty();
    assertThat(compare(List.of(mutant("Claims", "lambda$expire$7", 1, "SURVIVED")), KNOWN))
        .isEmpty();
  }

  @Test
  void oneMoreThanIsKnownIsNamed() {
    List<String> two =
        List.of(
            mutant("Claims", "expire", 128, "SURVIVED"),
            mutant("Claims", "expire", 131, "NO_COVERAGE"));
    assertThat(compare(two, KNOWN)).singleElement().asString().contains("2 live, at line 128, 131");
    assertThat(compare(two, KNOWN, KNOWN)).as("two lines, two reasons").isEmpty();
  }

  @Test
  void aKnownOneOfAnotherMethodClassOrKindIsNoExcuse() {
    List<String> report = List.of(mutant("Claims", "expire", 128, "SURVIVED"));
    assertThat(compare(report, KNOWN.replace("expire", "gone"))).hasSize(2);
    assertThat(compare(report, KNOWN.replace("Claims", "Holds"))).hasSize(1);
    assertThat(compare(report, KNOWN.replace("ConditionalsBoundary", "Math"))).hasSize(2);
  }

  @Test
  void aKnownOneThatIsKilledByNowIsToBeStruckOut() {
    assertThat(compare(List.of(mutant("Claims", "expire", 128, "KILLED")), KNOWN))
        .containsExactly("worker.Claims.expire ConditionalsBoundary: 1 are known, and 0 live");
    assertThat(compare(List.of(mutant("Holds", "hold", 1, "KILLED")), KNOWN))
        .as("its class was not broken this time")
        .isEmpty();
  }

  @Test
  void aKnownOneThatRanOutOfTimeMayLive() {
    String timedOut = mutant("Claims", "expire", 128, "TIMED_OUT");
    assertThat(compare(List.of(timedOut), KNOWN)).isEmpty();
    assertThat(compare(List.of(timedOut), KNOWN, KNOWN))
        .singleElement()
        .asString()
        .contains("2 are");
  }

  @Test
  void aLineWithoutAReasonIsNone() {
    for (String line : List.of("worker.Claims.expire ConditionalsBoundary 1:", "something else")) {
      assertThat(compare(List.of(), line)).singleElement().asString().endsWith(line);
    }
  }
}
