package io.dbimport.engine;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * What the engine goes by. Immutable.
 *
 * @param environments the environments there are; each becomes a schema
 * @param jobsAtOnce jobs that this engine runs at once, at least 1
 * @param jobsAtOncePerEnvironment jobs of one environment that all engines together run at once
 * @param batchRecords records written in one transaction, at most; at least 1
 * @param claimFor how long an engine that says nothing keeps its claim on a job
 * @param lookEvery how often jobs are looked for that another engine accepted or gave up
 * @param csvNumbers which cells of CSV files become numbers
 * @param onUpsert what an UPSERT does to a document that is there
 */
public record EngineSettings(
    List<String> environments,
    int jobsAtOnce,
    int jobsAtOncePerEnvironment,
    int batchRecords,
    Duration claimFor,
    Duration lookEvery,
    CsvNumbers csvNumbers,
    OnUpsert onUpsert) {
  /** What {@link #isEnvironment} accepts, as the end of a sentence. */
  public static final String ACCEPTED_ENVIRONMENT =
      "1 to 63 bytes of UTF-8 without a slash, and not ., .., pg_…, public, dbimport or"
          + " information_schema";

  private static final Set<String> TAKEN = Set.of("information_schema", "public", "dbimport");

  /** What a path in a link makes something else of. */
  private static final Set<String> NO_PART_OF_A_PATH = Set.of(".", "..");

  private static final int MAX_NAME_BYTES = 63;

  public EngineSettings {
    environments = List.copyOf(environments);
    for (String environment : environments) {
      if (!isEnvironment(environment)) {
        throw new IllegalArgumentException(
            "\"%s\" is no environment: one is %s".formatted(environment, ACCEPTED_ENVIRONMENT));
      }
    }
  }

  /** The defaults for these environments. */
  public static EngineSettings of(List<String> environments) {
    return of(environments, CsvNumbers.ALL, OnUpsert.REPLACE);
  }

  /** The defaults for these environments, with other rules for numbers and for UPSERTs. */
  public static EngineSettings of(
      List<String> environments, CsvNumbers csvNumbers, OnUpsert onUpsert) {
    return new EngineSettings(
        environments,
        4,
        2,
        200_000,
        Duration.ofSeconds(30),
        Duration.ofSeconds(1),
        csvNumbers,
        onUpsert);
  }

  /**
   * Whether an environment may have this name: a schema of PostgreSQL's own may not be taken, and
   * the name is a part of the paths of links.
   */
  public static boolean isEnvironment(String name) {
    return isName(name)
        && !name.startsWith("pg_")
        && !TAKEN.contains(name)
        && name.indexOf('/') < 0
        && !NO_PART_OF_A_PATH.contains(name);
  }

  /** Whether PostgreSQL takes this as a name: 1 to 63 bytes of UTF-8, no NUL. */
  static boolean isName(String name) {
    return !name.isEmpty()
        && name.indexOf('\0') < 0
        && StandardCharsets.UTF_8.newEncoder().canEncode(name)
        && name.getBytes(StandardCharsets.UTF_8).length <= MAX_NAME_BYTES;
  }
}
