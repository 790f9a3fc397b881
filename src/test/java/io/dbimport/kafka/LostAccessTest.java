package io.dbimport.kafka;

import static io.dbimport.kafka.Stand.insert;
import static org.apache.kafka.common.acl.AclOperation.ALL;
import static org.apache.kafka.common.acl.AclOperation.READ;
import static org.apache.kafka.common.acl.AclOperation.WRITE;
import static org.apache.kafka.common.acl.AclPermissionType.ALLOW;
import static org.apache.kafka.common.acl.AclPermissionType.DENY;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.event.Message.Kind;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.OwnKafka;
import io.dbimport.kafka.Stand.Started;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A worker at work that Kafka does not let go on: it ends, and says why. */
@Timeout(120)
final class LostAccessTest {
  private static final Duration SOON = Duration.ofSeconds(60);
  private static OwnKafka kafka;
  private static Admin admin;

  /** What is denied from some moment on. */
  enum Denied {
    READING_REQUESTS(READ, ResourceType.TOPIC, ".requests"),
    THE_GROUP(READ, ResourceType.GROUP, "-workers"),
    THE_TRANSACTIONAL_ID(WRITE, ResourceType.TRANSACTIONAL_ID, ""),
    WRITING_RESULTS(WRITE, ResourceType.TOPIC, ".accepted"),
    WRITING_THE_LEDGER(WRITE, ResourceType.TOPIC, ".ledger"),
    WRITING_THE_JOURNAL(WRITE, ResourceType.TOPIC, ".outcomes");

    private final AclOperation operation;
    private final ResourceType type;
    private final String suffix;

    Denied(AclOperation operation, ResourceType type, String suffix) {
      this.operation = operation;
      this.type = type;
      this.suffix = suffix;
    }

    /** All else stays allowed: one rule for a resource takes the place of allowing everything. */
    List<AclBinding> rules(String prefix) {
      ResourcePattern resource =
          new ResourcePattern(
              type, prefix + suffix, suffix.isEmpty() ? PatternType.PREFIXED : PatternType.LITERAL);
      return List.of(rule(resource, ALL, ALLOW), rule(resource, operation, DENY));
    }

    private static AclBinding rule(
        ResourcePattern resource, AclOperation operation, AclPermissionType permission) {
      return new AclBinding(
          resource, new AccessControlEntry("User:ANONYMOUS", "*", operation, permission));
    }
  }

  @BeforeAll
  static void startABrokerThatAsksItsRules() throws Exception {
    kafka =
        OwnKafka.started(
            Map.of(
                "authorizer.class.name",
                "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "allow.everyone.if.no.acl.found",
                "true"));
    admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()));
  }

  @AfterAll
  static void endIt() {
    admin.close();
    kafka.close();
  }

  @ParameterizedTest
  @EnumSource(Denied.class)
  void theWorkerEndsAsNotAuthorised(Denied denied) throws Exception {
    String prefix = denied.name().toLowerCase(Locale.ROOT).replace('_', '-');
    var _ = new Topics(admin, prefix, Duration.ofDays(7)).create(1, (short) 1);
    try (Stand stand = Stand.over(kafka.bootstrapServers(), prefix)) {
      Started worker = stand.start("one");
      stand.send(insert("before", "c0"));
      stand.await(Kind.ACCEPTED, 1);

      admin.createAcls(denied.rules(prefix)).all().get();
      AtomicInteger sent = new AtomicInteger();
      // The brokers hear of it a moment later.
      Eventually.isTrue(
          "it ends",
          SOON,
          () -> {
            stand.send(insert("after-" + sent.incrementAndGet(), "c" + sent.get() % 10));
            return worker.worker().awaitEnd(Duration.ZERO).isPresent();
          });

      assertThat(worker.worker().awaitEnd()).isInstanceOf(WorkerEnd.NotAuthorised.class);
      assertThat(worker.worker().notReady()).contains("ended");
      assertThat(stand.calls()).allSatisfy((id, calls) -> assertThat(calls).isOne());
      assertThat(stand.ids(Kind.ACCEPTED)).doesNotHaveDuplicates();
    }
  }
}
