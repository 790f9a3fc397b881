package io.dbimport;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class JobStatusTest {

  @ParameterizedTest
  @EnumSource
  void aStatusIsReadBackFromItsTag(JobStatus status) {
    assertThat(JobStatus.of(status.tag())).isEqualTo(status);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "SUCCESS", "succeeded", "failed", "done"})
  void aStatusThatNobodyDocumentedIsStillRunning(String tag) {
    assertThat(JobStatus.of(tag).terminal()).isFalse();
  }

  @Test
  void onlySuccessAndFailEndAJob() {
    assertThat(JobStatus.values())
        .filteredOn(JobStatus::terminal)
        .containsExactlyInAnyOrder(JobStatus.SUCCESS, JobStatus.FAIL);
  }
}
