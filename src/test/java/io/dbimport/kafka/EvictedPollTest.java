package io.dbimport.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.FencedMemberEpochException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.StaleMemberEpochException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A worker that was frozen may hear in a poll that its group knows it no more. */
final class EvictedPollTest {
  static List<KafkaException> evictions() {
    return List.of(
        new UnknownMemberIdException("not known"),
        new FencedMemberEpochException("fenced"),
        new StaleMemberEpochException("stale"));
  }

  private static MockConsumer<byte[], byte[]> consumer(KafkaException next) {
    MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("earliest");
    consumer.subscribe(List.of("requests"));
    consumer.setPollException(next);
    return consumer;
  }

  @ParameterizedTest
  @MethodSource("evictions")
  void anEvictedMemberPollsOn(KafkaException eviction) {
    try (MockConsumer<byte[], byte[]> consumer = consumer(eviction)) {
      assertThat(WorkerLoop.poll(consumer, Duration.ZERO)).isEmpty();
      assertThat(WorkerLoop.poll(consumer, Duration.ZERO)).isEmpty();
    }
  }

  @Test
  void anyOtherFailureIsToldOn() {
    try (MockConsumer<byte[], byte[]> consumer = consumer(new GroupAuthorizationException("g"))) {
      assertThatThrownBy(() -> WorkerLoop.poll(consumer, Duration.ZERO))
          .isInstanceOf(GroupAuthorizationException.class);
    }
  }
}
