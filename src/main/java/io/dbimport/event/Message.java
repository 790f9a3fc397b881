package io.dbimport.event;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A record to be sent. Immutable by use: nobody changes its bytes.
 *
 * @param kind which of the topics it belongs on
 * @param partition the partition it must go to; null leaves it to the key
 * @param timestamp null for the time of sending
 */
@SuppressWarnings("ArrayRecordComponent") // never compared; a message is built, sent and forgotten
public record Message(
    Kind kind,
    @Nullable Integer partition,
    @Nullable Instant timestamp,
    byte @Nullable [] key,
    byte @Nullable [] value,
    List<Header> headers) {

  /** The topics, by the last part of their names. */
  public enum Kind {
    REQUESTS("requests"),
    ACCEPTED("accepted"),
    ERRORS("errors"),
    FINISHED("finished"),
    DEAD_LETTERS("dead-letters"),
    LEDGER("ledger"),
    OUTCOMES("outcomes");

    private final String suffix;

    Kind(String suffix) {
      this.suffix = suffix;
    }

    /** The full name of the topic under this prefix. */
    public String topic(String prefix) {
      return prefix + "." + suffix;
    }
  }
}
