package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.Presence;
import io.dbimport.worker.LaneKey.Environment;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ProbeTest {
  @ParameterizedTest
  @CsvSource({"ABSENT, false, false", "TROUBLED, true, false", "WELL, true, true"})
  void anAddressAnswersWhateverItSaysAndAnEnvironmentMustBeWell(
      Presence found, boolean address, boolean environment) {
    assertThat(new Probe(null, null).answeredBy(found)).isEqualTo(address);
    Environment env = new Environment("app", "env");
    assertThat(new Probe("app", env).answeredBy(found)).isEqualTo(environment);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "none",
      value = {"none, a probe of the API", "env, env=env"})
  void itSaysWhatItIsFor(@Nullable String env, String text) {
    Probe probe = new Probe("app", env == null ? null : new Environment("app", env));
    assertThat(probe.env()).isEqualTo(env);
    assertThat(probe.appId()).isEqualTo("app");
    assertThat(probe).asString().contains(text);
  }
}
