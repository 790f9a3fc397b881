package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WorkerSettingsTest {
  @ParameterizedTest
  @CsvSource({"PT0.5S, PT0.5S", "PT2S, PT2S", "PT10S, PT2S"})
  void aLeaseIsNoLongerThanACallMayTakeNorThanTwoSeconds(Duration apiTimeout, Duration lease) {
    assertThat(WorkerSettings.lease(apiTimeout)).isEqualTo(lease);
  }
}
