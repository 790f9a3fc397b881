package io.dbimport.kafka;

import static io.dbimport.kafka.Stand.insert;
import static io.dbimport.kafka.Stand.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.Reply;
import io.dbimport.event.Message.Kind;
import io.dbimport.kafka.Stand.Started;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Faults of ours in writing down what became of one request: it fails by them, and no other. */
@Timeout(120)
final class FaultsTest {
  @Test
  void anErrorThatCannotBeWrittenIsAnInternalOneWithItsDeadLetterWhole() throws Exception {
    try (Stand stand = Stand.withPartitions(1)) {
      stand.api.script("broken", Reply.Refused.of(85088, nothing()));
      Started worker = stand.start("one");
      byte[] value =
          """
          {"request_id":"broken","env":"env","collection_name":"c0","file_path":"file","file_type":1,
           "stop_on_error":false,"conflict_mode":1,"note":"é \\u0000"}\
          """
              .getBytes(StandardCharsets.UTF_8);
      byte[] key = {1, 0, (byte) 0xff};
      stand.send(new ProducerRecord<>(stand.topic(Kind.REQUESTS), 0, key, value));
      stand.send(insert("behind", "c0"), insert("beside", "c1"));

      stand.await(Kind.ACCEPTED, 2);
      assertInternal(stand, "broken", "writing it down failed: java.lang.NullPointerException");
      ConsumerRecord<String, byte[]> letter = stand.await(Kind.DEAD_LETTERS, 1).getFirst();
      assertThat(letter.value()).isEqualTo(value);
      assertThat(letter.key()).isEqualTo(new String(key, StandardCharsets.UTF_8));
      assertThat(letter.headers().lastHeader("dlq.class").value()).asString().isEqualTo("internal");

      stand.send(insert("broken", "c0"));
      assertThat(stand.await(Kind.ACCEPTED, 3)).as("its id is free").hasSize(3);
      assertThat(worker.stop()).isEqualTo(new WorkerEnd.Drained());
      assertThat(stand.calls()).isEqualTo(Map.of("broken", 2, "behind", 1, "beside", 1));
      worker.assertBalanced();
      assertNothingIsLeft(stand, 3);
    }
  }

  @Test
  void anIntentThatCannotBeWrittenIsNoCallAndAnInternalError() throws Exception {
    try (Stand stand = Stand.withPartitions(1)) {
      // The second intent tells what the first call failed with.
      stand.api.script("broken", Reply.Unavailable.notSent(-1, nothing()));
      Started worker = stand.start("one");
      stand.send(insert("broken", "c0"), insert("behind", "c0"), insert("beside", "c1"));

      stand.await(Kind.ACCEPTED, 2);
      assertInternal(stand, "broken", "writing it down failed: java.lang.NullPointerException");
      assertThat(text(stand.committed(Kind.ERRORS).getFirst(), "attempts")).isEqualTo("1");
      assertThat(stand.await(Kind.DEAD_LETTERS, 1)).hasSize(1);
      assertThat(worker.stop()).isEqualTo(new WorkerEnd.Drained());
      assertThat(stand.calls()).isEqualTo(Map.of("broken", 1, "behind", 1, "beside", 1));
      worker.assertBalanced();
      assertNothingIsLeft(stand, 2);
    }
  }

  @Test
  void anEndOfAJobThatCannotBeWrittenIsLost() throws Exception {
    try (Stand stand = Stand.withPartitions(1)) {
      Started worker = stand.start("one");
      stand.send(insert("broken", "c0"));
      long jobId = Long.parseLong(text(stand.await(Kind.ACCEPTED, 1).getFirst(), "job_id"));
      stand.api.scriptEnd("env", jobId, new JobState(JobStatus.SUCCESS, 1, 0, nothing()));
      stand.send(insert("beside", "c1"));

      var finished = stand.await(Kind.FINISHED, 2);
      assertThat(finished)
          .extracting(event -> text(event, "request_id") + " " + text(event, "status"))
          .containsExactlyInAnyOrder("broken lost", "beside success");
      assertThat(worker.stop()).isEqualTo(new WorkerEnd.Drained());
      worker.assertBalanced();
    }
  }

  private static void assertInternal(Stand stand, String id, String detail) throws Exception {
    var error = stand.await(Kind.ERRORS, 1).getFirst();
    assertThat(text(error, "request_id")).isEqualTo(id);
    assertThat(text(error, "error_class")).isEqualTo("internal");
    assertThat(text(error, "detail")).isEqualTo(detail);
    assertThat(text(error, "errcode")).isEqualTo("-1000");
  }

  /** Whoever comes next has nothing to do. */
  private static void assertNothingIsLeft(Stand stand, int accepted) throws Exception {
    Map<String, Integer> before = stand.calls();
    Started next = stand.start("one");
    next.awaitPartitions(1);
    assertThat(next.stop()).isEqualTo(new WorkerEnd.Drained());
    assertThat(stand.calls()).isEqualTo(before);
    assertThat(stand.committed(Kind.ACCEPTED)).hasSize(accepted);
    assertThat(stand.committed(Kind.ERRORS)).hasSize(1);
    assertThat(stand.committed(Kind.DEAD_LETTERS)).hasSize(1);
  }

  /** What a client with a bug hands over as a text. */
  @SuppressWarnings("NullAway")
  private static String nothing() {
    return null;
  }
}
