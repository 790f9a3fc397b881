package io.dbimport;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.dbimport.client.AccessTokens;
import io.dbimport.client.ApiFamily;
import io.dbimport.client.ClientSettings;
import io.dbimport.client.CollectionReply;
import io.dbimport.client.HttpImportApi;
import io.dbimport.client.UploadClient;
import io.dbimport.client.UploadReply;
import io.dbimport.engine.ConnectionPool;
import io.dbimport.engine.Engine;
import io.dbimport.engine.EngineSettings;
import io.dbimport.engine.FileStorage;
import io.dbimport.engine.PostgresEngine;
import io.dbimport.engine.Storage;
import io.dbimport.fixtures.PostgresFixture;
import io.dbimport.server.App;
import io.dbimport.server.Health;
import io.dbimport.server.ImportServer;
import io.dbimport.server.LinkSecret;
import io.dbimport.server.ServerSettings;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The client keeps the contract over TLS, with our server, its engine and a real PostgreSQL behind
 * it, under the paths of both families; uploads and collections go the same way.
 */
@Timeout(120)
@ParameterizedClass
@EnumSource(ApiFamily.class)
class HttpsContractTest implements ImportApiContract {
  private static final String TOKEN = "contract-token";

  @TempDir static Path folder;

  private static HikariDataSource database;
  private static Engine engine;
  private static ImportServer server;
  private static SelfSigned certificate;

  private final HttpImportApi api;
  private final UploadClient uploads;

  HttpsContractTest(ApiFamily family) {
    ClientSettings settings =
        new ClientSettings(server.uri(), family, Duration.ofSeconds(20), certificate.certificate());
    this.api = new HttpImportApi(settings, AccessTokens.fixed(TOKEN));
    this.uploads = new UploadClient(settings, AccessTokens.fixed(TOKEN));
  }

  @BeforeAll
  static void open() throws Exception {
    PostgresFixture.Database fresh = PostgresFixture.freshDatabase();
    database = ConnectionPool.open(fresh.jdbcUrl(), fresh.user(), fresh.password(), 10);
    Storage storage = FileStorage.open(folder.resolve("storage"));
    engine =
        PostgresEngine.open(
            database, storage, EngineSettings.of(List.of(ENV)), new SimpleMeterRegistry());
    certificate = SelfSigned.forLoopback(folder);
    server =
        ImportServer.start(
            new ServerSettings(
                "127.0.0.1",
                0,
                new ServerSettings.TlsFiles(certificate.certificate(), certificate.key()),
                () ->
                    List.of(
                        new App("wx1", List.of(new App.Token(TOKEN, null)), List.of(ENV), true)),
                null,
                LinkSecret.random(),
                ServerSettings.MAX_UPLOAD_BYTES),
            engine,
            database,
            storage,
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT),
            Health.ALWAYS);
  }

  @AfterAll
  static void close() {
    server.close();
    engine.close();
    database.close();
  }

  @AfterEach
  void closeClients() {
    api.close();
    uploads.close();
  }

  @Override
  public ImportApi api() {
    return api;
  }

  @Override
  public void createCollection(String name) throws InterruptedException {
    assertThat(uploads.createCollection(null, ENV, name)).isEqualTo(new CollectionReply.Done());
  }

  @Override
  public void upload(String path, String content) throws IOException, InterruptedException {
    Path file = Files.writeString(Files.createTempFile(folder, "upload", ""), content);
    assertThat(uploads.upload(null, ENV, path, file, _ -> {}))
        .isEqualTo(new UploadReply.Uploaded(Files.size(file)));
  }

  @Test
  void aCollectionThatIsThereAlreadyIsRefused() throws InterruptedException {
    String name = "twice" + System.nanoTime();
    createCollection(name);
    assertThat(uploads.createCollection(null, ENV, name))
        .isInstanceOfSatisfying(
            CollectionReply.Refused.class,
            refused -> assertThat(refused.errcode()).isEqualTo(-502013));
  }

  @Test
  void aLinkForAPathThatLeavesItsEnvironmentIsRefused() throws Exception {
    Path file = Files.writeString(folder.resolve("a.json"), "{}");
    assertThat(uploads.upload(null, ENV, "../a.json", file, _ -> {}))
        .isInstanceOfSatisfying(
            UploadReply.LinkRefused.class,
            refused -> assertThat(refused.errcode()).isEqualTo(40097));
  }

  @Test
  void anUploadLargerThanAnyBufferArrivesWhole() throws Exception {
    String document = "{\"_id\":\"%08d\",\"text\":\"" + "城".repeat(100) + "\"}\n";
    StringBuilder content = new StringBuilder();
    for (int i = 0; i < 20_000; i++) {
      content.append(document.formatted(i));
    }
    String name = "large" + System.nanoTime();
    createCollection(name);
    upload("large/" + name, content.toString());
    Reply.Accepted accepted =
        (Reply.Accepted)
            api.submit(
                new ImportRequest(
                    "large",
                    null,
                    new ImportParameters(
                        ENV, name, "large/" + name, FileType.JSON, true, ConflictMode.INSERT),
                    null,
                    false));
    assertThat(end(accepted.jobId()).recordSuccess()).isEqualTo(20_000);
  }

  @Test
  void aTokenThatIsNotTheAppsIsSaid() throws InterruptedException {
    try (HttpImportApi stranger =
        new HttpImportApi(
            new ClientSettings(
                server.uri(), ApiFamily.APP, Duration.ofSeconds(20), certificate.certificate()),
            AccessTokens.fixed("another"))) {
      assertThat(stranger.state(null, ENV, 1))
          .isInstanceOfSatisfying(
              JobReply.NotKnown.class, notKnown -> assertThat(notKnown.errcode()).isEqualTo(40014));
    }
  }
}
