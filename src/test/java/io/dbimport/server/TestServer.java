package io.dbimport.server;

import com.zaxxer.hikari.HikariDataSource;
import io.dbimport.engine.ConnectionPool;
import io.dbimport.engine.Engine;
import io.dbimport.engine.EngineSettings;
import io.dbimport.engine.FileStorage;
import io.dbimport.engine.PostgresEngine;
import io.dbimport.engine.QuotaStorage;
import io.dbimport.engine.Storage;
import io.dbimport.fixtures.PostgresFixture;
import io.dbimport.fixtures.PostgresFixture.Database;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import javax.sql.DataSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A server over a real engine, and a client that calls it. Thread-safe. */
final class TestServer implements AutoCloseable {
  static final String ENV = "demo-env";
  static final String OTHER_ENV = "other-env";
  static final String TOKEN = "good-token-5f1c";
  static final String EXPIRED_TOKEN = "expired-token-77aa";
  static final String CLOSED_TOKEN = "closed-token-90bd";
  static final String APPSECRET = "app-secret-31d0";
  static final LinkSecret SECRET = LinkSecret.of("a secret of the tests");
  static final List<App> APPS =
      List.of(
          new App(
              "app-1",
              List.of(
                  new App.Token(TOKEN, null),
                  new App.Token(EXPIRED_TOKEN, Instant.parse("2026-01-01T00:00:00Z"))),
              List.of(ENV),
              true),
          new App("app-3", APPSECRET, null, List.of(), List.of(ENV), true),
          new App(
              "platform",
              APPSECRET,
              new App.Token("ticket@@@good", Instant.parse("2999-01-01T00:00:00Z")),
              List.of(),
              List.of(ENV),
              true),
          new App(
              "late-platform",
              APPSECRET,
              new App.Token("ticket@@@good", Instant.parse("2026-01-01T00:00:00Z")),
              List.of(),
              List.of(ENV),
              true),
          new App("app-2", List.of(new App.Token(CLOSED_TOKEN, null)), List.of(ENV), false));
  private static final JsonMapper JSON = JsonMapper.builder().build();

  final Storage storage;
  final ImportServer server;
  private final Runnable closing;
  private final HttpClient client =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

  private TestServer(
      Storage storage,
      Storage served,
      Engine engine,
      DataSource database,
      ServerSettings settings,
      PrometheusMeterRegistry registry,
      Runnable closing) {
    this.storage = storage;
    this.closing = closing;
    this.server = ImportServer.start(settings, engine, database, served, registry, Health.ALWAYS);
  }

  static ServerSettings settings(long maxUploadBytes) {
    return new ServerSettings("127.0.0.1", 0, null, () -> APPS, null, SECRET, maxUploadBytes);
  }

  /** Over another engine, which stays the caller's. */
  static TestServer over(Engine engine, Path root, ServerSettings settings)
      throws IOException, SQLException {
    HikariDataSource pool = pool(PostgresFixture.freshDatabase());
    FileStorage storage = FileStorage.open(root);
    return new TestServer(
        storage,
        storage,
        engine,
        pool,
        settings,
        new PrometheusMeterRegistry(PrometheusConfig.DEFAULT),
        pool::close);
  }

  static TestServer start(Database database, Path root, ServerSettings settings)
      throws IOException, SQLException {
    return start(database, root, settings, Long.MAX_VALUE / 2);
  }

  /** With so many bytes for each environment. */
  static TestServer start(Database database, Path root, ServerSettings settings, long quotaBytes)
      throws IOException, SQLException {
    return start(database, FileStorage.open(root), settings, quotaBytes);
  }

  /** Over another storage, which is closed with the server. */
  static TestServer start(
      Database database, Storage storage, ServerSettings settings, long quotaBytes)
      throws SQLException {
    HikariDataSource pool = pool(database);
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    PostgresEngine engine =
        PostgresEngine.open(pool, storage, EngineSettings.of(List.of(ENV, OTHER_ENV)), registry);
    return new TestServer(
        storage,
        new QuotaStorage(storage, quotaBytes),
        engine,
        pool,
        settings,
        registry,
        () -> {
          engine.close();
          pool.close();
          storage.close();
        });
  }

  private static HikariDataSource pool(Database database) {
    return ConnectionPool.open(database.jdbcUrl(), database.user(), database.password(), 8);
  }

  JsonNode post(String path, String body) throws IOException, InterruptedException {
    return call(path, TOKEN, body);
  }

  /** A call as it should be; its answer is checked for what every answer has. */
  JsonNode call(String path, String token, String body) throws IOException, InterruptedException {
    return answer(
        send(
            path + (path.contains("?") ? "&" : "?") + "access_token=" + token,
            "POST",
            BodyPublishers.ofString(body)));
  }

  HttpResponse<String> send(String path, String method, BodyPublisher body)
      throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(server.uri().resolve(path))
            .timeout(Duration.ofSeconds(30))
            .method(method, body)
            .build(),
        BodyHandlers.ofString());
  }

  HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
    return client.send(request.timeout(Duration.ofSeconds(60)).build(), BodyHandlers.ofString());
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send(path, "GET", BodyPublishers.noBody());
  }

  /** The JSON of an answer: HTTP 200, an errcode and an errmsg, and nobody's token. */
  static JsonNode answer(HttpResponse<String> response) {
    String body = response.body();
    JsonNode json = JSON.readTree(body);
    boolean whole =
        response.statusCode() == 200
            && response
                .headers()
                .firstValue("content-type")
                .orElse("")
                .startsWith("application/json")
            && json.path("errcode").isIntegralNumber()
            && json.path("errmsg").isString()
            && !body.contains(TOKEN)
            && !body.contains(EXPIRED_TOKEN)
            && !body.contains(CLOSED_TOKEN);
    if (!whole) {
      throw new AssertionError(response + " " + body);
    }
    return json;
  }

  URI uri() {
    return server.uri();
  }

  @Override
  public void close() {
    server.close();
    closing.run();
    client.close();
  }
}
