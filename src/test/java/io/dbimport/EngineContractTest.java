package io.dbimport;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.dbimport.engine.ConnectionPool;
import io.dbimport.engine.Engine;
import io.dbimport.engine.EngineSettings;
import io.dbimport.engine.FileStorage;
import io.dbimport.engine.PostgresEngine;
import io.dbimport.engine.Storage;
import io.dbimport.fixtures.PostgresFixture;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The engine over a real PostgreSQL keeps the contract. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EngineContractTest implements ImportApiContract {
  private HikariDataSource database;
  private Storage storage;
  private Engine engine;

  @BeforeAll
  void open(@TempDir Path folder) throws Exception {
    PostgresFixture.Database fresh = PostgresFixture.freshDatabase();
    database = ConnectionPool.open(fresh.jdbcUrl(), fresh.user(), fresh.password(), 10);
    storage = FileStorage.open(folder);
    engine =
        PostgresEngine.open(
            database, storage, EngineSettings.of(List.of(ENV)), new SimpleMeterRegistry());
  }

  @AfterAll
  void close() {
    engine.close();
    database.close();
  }

  @Override
  public ImportApi api() {
    return engine;
  }

  @Override
  public void createCollection(String name) {
    assertThat(engine.createCollection(ENV, name)).isEqualTo(Engine.CollectionReply.DONE);
  }

  @Override
  public void upload(String path, String content) throws IOException {
    storage.store(ENV, path, new ByteArrayInputStream(content.getBytes(StandardCharsets.UTF_8)));
  }
}
