package io.dbimport.event;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.Reply;
import io.dbimport.Reply.Accepted;
import io.dbimport.Reply.Refused;
import io.dbimport.Reply.Unanswered;
import io.dbimport.Reply.Unavailable;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class JournalCodecTest {
  private static final JournalCodec CODEC = new JournalCodec();

  static Stream<Reply> replies() {
    return Stream.of(
        new Accepted(Long.MAX_VALUE),
        Refused.of(45011, "slower"),
        new Refused(-1, "HTTP 429", ErrorClass.THROTTLED, Duration.ofMillis(1234)),
        new Unavailable(-1, "拒绝"),
        Unavailable.notSent(-1, "refused"),
        new Unanswered(-501002, "timeout"));
  }

  @ParameterizedTest
  @MethodSource("replies")
  void aReplyIsReadBackAsItWasWritten(Reply reply) {
    JournalRecord record = new JournalRecord("Tq2nDuPGRe6hm5Bq0mlL2w", 42, 7, reply);
    Message message = CODEC.encode(record, 3);
    assertThat(message.kind()).isEqualTo(Message.Kind.OUTCOMES);
    assertThat(message.partition()).isEqualTo(3);
    assertThat(CODEC.decode(message.key(), message.value())).contains(record);
  }

  @Test
  void aCallThatWasNotMadeHasNoReply() {
    JournalRecord record = new JournalRecord("t", 0, 1, null);
    Message message = CODEC.encode(record, 0);
    assertThat(CODEC.decode(message.key(), message.value())).contains(record);
  }

  @Test
  void whatIsDamagedIsNoReplyAndNeverThrows() {
    long seed = Long.getLong("seed", 20260103L);
    System.out.println("JournalCodecTest seed " + seed);
    Random random = new Random(seed);
    Mutations mutations = new Mutations(random);
    Message message = CODEC.encode(new JournalRecord("t", 1, 1, new Accepted(5)), 0);
    byte[] key = "t:1".getBytes(StandardCharsets.UTF_8);
    byte[] value = message.value() == null ? new byte[0] : message.value();
    int unreadable = 0;
    for (int i = 0; i < 10_000; i++) {
      unreadable += CODEC.decode(key, mutations.of(value)).isEmpty() ? 1 : 0;
    }
    assertThat(unreadable).isGreaterThan(1000);
    assertThat(CODEC.decode(null, value)).isEmpty();
    assertThat(CODEC.decode(key, null)).isEmpty();
  }
}
