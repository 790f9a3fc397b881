package io.dbimport.server;

import io.dbimport.ImportApi;
import io.dbimport.client.MeteredImportApi;
import io.dbimport.engine.Engine;
import io.dbimport.engine.Storage;
import io.helidon.common.tls.Tls;
import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.URI;
import java.time.InstantSource;
import javax.sql.DataSource;

/** The import service over HTTP or HTTPS, with its metrics and health. Thread-safe. */
public final class ImportServer implements AutoCloseable {
  private final WebServer server;
  private final String scheme;
  private final String bind;

  private ImportServer(WebServer server, String scheme, String bind) {
    this.server = server;
    this.scheme = scheme;
    this.bind = bind;
  }

  /**
   * Starts listening. The engine, the database and the storage stay the caller's.
   *
   * @param database has the tokens that servers issue
   * @throws IllegalArgumentException when the settings cannot be used
   * @throws java.io.UncheckedIOException when the database does not answer
   */
  public static ImportServer start(
      ServerSettings settings,
      Engine engine,
      DataSource database,
      Storage storage,
      PrometheusMeterRegistry registry,
      Health health) {
    InstantSource clock = InstantSource.system();
    ImportApi imports = new MeteredImportApi(engine, registry);
    UploadLinks links = new UploadLinks(settings.linkSecret());
    IssuedTokens issued = new IssuedTokens(database, settings.linkSecret());
    issued.createTable();
    Apps apps = new Apps(settings.apps(), issued);
    ApiRoutes api = new ApiRoutes(imports, engine, apps, settings, links, clock);
    TokenRoutes tokens = new TokenRoutes(api, apps, issued, clock);
    UploadRoute upload = new UploadRoute(storage, links, settings.maxUploadBytes(), clock);
    DownloadLinks downloads = new DownloadLinks(settings.linkSecret());
    FileRoutes fileCalls = new FileRoutes(api, storage, downloads, clock);
    DownloadRoute download = new DownloadRoute(storage, downloads, clock);
    ObserveRoutes.bindJvm(registry);
    ObserveRoutes observe = new ObserveRoutes(registry, health);
    ServerSettings.TlsFiles files = settings.tls();
    Tls tls = files == null ? Tls.builder().enabled(false).build() : ServerTls.of(files);
    WebServer server =
        Listener.start(
            settings.bind(),
            settings.port(),
            tls,
            settings.bounds(),
            routing -> {
              api.addTo(routing);
              tokens.addTo(routing);
              OpenApi.addTo(routing);
              fileCalls.addTo(routing);
              observe.addTo(routing);
              routing.post("/upload/{env}", upload);
              routing.any(DownloadLinks.ROUTE, download);
              routing.any((request, response) -> {
                response.header("Content-Type", "application/json; charset=utf-8");
                response
                    .status(Status.NOT_FOUND_404)
                    .send("{\"errcode\":-1,\"errmsg\":\"system error: no such call\"}");
              });
            });
    return new ImportServer(server, files == null ? "http" : "https", settings.bind());
  }

  /** The port it listens on. */
  public int port() {
    return server.port();
  }

  /** Where it is reached from this machine. */
  public URI uri() {
    String host = bind.equals("0.0.0.0") || bind.equals("::") ? "127.0.0.1" : bind;
    String quoted = host.contains(":") ? "[" + host + "]" : host;
    return URI.create(scheme + "://" + quoted + ":" + port());
  }

  /** Takes no new call, lets those that are open end, and returns. */
  @Override
  public void close() {
    server.stop();
  }
}
