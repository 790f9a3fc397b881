package io.dbimport.event;

import io.dbimport.ConflictMode;
import io.dbimport.ErrorClass;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.Outcome.Failed;
import io.dbimport.event.Message.Kind;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Ledger records to and from bytes. The key is {@code <topic id>:<offset>}, the value flat JSON
 * with a version and a state. Thread-safe.
 */
public final class LedgerCodec {
  private static final int VERSION = 1;

  /** What came of reading one. Immutable. */
  public sealed interface Reading {
    record Known(LedgerRecord record) implements Reading {}

    /**
     * It cannot be read.
     *
     * @param why for people; begins with "written by a later version" or with "broken"
     */
    record Unreadable(String why) implements Reading {}
  }

  /** The record as a message for this partition of the ledger. */
  public Message encode(LedgerRecord record, int partition) {
    byte[] value =
        switch (record) {
          case LedgerRecord.Open open -> open(open);
          case LedgerRecord.Accepted accepted -> accepted(accepted);
          case LedgerRecord.Failed failed -> failed(failed);
          case LedgerRecord.Ended ended -> ended(ended);
        };
    byte[] key = (record.topicId() + ":" + record.offset()).getBytes(StandardCharsets.UTF_8);
    return new Message(Kind.LEDGER, partition, null, key, value, List.of());
  }

  /** The status word of a job's end, as events and the ledger have it. */
  static String status(JobEnd end) {
    return switch (end) {
      case JobEnd.Ended(var state) -> state.status().tag();
      case JobEnd.Lost _ -> "lost";
    };
  }

  /** The record that says that a job's end is published. */
  public static LedgerRecord.Ended ended(
      String topicId, AcceptedJob job, long content, JobEnd end) {
    return new LedgerRecord.Ended(
        topicId,
        job.source().offset(),
        job.request().requestId(),
        content,
        job.jobId(),
        job.attempts(),
        job.acceptedAt(),
        status(end));
  }

  private static byte[] open(LedgerRecord.Open record) {
    return EventJson.write(json -> {
      Progress progress = record.progress();
      json.put("v", VERSION)
          .put("state", record.state().name())
          .put("request_id", record.requestId())
          .put("content", record.content())
          .put("app_id", record.appId())
          .put("env", record.env())
          .put("collection_name", record.collectionName())
          .put("calls", progress.calls())
          .put("attempts", progress.attempts())
          .put("backoffs", progress.backoffs())
          .put("token_renewed", progress.tokenRenewed())
          .put("unanswered", progress.unanswered())
          .put("first_failure_at", exact(progress.firstFailure()))
          .put("first_throttled_at", exact(progress.firstThrottled()));
      if (progress.last() != null) {
        put(json, progress.last());
      }
    });
  }

  /** An event shows milliseconds; what is read back must be what was written. */
  private static @Nullable String exact(@Nullable Instant instant) {
    return instant == null ? null : instant.toString();
  }

  private static void put(EventJson json, Failed failed) {
    json.put("errcode", failed.errcode())
        .put("errmsg", Texts.cut(failed.errmsg(), ReadableFields.MAX_TEXT_BYTES))
        .put("error_class", failed.errorClass().tag())
        .put("detail", Texts.cut(failed.detail(), ReadableFields.MAX_TEXT_BYTES));
  }

  private static byte[] accepted(LedgerRecord.Accepted accepted) {
    AcceptedJob job = accepted.job();
    return EventJson.write(json -> {
      json.put("v", VERSION)
          .put("state", "DONE")
          .put("request_id", job.request().requestId())
          .put("topic", job.source().topic())
          .put("job_id", job.jobId())
          .put("attempts", job.attempts())
          .put("content", accepted.content())
          .put("duplicate", accepted.duplicate())
          .put("accepted_at", job.acceptedAt().toString())
          .put("key", job.key())
          .putAll(ReadableFields.of(job.request()));
      json.put("deadline_exact", exact(job.request().deadline()));
      job.trace().forEach(header -> json.put("h." + header.name(), header.value()));
    });
  }

  private static byte[] failed(LedgerRecord.Failed record) {
    return EventJson.write(json ->
        put(
            json.put("v", VERSION)
                .put("state", "DONE")
                .put("request_id", record.requestId())
                .put("content", record.content())
                .put("duplicate", record.duplicate())
                .put("failed_at", exact(record.at()))
                .put("attempts", record.failed().attempts()),
            record.failed()));
  }

  private static byte[] ended(LedgerRecord.Ended record) {
    return EventJson.write(json ->
        json.put("v", VERSION)
            .put("state", "ENDED")
            .put("request_id", record.requestId())
            .put("content", record.content())
            .put("job_id", record.jobId())
            .put("attempts", record.attempts())
            .put("accepted_at", exact(record.acceptedAt()))
            .put("status", record.status()));
  }

  /**
   * Reads a record of this partition of the ledger.
   *
   * @param key null for a record without one
   * @param value null for a tombstone
   */
  public Reading decode(int partition, byte @Nullable [] key, byte @Nullable [] value) {
    if (key == null || value == null) {
      return broken("a record without " + (key == null ? "key" : "value"));
    }
    try {
      Fields fields = Fields.read(value);
      // First of all: a later version may have another key and other fields.
      long version = fields.number("v");
      if (version > VERSION) {
        return new Reading.Unreadable(
            "written by a later version: %d, and this one reads up to %d"
                .formatted(version, VERSION));
      }
      if (version != VERSION) {
        return broken("version " + version + ", and the first is " + VERSION);
      }
      String name = new String(key, StandardCharsets.UTF_8);
      int colon = name.indexOf(':');
      if (colon < 0) {
        return broken("its key has no colon");
      }
      String topicId = name.substring(0, colon);
      long offset = Long.parseLong(name.substring(colon + 1));
      String state = fields.text("state");
      return switch (state) {
        case "DONE" -> new Reading.Known(done(partition, topicId, offset, fields));
        case "ENDED" ->
            new Reading.Known(
                new LedgerRecord.Ended(
                    topicId,
                    offset,
                    fields.text("request_id"),
                    fields.number("content"),
                    fields.number("job_id"),
                    fields.integer("attempts"),
                    fields.instant("accepted_at"),
                    fields.text("status")));
        case "INTENT", "NOT_SENT", "PARKED" ->
            new Reading.Known(open(topicId, offset, LedgerRecord.OpenState.valueOf(state), fields));
        default -> broken("state " + Texts.cut(state, 64));
      };
    } catch (NoSuchElementException wrong) {
      return broken(String.valueOf(wrong.getMessage()));
    } catch (IllegalArgumentException | DateTimeException wrong) {
      return broken("a value that is not allowed (" + wrong.getClass().getSimpleName() + ")");
    } catch (JacksonException wrong) {
      return broken("no JSON (" + wrong.getClass().getSimpleName() + ")");
    }
  }

  private static Reading broken(String why) {
    return new Reading.Unreadable("broken: " + why);
  }

  private static LedgerRecord done(int partition, String topicId, long offset, Fields fields) {
    int attempts = fields.integer("attempts");
    String requestId = fields.text("request_id");
    if (!fields.has("job_id")) {
      return new LedgerRecord.Failed(
          topicId,
          offset,
          requestId,
          fields.number("content"),
          failed(fields, attempts),
          fields.instant("failed_at"),
          fields.flag("duplicate"));
    }
    ImportParameters parameters =
        new ImportParameters(
            fields.text("env"),
            fields.text("collection_name"),
            fields.text("file_path"),
            FileType.of(fields.number("file_type")).orElseThrow(),
            fields.flag("stop_on_error"),
            ConflictMode.of(fields.number("conflict_mode")).orElseThrow());
    ImportRequest request =
        new ImportRequest(
            requestId,
            fields.has("app_id") ? fields.text("app_id") : null,
            parameters,
            instant(fields, "deadline_exact"),
            fields.flag("rerun_safe"));
    return new LedgerRecord.Accepted(
        topicId,
        new AcceptedJob(
            new Source(fields.text("topic"), partition, offset),
            request,
            fields.has("key") ? Base64.getDecoder().decode(fields.text("key")) : null,
            fields.headers(),
            fields.number("job_id"),
            attempts,
            fields.instant("accepted_at")),
        fields.number("content"),
        fields.flag("duplicate"));
  }

  private static LedgerRecord.Open open(
      String topicId, long offset, LedgerRecord.OpenState state, Fields fields) {
    int attempts = fields.integer("attempts");
    return new LedgerRecord.Open(
        topicId,
        offset,
        state,
        fields.text("request_id"),
        fields.number("content"),
        fields.has("app_id") ? fields.text("app_id") : null,
        fields.text("env"),
        fields.text("collection_name"),
        new Progress(
            fields.integer("calls"),
            attempts,
            fields.integer("backoffs"),
            fields.flag("token_renewed"),
            fields.flag("unanswered"),
            instant(fields, "first_failure_at"),
            instant(fields, "first_throttled_at"),
            fields.has("errcode") ? failed(fields, attempts) : null));
  }

  private static @Nullable Instant instant(Fields fields, String name) {
    return fields.has(name) ? fields.instant(name) : null;
  }

  private static Failed failed(Fields fields, int attempts) {
    return new Failed(
        fields.integer("errcode"),
        fields.text("errmsg"),
        ErrorClass.valueOf(fields.text("error_class").toUpperCase(Locale.ROOT)),
        fields.text("detail"),
        attempts);
  }

  /**
   * The flat fields of one record; an absent or mistyped one is a {@link NoSuchElementException}.
   */
  record Fields(Map<String, Object> values) {

    /** Repeated fields are found below: Jackson's search for them is a fifth of its reading. */
    private static final JsonFactory JSON = new JsonFactory();

    /** A value that no field has; a field with it counts as absent. */
    private static final Object OTHER = new Object();

    static Fields read(byte[] json) {
      Map<String, Object> values = HashMap.newHashMap(32);
      try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
          throw new NoSuchElementException("no JSON object");
        }
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
          String name = parser.currentName();
          if (values.put(name, nextValue(parser)) != null) {
            throw new NoSuchElementException(Texts.cut(name, 64) + " stands twice in its JSON");
          }
          parser.skipChildren();
        }
        if (parser.nextToken() != null) {
          throw new NoSuchElementException("something follows its JSON object");
        }
      }
      return new Fields(values);
    }

    private static Object nextValue(JsonParser parser) {
      return switch (parser.nextToken()) {
        case VALUE_STRING -> parser.getString();
        case VALUE_NUMBER_INT -> parser.getLongValue();
        case VALUE_TRUE -> true;
        case VALUE_FALSE -> false;
        case null, default -> OTHER;
      };
    }

    boolean has(String name) {
      return values.getOrDefault(name, OTHER) != OTHER;
    }

    String text(String name) {
      return value(name, String.class);
    }

    long number(String name) {
      return value(name, Long.class);
    }

    int integer(String name) {
      long number = number(name);
      if (number != (int) number) {
        throw new NoSuchElementException(name + " is beyond 32 bits");
      }
      return (int) number;
    }

    boolean flag(String name) {
      return value(name, Boolean.class);
    }

    /**
     * An instant as its {@code toString} writes it, or any that {@link Instant#parse} takes: that
     * takes a fifth of the time of a whole record.
     */
    Instant instant(String name) {
      String text = text(name);
      int end = text.length() - 1;
      if (end < 19
          || end == 20
          || end > 29
          || text.charAt(4) != '-'
          || text.charAt(7) != '-'
          || text.charAt(10) != 'T'
          || text.charAt(13) != ':'
          || text.charAt(16) != ':'
          || (end > 19 && text.charAt(19) != '.')
          || text.charAt(end) != 'Z') {
        return Instant.parse(text);
      }
      int year = digits(text, 0, 4);
      int month = digits(text, 5, 7);
      int day = digits(text, 8, 10);
      int hour = digits(text, 11, 13);
      int minute = digits(text, 14, 16);
      int second = digits(text, 17, 19);
      int nanos = end == 19 ? 0 : digits(text, 20, end);
      if ((year | month | day | hour | minute | second | nanos) < 0
          || hour > 23
          || minute > 59
          || second > 59) {
        return Instant.parse(text);
      }
      for (int digit = end - 20; digit < 9 && end > 19; digit++) {
        nanos *= 10;
      }
      long days = LocalDate.of(year, month, day).toEpochDay();
      return Instant.ofEpochSecond(days * 86_400 + hour * 3_600L + minute * 60L + second, nanos);
    }

    /** The number that the digits from here to there say; -1 when they are no digits. */
    private static int digits(String text, int from, int to) {
      int number = 0;
      for (int i = from; i < to; i++) {
        int digit = text.charAt(i) - '0';
        if (digit < 0 || digit > 9) {
          return -1;
        }
        number = number * 10 + digit;
      }
      return number;
    }

    List<Header> headers() {
      List<Header> headers = new ArrayList<>(2);
      addHeader(headers, "traceparent", "h.traceparent");
      addHeader(headers, "tracestate", "h.tracestate");
      return headers;
    }

    private void addHeader(List<Header> headers, String name, String field) {
      if (has(field)) {
        headers.add(new Header(name, Base64.getDecoder().decode(text(field))));
      }
    }

    private <T> T value(String name, Class<T> type) {
      Object value = values.get(name);
      if (!type.isInstance(value)) {
        throw new NoSuchElementException(name + " is missing or of another type");
      }
      return type.cast(value);
    }
  }
}
