package io.dbimport.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.spi.FilterReply;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What the appender that the program logs to lets pass while a broker is away. */
final class OncePerMinuteTest {
  private static final String NETWORK = "org.apache.kafka.clients.NetworkClient";
  private static final Instant START = Instant.parse("2026-01-31T08:00:00Z");

  private final Appender<ILoggingEvent> log =
      ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).getAppender("STDERR");

  @Test
  void aBrokerThatIsAwayIsToldOfOnceAMinuteByEachClient() {
    String consumer = "[Consumer clientId=one] Connection to node {} could not be established";
    String producer = "[Producer clientId=one] Connection to node {} could not be established";
    assertThat(passes(0, NETWORK, Level.WARN, consumer, 71)).isTrue();
    assertThat(passes(1, NETWORK, Level.WARN, consumer, 71)).isFalse();
    assertThat(passes(2, NETWORK, Level.WARN, producer, 71)).isTrue();
    assertThat(passes(3, NETWORK, Level.WARN, consumer, 72)).as("another broker").isTrue();
    assertThat(passes(59, NETWORK, Level.WARN, consumer, 71)).isFalse();
    assertThat(passes(60, NETWORK, Level.WARN, consumer, 71)).isTrue();
    assertThat(passes(61, NETWORK, Level.WARN, consumer, 71)).isFalse();
  }

  @Test
  void whatElseIsSaidPassesHoweverOften() {
    for (int second = 0; second < 3; second++) {
      assertThat(passes(second, NETWORK, Level.ERROR, "no login at {}", 73)).isTrue();
      assertThat(passes(second, NETWORK, Level.DEBUG, "to {}", 73)).isTrue();
      assertThat(passes(second, NETWORK + "Utils", Level.WARN, "no name {}", 73)).isTrue();
      assertThat(passes(second, "io.dbimport.kafka.Ticks", Level.WARN, "tick {}", 73)).isTrue();
    }
  }

  private boolean passes(long second, String logger, Level level, String text, int node) {
    LoggingEvent event =
        new LoggingEvent(
            "here",
            (Logger) LoggerFactory.getLogger(logger),
            level,
            text,
            null,
            new Object[] {node});
    event.setInstant(START.plusSeconds(second));
    return log.getFilterChainDecision(event) != FilterReply.DENY;
  }
}
