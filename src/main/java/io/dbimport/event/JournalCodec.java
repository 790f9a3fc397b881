package io.dbimport.event;

import io.dbimport.ErrorClass;
import io.dbimport.Reply;
import io.dbimport.Reply.Accepted;
import io.dbimport.Reply.Refused;
import io.dbimport.Reply.Unanswered;
import io.dbimport.Reply.Unavailable;
import io.dbimport.event.LedgerCodec.Fields;
import io.dbimport.event.Message.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/**
 * Journal records to and from bytes: the key is that of the ledger, the value flat JSON with a
 * version. Thread-safe.
 */
public final class JournalCodec {
  private static final int VERSION = 1;

  /** The record as a message for this partition of the journal. */
  public Message encode(JournalRecord record, int partition) {
    byte[] value =
        EventJson.write(json -> {
          json.put("v", VERSION).put("call", record.call());
          switch (record.reply()) {
            case null -> json.put("reply", "not_sent");
            case Accepted(long jobId) -> json.put("reply", "accepted").put("job_id", jobId);
            case Refused(int code, String message, ErrorClass errorClass, Duration wait) -> {
              put(json, "refused", code, message).put("error_class", errorClass.tag());
              if (wait != null) {
                json.put("retry_after_ms", wait.toMillis());
              }
            }
            case Unavailable(int code, String why, boolean answered) ->
                put(json, "unavailable", code, why).put("answered", answered);
            case Unanswered(int code, String why) -> put(json, "unanswered", code, why);
          }
        });
    byte[] key = (record.topicId() + ":" + record.offset()).getBytes(StandardCharsets.UTF_8);
    return new Message(Kind.OUTCOMES, partition, null, key, value, List.of());
  }

  private static EventJson put(EventJson json, String reply, int code, String text) {
    return json.put("reply", reply)
        .put("errcode", code)
        .put("text", Texts.cut(text, ReadableFields.MAX_TEXT_BYTES));
  }

  /**
   * Reads a record; empty for one that cannot be read, which then counts as no reply: the attempt
   * stays unknown, which is always true.
   */
  public Optional<JournalRecord> decode(byte @Nullable [] key, byte @Nullable [] value) {
    if (key == null || value == null) {
      return Optional.empty();
    }
    try {
      Fields fields = Fields.read(value);
      String name = new String(key, StandardCharsets.UTF_8);
      int colon = name.indexOf(':');
      if (fields.number("v") != VERSION || colon < 0) {
        return Optional.empty();
      }
      return Optional.of(
          new JournalRecord(
              name.substring(0, colon),
              Long.parseLong(name.substring(colon + 1)),
              fields.integer("call"),
              reply(fields)));
    } catch (NoSuchElementException | IllegalArgumentException | JacksonException unreadable) {
      return Optional.empty();
    }
  }

  private static @Nullable Reply reply(Fields fields) {
    String kind = fields.text("reply");
    return switch (kind) {
      case "not_sent" -> null;
      case "accepted" -> new Accepted(fields.number("job_id"));
      case "refused" ->
          new Refused(
              fields.integer("errcode"),
              fields.text("text"),
              ErrorClass.valueOf(fields.text("error_class").toUpperCase(Locale.ROOT)),
              fields.has("retry_after_ms")
                  ? Duration.ofMillis(fields.number("retry_after_ms"))
                  : null);
      case "unavailable" ->
          new Unavailable(fields.integer("errcode"), fields.text("text"), fields.flag("answered"));
      case "unanswered" -> new Unanswered(fields.integer("errcode"), fields.text("text"));
      default -> throw new NoSuchElementException("reply " + kind);
    };
  }
}
