package io.dbimport.dev;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * One request of the demo. Immutable.
 *
 * @param what said in a few words
 * @param file the sample it imports
 * @param collection where to
 */
record DemoRequest(
    String what, String file, String collection, ConflictMode mode, boolean stopOnError) {
  /** Bytes that are no JSON object, as a broken producer might send them. */
  static final byte[] MALFORMED =
      "{\"env\":\"demo-env\",\"collection_name\":\"countries\",".getBytes(StandardCharsets.UTF_8);

  /** What the malformed one is called in the table. */
  static final String MALFORMED_WHAT = "a request that is cut off";

  private static final String FOLDER = "samples/";

  static final List<DemoRequest> ALL =
      List.of(
          insert("JSON, insert", Samples.COUNTRIES, "countries"),
          insert("the same again", Samples.COUNTRIES, "countries"),
          new DemoRequest(
              "the same, upsert", Samples.COUNTRIES, "countries", ConflictMode.UPSERT, false),
          insert("JSON with dates", Samples.EARTHQUAKES, "earthquakes"),
          insert("CSV, dotted header", Samples.AIRPORTS, "airports"),
          insert("5 bad records", Samples.COUNTRIES_WITH_ERRORS, "tolerant"),
          new DemoRequest(
              "5 bad, stop_on_error",
              Samples.COUNTRIES_WITH_ERRORS,
              "strict",
              ConflictMode.INSERT,
              true),
          insert("a file not there", "absent.jsonl", "countries"));

  private static DemoRequest insert(String what, String file, String collection) {
    return new DemoRequest(what, file, collection, ConflictMode.INSERT, false);
  }

  /** Where a sample lies in the environment. */
  static String path(String file) {
    return FOLDER + file;
  }

  /** The request as it is sent. */
  ImportRequest request(String id, String env) {
    return new ImportRequest(
        id,
        null,
        new ImportParameters(
            env,
            collection,
            path(file),
            file.endsWith(".csv") ? FileType.CSV : FileType.JSON,
            stopOnError,
            mode),
        null,
        mode == ConflictMode.UPSERT);
  }
}
