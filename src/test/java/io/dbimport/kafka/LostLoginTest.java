package io.dbimport.kafka;

import static io.dbimport.kafka.Stand.insert;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.cli.Ports;
import io.dbimport.event.Message.Kind;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.OwnKafka;
import io.dbimport.kafka.Stand.Started;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialDeletion;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A worker at work whose password Kafka does not take any more: it ends, and says why. */
@Timeout(180)
final class LostLoginTest {
  private static final Duration SOON = Duration.ofSeconds(90);
  private static final String PASSWORD = "PLANTED-password";
  private static final Map<String, String> ASKED_AGAIN =
      Map.of("listener.name.login.scram-sha-256.connections.max.reauth.ms", "3000");

  @Test
  void itEndsWhenItIsAskedForItsPasswordAgain() throws Exception {
    endsWithoutLogin("asked-again", true, ASKED_AGAIN, _ -> {});
  }

  @Test
  void itEndsWhenItHasNothingToDoToo() throws Exception {
    endsWithoutLogin("idle", false, ASKED_AGAIN, _ -> {});
  }

  @Test
  void itEndsWhenItMustConnectAgain() throws Exception {
    endsWithoutLogin(
        "connects-again",
        true,
        Map.of(),
        kafka -> {
          kafka.stop();
          kafka.start();
        });
  }

  /** What makes the worker log in again. */
  private interface Event {
    void at(OwnKafka kafka) throws Exception;
  }

  private static void endsWithoutLogin(
      String prefix, boolean busy, Map<String, String> settings, Event event) throws Exception {
    int port = Ports.free();
    try (OwnKafka kafka = OwnKafka.startedWithLogin(port, settings);
        Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
      var _ = new Topics(admin, prefix, Duration.ofDays(7)).create(1, (short) 1);
      ScramMechanism scram = ScramMechanism.SCRAM_SHA_256;
      admin
          .alterUserScramCredentials(
              List.of(
                  new UserScramCredentialUpsertion(
                      "worker", new ScramCredentialInfo(scram, 4096), PASSWORD)))
          .all()
          .get();
      try (Stand stand = Stand.over(kafka.bootstrapServers(), prefix)) {
        stand.clientProperties.putAll(login(port));
        Started worker = stand.start("one");
        stand.send(insert("before", "c0"));
        stand.await(Kind.ACCEPTED, 1);

        admin
            .alterUserScramCredentials(List.of(new UserScramCredentialDeletion("worker", scram)))
            .all()
            .get();
        event.at(kafka);
        AtomicInteger sent = new AtomicInteger();
        Eventually.isTrue(
            "it ends",
            SOON,
            () -> {
              if (busy) {
                stand.send(insert("after-" + sent.incrementAndGet(), "c" + sent.get() % 10));
              }
              return worker.worker().awaitEnd(Duration.ZERO).isPresent();
            });

        WorkerEnd end = worker.worker().awaitEnd();
        assertThat(end).isInstanceOf(WorkerEnd.NotAuthorised.class);
        assertThat(end.toString()).contains("Authentication failed").doesNotContain(PASSWORD);
        assertThat(stand.calls()).allSatisfy((id, calls) -> assertThat(calls).isOne());
        assertThat(stand.ids(Kind.ACCEPTED)).doesNotHaveDuplicates();
      }
    }
  }

  private static Map<String, String> login(int port) {
    return Map.of(
        "bootstrap.servers",
        "127.0.0.1:" + port,
        "security.protocol",
        "SASL_PLAINTEXT",
        "sasl.mechanism",
        "SCRAM-SHA-256",
        "sasl.jaas.config",
        "org.apache.kafka.common.security.scram.ScramLoginModule required"
            + " username=\"worker\" password=\""
            + PASSWORD
            + "\";");
  }
}
