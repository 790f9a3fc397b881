package io.dbimport.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.filter.Filter;
import ch.qos.logback.core.spi.FilterReply;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Of one logger's warnings lets each text pass once a minute: Kafka's clients try a broker that is
 * away about once a second each, and say so twice. Logback's own filter of duplicates cannot do
 * that: it counts for good, and for every logger. Thread-safe.
 */
public final class OncePerMinute extends Filter<ILoggingEvent> {
  private static final long MINUTE_MILLIS = Duration.ofMinutes(1).toMillis();

  /** Of clients times brokers. */
  private static final int MOST_TEXTS = 1_000;

  /** Text to when it last passed; the one that passed first is forgotten first. */
  private final Map<String, Long> passed =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
          return size() > MOST_TEXTS;
        }
      };

  private String logger = "";

  /** Which logger's; as {@code logback.xml} has it. */
  public void setLogger(String logger) {
    this.logger = logger;
  }

  @Override
  public synchronized FilterReply decide(ILoggingEvent event) {
    if (!event.getLoggerName().equals(logger) || event.getLevel() != Level.WARN) {
      return FilterReply.NEUTRAL;
    }
    String text = event.getFormattedMessage();
    Long before = passed.get(text);
    if (before != null && event.getTimeStamp() - before < MINUTE_MILLIS) {
      return FilterReply.DENY;
    }
    passed.remove(text);
    passed.put(text, event.getTimeStamp());
    return FilterReply.NEUTRAL;
  }
}
