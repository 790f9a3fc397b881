package io.dbimport.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MaskingTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "POST /tcb/databasemigrateimport?access_token=PLANTED&x=1 HTTP/1.1",
        "{\"access_token\":\"PLANTED\",\"env\":\"e\"}",
        "{\"component_access_token\" : \"PLANTED\"}",
        "value {\\\"token\\\":\\\"PLANTED\\\"} logged as text",
        "\"authorization\":\"PLANTED\"",
        "Authorization: Bearer PLANTED",
        "x-cos-security-token: PLANTED",
        "q-sign-algorithm=sha1&q-signature=PLANTED",
        "jdbc:postgresql://host/db?user=u&password=PLANTED&ssl=true",
        "secret=PLANTED, other=1",
        "jdbc:postgresql://user:PLANTED@host/db",
        "https://user:PLANTED@host/path is not accepted",
        "sasl.jaas.config = PLANTED",
      })
  void aSecretIsMaskedWhereSecretsStand(String line) {
    assertThat(Masking.mask(line)).doesNotContain("PLANTED").contains("***");
  }

  @Test
  void aKnownSecretIsMaskedWhereverItStands() {
    Masking.hide("known-by-heart-77");
    assertThat(Masking.mask("java.io.IOException: GET known-by-heart-77\n\tat known-by-heart-77"))
        .isEqualTo("java.io.IOException: GET ***\n\tat ***");
  }

  @Test
  void aTokenIsMaskedForAsLongAsItMayTurnUpAndThenLetGo() {
    long now = System.nanoTime();
    long kept = Masking.TOKEN_KEPT.toNanos();
    Masking.hideToken("used-once-1", now);
    Masking.hideToken("used-again-1", now);
    Masking.hideToken("next-1", now + kept);
    assertThat(Masking.mask("used-once-1 next-1")).isEqualTo("*** ***");
    Masking.hideToken("used-again-1", now + kept);
    Masking.hideToken("next-2", now + kept + 1);
    assertThat(Masking.mask("used-once-1 used-again-1 next-1 next-2"))
        .isEqualTo("used-once-1 *** *** ***");
  }

  @Test
  void aSecretThatBeginsWithAnotherIsMaskedWhole() {
    Masking.hide("begins-alike");
    Masking.hideToken("begins-alike-and-goes-on", System.nanoTime());
    Masking.hide("begins-alike-and-goes-on-further");
    assertThat(
            Masking.mask("begins-alike begins-alike-and-goes-on begins-alike-and-goes-on-further"))
        .isEqualTo("*** *** ***");
  }

  @Test
  void aSecretThatWasGivenIsMaskedForGoodThoughItIsATokenToo() {
    long now = System.nanoTime();
    Masking.hide("given-for-good");
    Masking.hideToken("given-for-good", now);
    Masking.hideToken("much-later", now + 2 * Masking.TOKEN_KEPT.toNanos());
    assertThat(Masking.mask("given-for-good")).isEqualTo("***");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "the token of app wx1 was renewed",
        "accepted: job 100000001",
        "export DBIMPORT_TOKEN=dev-token",
        "DBIMPORT_TOKEN: the app's access token is required",
        "sasl.jaas.config = null",
      })
  void whatIsNoSecretStays(String line) {
    assertThat(Masking.mask(line)).isEqualTo(line);
  }
}
