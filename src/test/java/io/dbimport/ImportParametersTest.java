package io.dbimport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

final class ImportParametersTest {

  private static ImportParameters parameters(String env, String collection, String path) {
    return new ImportParameters(env, collection, path, FileType.JSON, true, ConflictMode.INSERT);
  }

  @Test
  void aNameHas1To63BytesOfUtf8() {
    assertThat(ImportParameters.isName("")).isFalse();
    assertThat(ImportParameters.isName("x")).isTrue();
    assertThat(ImportParameters.isName("x".repeat(63))).isTrue();
    assertThat(ImportParameters.isName("x".repeat(64))).isFalse();
    assertThat(ImportParameters.isName("集".repeat(21))).as("63 bytes").isTrue();
    assertThat(ImportParameters.isName("集".repeat(22))).as("66 bytes").isFalse();
  }

  @Test
  void aBadNameIsRefusedWithItsField() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> parameters("", "c", "p"))
        .withMessageStartingWith("env ");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> parameters("e", "c".repeat(64), "p"))
        .withMessageStartingWith("collectionName ");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> parameters("e", "c", ""))
        .withMessageStartingWith("filePath ");
  }

  @Test
  void aRequestIdHas1To128Characters() {
    ImportParameters parameters = parameters("e", "c", "p");
    assertThat(new ImportRequest("i".repeat(128), null, parameters, null, false).requestId())
        .hasSize(128);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ImportRequest("i".repeat(129), null, parameters, null, false));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ImportRequest("", null, parameters, null, false));
  }

  @Test
  void numbersOfTheApiAreReadBackAndOthersAreNone() {
    for (FileType type : FileType.values()) {
      assertThat(FileType.of(type.code())).contains(type);
    }
    for (ConflictMode mode : ConflictMode.values()) {
      assertThat(ConflictMode.of(mode.code())).contains(mode);
    }
    assertThat(FileType.JSON.code()).isEqualTo(1);
    assertThat(FileType.CSV.code()).isEqualTo(2);
    assertThat(ConflictMode.INSERT.code()).isEqualTo(1);
    assertThat(ConflictMode.UPSERT.code()).isEqualTo(2);
    for (long other : new long[] {0, 3, -1, (1L << 32) + 1}) {
      assertThat(FileType.of(other)).isEmpty();
      assertThat(ConflictMode.of(other)).isEmpty();
    }
  }
}
