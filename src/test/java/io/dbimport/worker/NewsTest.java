package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.Reply;
import io.dbimport.Reply.Accepted;
import io.dbimport.Reply.Refused;
import io.dbimport.Reply.Unanswered;
import io.dbimport.Reply.Unavailable;
import io.dbimport.worker.News.Health;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What replies say about the address and the environment. */
final class NewsTest {
  private static void says(Reply reply, Health address, Health environment) {
    assertThat(News.of(reply)).as("%s", reply).isEqualTo(new News(address, environment));
  }

  @Test
  void anAcceptedRequestSpeaksForBoth() {
    says(new Accepted(1), Health.WELL, Health.WELL);
  }

  @ParameterizedTest
  @ValueSource(
      ints = {40001, 40013, 45009, 45011, 48001, -501000, -501003, -501016, -503003, 99999})
  void whateverTheApiRefusesItAnswers(int errcode) {
    says(Refused.of(errcode, "no"), Health.WELL, Health.WELL);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, -1000, -501001, -502001, -502010, -503001, -601001})
  void aBusyServiceSpeaksAgainstTheEnvironmentAlone(int errcode) {
    says(new Unavailable(errcode, "busy", true), Health.WELL, Health.ILL);
    says(Refused.of(errcode, "busy"), Health.WELL, Health.ILL);
  }

  @ParameterizedTest
  @ValueSource(ints = {-501002, -502011})
  void theApisOwnTimeoutsSpeakAgainstTheEnvironmentAlone(int errcode) {
    says(new Unanswered(errcode, "late"), Health.WELL, Health.ILL);
    says(Refused.of(errcode, "late"), Health.WELL, Health.ILL);
  }

  @Test
  void silenceSpeaksAgainstBoth() {
    says(new Unanswered(-1, "HTTP 503"), Health.ILL, Health.ILL);
  }

  @Test
  void whatDidNotReachTheApiSpeaksAgainstTheAddressAlone() {
    says(Unavailable.notSent(-1, "connection refused"), Health.ILL, Health.UNKNOWN);
  }

  @Test
  void whatWasFoundBeforeTheCallSaysNothing() {
    says(Unavailable.notSent(41001, "no token"), Health.UNKNOWN, Health.UNKNOWN);
    says(
        new Refused(40013, "no such app", ErrorClass.INVALID, null),
        Health.UNKNOWN,
        Health.UNKNOWN);
  }

  @Test
  void anHttpStatusWithoutAnErrcodeSaysNothing() {
    says(new Refused(-1, "HTTP 404", ErrorClass.REFUSED, null), Health.UNKNOWN, Health.UNKNOWN);
    says(new Refused(-1, "HTTP 429", ErrorClass.THROTTLED, null), Health.UNKNOWN, Health.UNKNOWN);
  }
}
