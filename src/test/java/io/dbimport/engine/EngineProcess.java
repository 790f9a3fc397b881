package io.dbimport.engine;

import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * An engine as a process, with small batches and claims that run out soon. It ends when what
 * started it does: then its standard input is at its end.
 */
final class EngineProcess {
  private EngineProcess() {}

  /**
   * Runs until it is killed.
   *
   * @param args the database's JDBC URL and user, the storage's folder or {@code s3://} name, the
   *     environment; the password is in the environment variable {@code PASSWORD}, the object
   *     storage's address in {@code ENDPOINT}
   */
  public static void main(String[] args) throws Exception {
    EngineSettings settings =
        new EngineSettings(
            List.of(args[3]),
            2,
            2,
            25,
            Duration.ofSeconds(1),
            Duration.ofMillis(50),
            CsvNumbers.ALL,
            OnUpsert.REPLACE);
    HikariDataSource pool =
        ConnectionPool.open(args[0], args[1], String.valueOf(System.getenv("PASSWORD")), 4);
    Storage storage = storage(args[2]);
    PostgresEngine engine = PostgresEngine.open(pool, storage, settings, new SimpleMeterRegistry());
    untilParentEnds();
    engine.close();
    pool.close();
    storage.close();
  }

  private static Storage storage(String where) throws IOException {
    URI endpoint = URI.create(System.getenv().getOrDefault("ENDPOINT", ""));
    return where.startsWith("s3://")
        ? S3Storage.open(S3Location.of(where, endpoint), _ -> {})
        : FileStorage.open(Path.of(where));
  }

  private static void untilParentEnds() throws IOException {
    while (System.in.read() >= 0) {
      // nothing is said this way
    }
  }
}
