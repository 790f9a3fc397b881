package io.dbimport.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.cli.WorkerProcess.OnProblems;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.KafkaFixture;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code submit --wait}, with a broker, a worker and a server that are real. */
final class SubmitWaitTest {
  private static final int BAD = 12;

  @TempDir static Path shared;
  private static ImportedJobs jobs;
  private static WorkerProcess worker;
  private static String prefix = "";

  @TempDir Path folder;

  @BeforeAll
  static void start() throws Exception {
    prefix = KafkaFixture.freshTopics(1);
    jobs = ImportedJobs.start(shared);
    worker =
        WorkerProcess.start(
            ImportedJobs.settings(
                Map.of(
                    "DBIMPORT_KAFKA_BOOTSTRAP_SERVERS",
                    KafkaFixture.bootstrapServers(),
                    "DBIMPORT_TOPIC_PREFIX",
                    prefix,
                    "DBIMPORT_GROUP_ID",
                    prefix,
                    "DBIMPORT_INSTANCE_ID",
                    "submit-wait",
                    "DBIMPORT_API_URL",
                    jobs.uri().toString(),
                    "DBIMPORT_TOKEN",
                    Wiring.DEV_TOKEN,
                    "DBIMPORT_WORKER_PORT",
                    "0")),
            OnProblems.GO_ON);
  }

  @AfterAll
  static void stop() throws Exception {
    worker.stop();
    assertThat(worker.awaitEnd(Duration.ofSeconds(40))).isPresent();
    worker.close();
    jobs.close();
  }

  private static Ran submit(Path file, String... more) throws Exception {
    List<String> args =
        new ArrayList<>(
            List.of(
                "submit",
                "--env",
                ImportedJobs.ENV,
                "--collection",
                String.valueOf(file.getFileName()),
                "--create-collection",
                "--api-url",
                jobs.uri().toString(),
                "--kafka-bootstrap-servers",
                KafkaFixture.bootstrapServers(),
                file.toString()));
    args.addAll(List.of(more));
    if (!args.contains("--topic-prefix")) {
      args.addAll(List.of("--topic-prefix", prefix));
    }
    if (!args.contains("--token-file")) {
      args.addAll(List.of("--token-file", jobs.token().toString()));
    }
    return Ran.command(args);
  }

  /** One that is good, and so many that are not, from line 2 on. */
  private Path file(String name, int bad) throws Exception {
    return Files.writeString(
        folder.resolve(name), "{\"_id\":\"a\"}\n" + "{\"n\":1,}\n".repeat(bad));
  }

  @Test
  void whatWasRefusedIsShownAndWhereTheRestIs() throws Exception {
    Ran ran = submit(file("many", BAD), "--wait", "--anyway");

    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.out())
        .contains(
            """
            1 written, 12 refused
                        2:7        a comma with nothing behind it  trailing-comma
                                   → remove the comma
                        3:7        a comma with nothing behind it  trailing-comma
            """)
        .contains("  11:7 ")
        .doesNotContain("  12:7 ", "12 of 13 records failed");
    assertThat(ran.out().lines().toList().getLast())
        .matches(" {12}… 2 more; dbimport jobs show \\d+ --env demo-env --all shows every one");
  }

  @Test
  void theWholeListIsSaved() throws Exception {
    Path errors = folder.resolve("errors.jsonl");

    Ran ran = submit(file("saved", BAD), "--wait", "--anyway", "--errors", errors.toString());

    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.out())
        .contains("  11:7 ")
        .endsWith("the whole list is saved in " + errors + "\n");
    assertThat(Files.readAllLines(errors))
        .hasSize(BAD)
        .allMatch(line -> line.contains("\"kind\":\"trailing-comma\""));
  }

  @Test
  void whereNothingWasRefusedNoFileIsWritten() throws Exception {
    Path errors = folder.resolve("errors.jsonl");

    Ran ran = submit(file("good", 0), "--wait", "--errors", errors.toString());

    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.out())
        .endsWith("1 written, 0 refused\n            nothing was refused, and nothing is saved\n");
    assertThat(errors).doesNotExist();
  }

  @Test
  void whyAJobFailedIsToldBesideItsList() throws Exception {
    Ran ran = submit(file("failed", 2), "--wait", "--anyway", "--stop-on-error");

    assertThat(ran.code()).isEqualTo(1);
    assertThat(ran.out())
        .contains("1 written, 1 refused\n            stopped at the first error\n")
        .endsWith("→ remove the comma\n");
    String told = ran.out().substring(ran.out().indexOf("1 written, 1 refused"));
    assertThat(told)
        .containsOnlyOnce("a comma with nothing behind it")
        .doesNotContain("records failed");
  }

  @Test
  @Timeout(60)
  void aRequestThatWasSentBeforeEndsAsItsJobDid() throws Exception {
    Path file = file("twice", 1);
    String[] same = {"--wait", "--anyway", "--request-id", "the-same"};
    Ran first = submit(file, same);
    assertThat(first.code()).as(first.err()).isZero();

    Ran second = submit(file, same);

    assertThat(second.code()).as(second.err()).isZero();
    assertThat(second.out())
        .containsPattern("  duplicate \\S+: the same request was accepted before, as job \\d+\n")
        .contains("1 written, 1 refused\n");
  }

  /** Nobody works on these requests, so that no event comes but the one that is made here. */
  @ParameterizedTest
  @CsvSource({
    "false, true, '  finished ', ': 1 written, 1 refused', 0",
    "true, false, '  unknown ', ' is not to be had: 40097 ', 1"
  })
  @Timeout(120)
  void aJobEndsThoughItsEventDoesNotCome(
      boolean duplicate, boolean known, String how, String what, int code) throws Exception {
    Ran before = submit(file("eventless", 1), "--wait", "--anyway");
    Matcher job = Pattern.compile("job (\\d+)").matcher(before.out());
    assertThat(job.find()).isTrue();
    String topics = KafkaFixture.freshTopics(1);
    String accepted =
        "{\"request_id\":\"eventless\",\"job_id\":%s,\"attempts\":1,\"duplicate\":%b}"
            .formatted(known ? job.group(1) : "1", duplicate);
    Path file = file("eventless", 1);
    CompletableFuture<Ran> ran =
        CompletableFuture.supplyAsync(() -> submitTo(topics, file, "eventless"));
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", KafkaFixture.bootstrapServers()),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      Eventually.isTrue(
          "it ends",
          () -> {
            producer
                .send(
                    new ProducerRecord<>(
                        topics + ".accepted", accepted.getBytes(StandardCharsets.UTF_8)))
                .get();
            return ran.isDone();
          });
    }
    assertThat(ran.get().code()).as(ran.get().out()).isEqualTo(code);
    assertThat(ran.get().out()).containsOnlyOnce(how).contains(what);
  }

  private static Ran submitTo(String topics, Path file, String id) {
    try {
      return submit(file, "--wait", "--anyway", "--request-id", id, "--topic-prefix", topics);
    } catch (Exception failure) {
      throw new IllegalStateException(failure);
    }
  }

  @Test
  void anIdThatIsUsedForOtherContentIsRefusedAndTheFirstFileStays() throws Exception {
    Ran first = submit(file("other", 0), "--wait", "--request-id", "taken");
    assertThat(first.code()).as(first.err()).isZero();

    Ran second = submit(file("other", 1), "--wait", "--anyway", "--request-id", "taken");

    assertThat(second.code()).isEqualTo(1);
    assertThat(second.out()).contains("  failed  ", " 40097, ");
    assertThat(uploadedAs(first)).matches("submitted/taken/[0-9a-f]{16}/other");
    assertThat(uploadedAs(second)).matches("submitted/taken/[0-9a-f]{16}/other");
    assertThat(uploadedAs(second)).isNotEqualTo(uploadedAs(first));
  }

  private static String uploadedAs(Ran ran) {
    return ran.out()
        .lines()
        .filter(line -> line.startsWith("  uploaded "))
        .map(line -> line.substring(line.lastIndexOf(' ') + 1))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aTokenThatIsNotTakenEndsWith77() throws Exception {
    Path wrong = Files.writeString(folder.resolve("token"), "not-taken-82");

    Ran ran = submit(file("token-refused", 0), "--token-file", wrong.toString());

    assertThat(ran.code()).isEqualTo(77);
    assertThat(ran.out()).contains("40014");
  }

  @Test
  void aFileThatCannotBeReadToItsEndIsNotSentByAnyway() throws Exception {
    Path file = Files.writeString(folder.resolve("array"), "[{\"_id\":\"a\"}]");

    Ran ran = submit(file, "--anyway");

    assertThat(ran.code()).isEqualTo(1);
    assertThat(ran.out())
        .contains("  unusable  " + file)
        .endsWith("nothing was sent; an import would end there, --anyway or not\n");
  }

  @Test
  void aListIsSavedOfOneFileOnly() throws Exception {
    Path file = file("usage", 0);
    Path errors = folder.resolve("errors.jsonl");

    assertThat(submit(file, "--errors", errors.toString()).err())
        .contains("--errors: needs --wait");
    Ran two = submit(file, file.toString(), "--wait", "--errors", errors.toString());
    assertThat(two.code()).isEqualTo(64);
    assertThat(two.err()).contains("--errors: the list of one file, but there are 2");
    assertThat(submit(file, "--wait", "--errors", file.toString()).err())
        .contains("is there already");
  }
}
