package io.dbimport.worker;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.event.AcceptedJob;
import io.dbimport.event.Delivery;
import io.dbimport.event.Source;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Requests, deliveries and jobs for tests. Stateless. */
final class Requests {
  static final String TOPIC = "dbimport.requests";

  private Requests() {}

  static ImportRequest request(@Nullable Instant deadline, boolean rerunSafe) {
    return request("env-a", deadline, rerunSafe);
  }

  static ImportRequest request(String env, @Nullable Instant deadline, boolean rerunSafe) {
    return new ImportRequest(
        "request-1",
        null,
        new ImportParameters(env, "books", "f.json", FileType.JSON, true, ConflictMode.INSERT),
        deadline,
        rerunSafe);
  }

  /** The event of an INSERT; not rerun-safe. */
  static String insert(String env, String collection) {
    return json(env, collection, 1, "");
  }

  /** The event of an UPSERT; rerun-safe. */
  static String upsert(String env, String collection) {
    return json(env, collection, 2, "");
  }

  /** The event with more fields, each of them beginning with a comma. */
  static String json(String env, String collection, int conflictMode, String more) {
    return """
    {"env":"%s","collection_name":"%s","file_path":"f.json","file_type":1,\
    "stop_on_error":true,"conflict_mode":%d%s}\
    """
        .formatted(env, collection, conflictMode, more);
  }

  static Delivery delivery(int partition, long offset, Instant timestamp, @Nullable String value) {
    return new Delivery(
        new Source(TOPIC, partition, offset),
        timestamp,
        null,
        value == null ? null : value.getBytes(StandardCharsets.UTF_8),
        List.of());
  }

  static AcceptedJob job(int partition, long offset, Instant acceptedAt) {
    return new AcceptedJob(
        new Source(TOPIC, partition, offset),
        request(null, false),
        null,
        List.of(),
        7_000 + offset,
        1,
        acceptedAt);
  }
}
