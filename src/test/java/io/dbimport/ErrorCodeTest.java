package io.dbimport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

final class ErrorCodeTest {

  @ParameterizedTest(name = "{0}")
  @CsvFileSource(resources = "/spec/errcodes.csv", useHeadersInDisplayName = true)
  void anErrcodeTheApiAnswersHasTheClassOfTheTable(
      String id, int errcode, String errorClass, String ifSafe, String ifNot, boolean listed) {
    assertThat(ErrorCode.classOf(errcode).tag()).as(id).isEqualTo(errorClass);
    assertThat(ErrorCode.of(errcode).isPresent()).as("%s is listed", id).isEqualTo(listed);
    assertThat(List.of("fails", "waits", "backs_off", "renews_token")).contains(ifSafe, ifNot);
  }

  @Test
  void theTableNamesEveryCodeButZero() throws Exception {
    List<Integer> inTable = new ArrayList<>();
    try (var table =
        Objects.requireNonNull(ErrorCodeTest.class.getResourceAsStream("/spec/errcodes.csv"))) {
      new String(table.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
          .lines()
          .skip(1)
          .map(line -> line.substring(line.indexOf(',') + 1))
          .forEach(line -> inTable.add(Integer.parseInt(line.substring(0, line.indexOf(',')))));
    }
    assertThat(inTable).doesNotHaveDuplicates();
    assertThat(inTable)
        .containsAll(
            Arrays.stream(ErrorCode.values())
                .map(ErrorCode::code)
                .filter(code -> code != 0)
                .toList());
  }

  @Test
  void anEventThatIsNoJsonObjectIsMalformedUntilTheApiSaysSo() {
    assertThat(ErrorCode.EMPTY_POST_DATA.errorClass()).isEqualTo(ErrorClass.MALFORMED);
    assertThat(ErrorCode.DATA_FORMAT_ERROR.errorClass()).isEqualTo(ErrorClass.MALFORMED);
    assertThat(ErrorCode.classOf(44002)).isEqualTo(ErrorClass.INVALID);
    assertThat(ErrorCode.classOf(47001)).isEqualTo(ErrorClass.INVALID);
  }

  @Test
  void everyCodeIsFoundByItsNumberAndNoTwoShareOne() {
    Map<Integer, ErrorCode> seen = new HashMap<>();
    for (ErrorCode code : ErrorCode.values()) {
      assertThat(seen.put(code.code(), code)).as("the other code %d", code.code()).isNull();
      assertThat(ErrorCode.of(code.code())).contains(code);
    }
  }

  @Test
  void everyCodeTellsAPersonWhatToDo() {
    for (ErrorCode code : ErrorCode.values()) {
      assertThat(code.message()).as("message of %s", code).isNotBlank();
      assertThat(code.solution()).as("solution of %s", code).matches("[A-Z].*\\.");
    }
  }

  @Test
  void tagsAreTheContractsWords() {
    assertThat(Arrays.stream(ErrorClass.values()).map(ErrorClass::tag))
        .containsExactlyInAnyOrder(
            "malformed",
            "invalid",
            "expired",
            "token",
            "forbidden",
            "throttled",
            "unavailable",
            "missing",
            "outcome_unknown",
            "refused",
            "internal");
  }

  @Test
  void tagsDoNotDependOnTheMachinesLanguage() {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("tr"));
    try {
      assertThat(ErrorClass.MISSING.tag()).isEqualTo("missing");
      assertThat(JobStatus.WAITING.tag()).isEqualTo("waiting");
    } finally {
      Locale.setDefault(before);
    }
  }
}
