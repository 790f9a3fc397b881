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
  public static LedgerRecord.Ended ended(String topicId, AcceptedJob job, JobEnd end) {
    return new LedgerRecord.Ended(
        topicId, job.source().offset(), job.request().requestId(), job.jobId(), status(end));
  }

  private static byte[] accepted(LedgerRecord.Accepted accepted) {
    AcceptedJob job = accepted.job();
    return EventJson.write(json -> {
      json.put("v", VERSION)
          .put("state", "DONE")
          .put("request_id", job.request().requestId())
          .put("topic", job.source().topic())
          .put("job_id", job.jobId())
          .put("attempts", accepted.attempts())
          .put("accepted_at", job.acceptedAt().toString())
          .put("key", job.key())
          .putAll(ReadableFields.of(job.request()));
      // An event shows milliseconds; what is read back must be what was written.
      Instant deadline = job.request().deadline();
      json.put("deadline_exact", deadline == null ? null : deadline.toString());
      job.trace().forEach(header -> json.put("h." + header.name(), header.value()));
    });
  }

  private static byte[] failed(LedgerRecord.Failed record) {
    Failed failed = record.failed();
    return EventJson.write(json ->
        json.put("v", VERSION)
            .put("state", "DONE")
            .put("request_id", record.requestId())
            .put("errcode", failed.errcode())
            .put("errmsg", Texts.cut(failed.errmsg(), ReadableFields.MAX_TEXT_BYTES))
            .put("error_class", failed.errorClass().tag())
            .put("detail", Texts.cut(failed.detail(), ReadableFields.MAX_TEXT_BYTES))
            .put("attempts", failed.attempts()));
  }

  private static byte[] ended(LedgerRecord.Ended record) {
    return EventJson.write(json ->
        json.put("v", VERSION)
            .put("state", "ENDED")
            .put("request_id", record.requestId())
            .put("job_id", record.jobId())
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
                    fields.number("job_id"),
                    fields.text("status")));
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
          new Failed(
              fields.integer("errcode"),
              fields.text("errmsg"),
              ErrorClass.valueOf(fields.text("error_class").toUpperCase(Locale.ROOT)),
              fields.text("detail"),
              attempts));
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
            fields.has("deadline_exact") ? Instant.parse(fields.text("deadline_exact")) : null,
            fields.flag("rerun_safe"));
    return new LedgerRecord.Accepted(
        topicId,
        new AcceptedJob(
            new Source(fields.text("topic"), partition, offset),
            request,
            fields.has("key") ? Base64.getDecoder().decode(fields.text("key")) : null,
            fields.headers(),
            fields.number("job_id"),
            Instant.parse(fields.text("accepted_at"))),
        attempts);
  }

  /**
   * The flat fields of one record; an absent or mistyped one is a {@link NoSuchElementException}.
   */
  private record Fields(Map<String, Object> values) {

    static Fields read(byte[] json) {
      Map<String, Object> values = new HashMap<>();
      try (JsonParser parser = RequestFields.JSON.createParser(ObjectReadContext.empty(), json)) {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
          throw new NoSuchElementException("no JSON object");
        }
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
          String name = parser.currentName();
          JsonToken token = parser.nextToken();
          if (token == JsonToken.VALUE_STRING) {
            values.put(name, parser.getString());
          } else if (token == JsonToken.VALUE_NUMBER_INT) {
            values.put(name, parser.getLongValue());
          } else if (token.isBoolean()) {
            values.put(name, parser.getBooleanValue());
          }
          parser.skipChildren();
        }
        if (parser.nextToken() != null) {
          throw new NoSuchElementException("something follows its JSON object");
        }
      }
      return new Fields(values);
    }

    boolean has(String name) {
      return values.containsKey(name);
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

    List<Header> headers() {
      List<Header> headers = new ArrayList<>();
      for (String name : List.of("traceparent", "tracestate")) {
        if (has("h." + name)) {
          headers.add(new Header(name, Base64.getDecoder().decode(text("h." + name))));
        }
      }
      return headers;
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
