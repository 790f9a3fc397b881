package io.dbimport;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.event.EventEncoder;
import io.dbimport.event.Message.Kind;
import io.dbimport.fixtures.CommittedRecords;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.KafkaFixture;
import io.dbimport.fixtures.OwnKafka;
import io.dbimport.kafka.Messages;
import io.dbimport.kafka.Topics;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How the process of a worker that cannot go on ends. */
@Timeout(120)
final class WorkerEndsIT {
  private static final int CALLS_AT_ONCE = 1000;

  @TempDir Path folder;

  @Test
  void withoutAccessToKafkaItEndsWith77() throws Exception {
    Map<String, String> asksItsRules =
        Map.of(
            "authorizer.class.name",
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found",
            "true");
    try (OwnKafka kafka = OwnKafka.started(asksItsRules);
        Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()));
        StubApi api = StubApi.start(0, folder.resolve("calls"), Duration.ZERO)) {
      var _ = new Topics(admin, "denied", Duration.ofDays(7)).create(1, (short) 1);
      try (LaunchedWorker worker =
              launch(kafka.bootstrapServers(), "denied", api.uri().toString(), "-Xmx256m");
          CommittedRecords accepted =
              new CommittedRecords(kafka.bootstrapServers(), Kind.ACCEPTED.topic("denied"))) {
        send(kafka.bootstrapServers(), "denied", 1);
        Eventually.isTrue("it is at work", () -> accepted.all().size() == 1);

        admin
            .createAcls(
                List.of(
                    new AclBinding(
                        new ResourcePattern(ResourceType.GROUP, "workers", PatternType.LITERAL),
                        new AccessControlEntry(
                            "User:ANONYMOUS", "*", AclOperation.READ, AclPermissionType.DENY))))
            .all()
            .get();

        assertThat(worker.exitCode()).as(worker.logged()).isEqualTo(77);
        assertThat(worker.logged()).contains("Kafka does not let this worker in: ");
      }
    }
  }

  /** Answers that are long, and so many at once that they do not fit into memory. */
  @Test
  void withoutMemoryForACallItEndsWith70() throws Exception {
    String prefix = KafkaFixture.freshTopics(1);
    try (ServerSocket listening =
        new ServerSocket(0, CALLS_AT_ONCE, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual().start(() -> answerAtLength(listening));
      String api = "http://127.0.0.1:" + listening.getLocalPort();
      try (LaunchedWorker worker =
          launch(KafkaFixture.bootstrapServers(), prefix, api, "-Xmx64m -XX:+UseSerialGC")) {
        send(KafkaFixture.bootstrapServers(), prefix, CALLS_AT_ONCE);
        assertThat(worker.exitCode()).as(worker.logged()).isEqualTo(70);
        assertThat(worker.logged()).contains("java.lang.OutOfMemoryError");
      }
    }
  }

  private static void answerAtLength(ServerSocket listening) {
    while (!listening.isClosed()) {
      try {
        Socket socket = listening.accept();
        Thread.ofVirtual().start(() -> answerAtLength(socket));
      } catch (IOException over) {
        // The loop's condition tells the end of the test.
      }
    }
  }

  /** Less than is refused for its length, and never whole. */
  private static void answerAtLength(Socket socket) {
    try (socket) {
      InputStream in = socket.getInputStream();
      // The head ends with its first empty line; the body does not matter.
      int last4 = 0;
      for (int next = in.read(); next >= 0 && last4 != 0x0d0a0d0a; next = in.read()) {
        last4 = last4 << 8 | next;
      }
      OutputStream out = socket.getOutputStream();
      out.write(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1e000\r\n"
              .getBytes(StandardCharsets.US_ASCII));
      out.write(new byte[120_000]);
      out.flush();
      // Waits for the caller's end.
      in.transferTo(OutputStream.nullOutputStream());
    } catch (IOException gone) {
      // The caller is gone.
    }
  }

  private LaunchedWorker launch(String bootstrapServers, String prefix, String api, String options)
      throws IOException {
    Map<String, String> settings = new HashMap<>();
    settings.put("DBIMPORT_KAFKA_BOOTSTRAP_SERVERS", bootstrapServers);
    settings.put("DBIMPORT_TOPIC_PREFIX", prefix);
    settings.put("DBIMPORT_GROUP_ID", "workers");
    settings.put("DBIMPORT_INSTANCE_ID", "one");
    settings.put("DBIMPORT_API_URL", api);
    settings.put("DBIMPORT_TOKEN", "any-token");
    settings.put("DBIMPORT_WORKER_PORT", "0");
    settings.put("DBIMPORT_MAX_IN_FLIGHT", Integer.toString(CALLS_AT_ONCE));
    settings.put("DBIMPORT_ENV_MAX_IN_FLIGHT", Integer.toString(CALLS_AT_ONCE));
    settings.put("JAVA_OPTS", options);
    return LaunchedWorker.launch(settings, folder.resolve("worker.log"));
  }

  /** One request for each collection, so that all are called at once. */
  private static void send(String bootstrapServers, String prefix, int requests) {
    EventEncoder events = new EventEncoder(prefix, "producer");
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrapServers),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      for (int i = 0; i < requests; i++) {
        ImportParameters parameters =
            new ImportParameters("env", "c" + i, "file", FileType.JSON, false, ConflictMode.INSERT);
        ImportRequest request = new ImportRequest("request-" + i, null, parameters, null, false);
        var _ = producer.send(Messages.record(events.request(request, Instant.now()), prefix));
      }
    }
  }
}
