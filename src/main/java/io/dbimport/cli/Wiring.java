package io.dbimport.cli;

import com.zaxxer.hikari.HikariDataSource;
import io.dbimport.client.AccessTokens;
import io.dbimport.client.ApiFamily;
import io.dbimport.client.ClientSettings;
import io.dbimport.client.FileToken;
import io.dbimport.client.PlainWords;
import io.dbimport.engine.ConnectionPool;
import io.dbimport.engine.CsvNumbers;
import io.dbimport.engine.EngineSettings;
import io.dbimport.engine.FileStorage;
import io.dbimport.engine.OnUpsert;
import io.dbimport.engine.QuotaStorage;
import io.dbimport.engine.S3Location;
import io.dbimport.engine.S3Storage;
import io.dbimport.engine.S3Unusable;
import io.dbimport.engine.Storage;
import io.dbimport.kafka.KafkaSettings;
import io.dbimport.server.App;
import io.dbimport.server.LinkSecret;
import io.dbimport.server.ServerSettings;
import io.dbimport.worker.Limits;
import io.dbimport.worker.WorkerSettings;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns settings into what each part takes. Stateless. */
public final class Wiring {
  /** The token of a server that was given none; it is taken on loopback alone. */
  public static final String DEV_TOKEN = "dev-token";

  private static final Logger LOG = LoggerFactory.getLogger(Wiring.class);
  private static final int DATABASE_CONNECTIONS = 16;

  private Wiring() {}

  /** For a command that only sends, reads or administers. */
  public static KafkaSettings kafka(Settings settings) {
    return kafka(settings, "dbimport-command");
  }

  /** For a worker whose metrics are on this port. */
  public static KafkaSettings worker(Settings settings, int port) {
    return kafka(
        settings, settings.optional(Setting.INSTANCE_ID).orElseGet(() -> hostName() + "-" + port));
  }

  private static KafkaSettings kafka(Settings settings, String instanceId) {
    Map<String, String> properties = new HashMap<>();
    settings.kafka().forEach((name, value) -> properties.put(name, secretText(name, value.text())));
    properties.put("bootstrap.servers", settings.text(Setting.KAFKA_BOOTSTRAP_SERVERS));
    return new KafkaSettings(
        properties,
        settings.text(Setting.TOPIC_PREFIX),
        settings.text(Setting.GROUP_ID),
        instanceId,
        settings.duration(Setting.TICK),
        settings.duration(Setting.API_TIMEOUT),
        settings.duration(Setting.STOP_TIMEOUT));
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName().replaceAll("[^A-Za-z0-9._-]", "-");
    } catch (UnknownHostException nameless) {
      return "localhost";
    }
  }

  public static WorkerSettings work(Settings settings) {
    return new WorkerSettings(
        new Limits(
            settings.number(Setting.MAX_IN_FLIGHT),
            settings.number(Setting.ENV_MAX_IN_FLIGHT),
            settings.optional(Setting.RATE_PER_ENV).map(Double::valueOf).orElse(null),
            settings.optional(Setting.RATE_TOTAL).map(Double::valueOf).orElse(null)),
        new WorkerSettings.Retry(
            settings.duration(Setting.RETRY_FOR),
            settings.duration(Setting.RETRY_INITIAL),
            settings.duration(Setting.RETRY_MAX),
            settings.text(Setting.ON_UNKNOWN).equals("retry")),
        WorkerSettings.Ordering.valueOf(settings.text(Setting.ORDERING).toUpperCase(Locale.ROOT)),
        settings.duration(Setting.JOB_TIMEOUT),
        remembered(settings),
        WorkerSettings.lease(settings.duration(Setting.API_TIMEOUT)),
        WorkerSettings.defaults().window(),
        settings
            .path(Setting.APPS)
            .flatMap(file -> Optional.ofNullable(AppsReader.read(file).defaultApp()))
            .orElse(null));
  }

  public static Duration remembered(Settings settings) {
    return settings.duration(Setting.DEDUPE_WINDOW);
  }

  public static ClientSettings client(Settings settings) {
    return new ClientSettings(
        URI.create(settings.text(Setting.API_URL)),
        ApiFamily.valueOf(settings.text(Setting.API_FAMILY).toUpperCase(Locale.ROOT)),
        settings.duration(Setting.API_TIMEOUT),
        settings.path(Setting.API_CA).orElse(null));
  }

  /**
   * The tokens of the apps of {@code DBIMPORT_APPS}, or else of the one app; the caller closes
   * them. Nothing is fetched before the first call.
   */
  public static AccessTokens tokens(Settings settings) {
    Optional<Path> apps = settings.path(Setting.APPS);
    return apps.isPresent()
        ? AppsWiring.tokens(apps.get(), client(settings), kafka(settings))
        : token(settings);
  }

  /** The token of the one app; a file with it is read again when it changes. */
  private static AccessTokens token(Settings settings) {
    Secret token =
        settings
            .secret(Setting.TOKEN)
            .orElseThrow(() ->
                badSettings(
                    Setting.TOKEN.variable()
                        + ": the app's access token is required; give it, or a file with it as "
                        + Setting.TOKEN.variable()
                        + "_FILE, or several apps as "
                        + Setting.APPS.variable()));
    return switch (token) {
      case Secret.Given(String value) -> AccessTokens.fixed(value);
      case Secret.InFile(Path file) -> new MaskedTokens(new FileToken(file));
    };
  }

  /** Connections to the database of the settings; nothing is connected yet. */
  public static HikariDataSource database(Settings settings) {
    String url =
        settings
            .optional(Setting.DATABASE_URL)
            .orElseThrow(() ->
                badSettings(
                    Setting.DATABASE_URL.variable()
                        + ": required: the PostgreSQL to import into, such as"
                        + " jdbc:postgresql://localhost/dbimport"));
    Secret password = settings.secret(Setting.DATABASE_PASSWORD).orElse(null);
    return ConnectionPool.open(
        url,
        settings.optional(Setting.DATABASE_USER).orElse(null),
        password == null ? null : () -> secretText(Setting.DATABASE_PASSWORD.variable(), password),
        DATABASE_CONNECTIONS);
  }

  public static EngineSettings engine(Settings settings, List<App> apps) {
    return EngineSettings.of(
        apps.stream().flatMap(app -> app.environments().stream()).distinct().sorted().toList(),
        csvNumbers(settings),
        OnUpsert.valueOf(settings.text(Setting.ON_UPSERT).toUpperCase(Locale.ROOT)));
  }

  static CsvNumbers csvNumbers(Settings settings) {
    return CsvNumbers.valueOf(settings.text(Setting.CSV_NUMBERS).toUpperCase(Locale.ROOT));
  }

  /** The apps that may call the server; apps or a token in a file count as the file has them. */
  public static Supplier<List<App>> apps(Settings settings) {
    Path file = settings.path(Setting.SERVER_APPS).orElse(null);
    if (file != null) {
      try {
        return WatchedApps.of(file);
      } catch (IllegalArgumentException wrong) {
        throw badSettings(
            Setting.SERVER_APPS.variable() + ": " + String.valueOf(wrong.getMessage()));
      }
    }
    Secret token = settings.secret(Setting.TOKEN).orElse(null);
    if (token == null && !isLoopback(settings.text(Setting.BIND))) {
      throw badSettings(
          Setting.TOKEN.variable()
              + ": required, since "
              + Setting.BIND.variable()
              + " is not loopback: the built-in token is taken on loopback only");
    }
    List<String> environments = environments(settings);
    String atStart = token == null ? DEV_TOKEN : secretText(Setting.TOKEN.variable(), token);
    AtomicReference<App> last = new AtomicReference<>(oneApp(atStart, environments));
    return () -> {
      if (token instanceof Secret.InFile inFile) {
        try {
          last.set(oneApp(inFile.value(), environments));
        } catch (IOException beingWritten) {
          LOG.warn("the token's file cannot be read, the last token counts: {}", inFile.file());
        }
      }
      App app = last.get();
      return app == null ? List.of() : List.of(app);
    };
  }

  private static App oneApp(String token, List<String> environments) {
    return new App("default", List.of(new App.Token(token, null)), environments, true);
  }

  /** The environments of the one app, at least one. */
  public static List<String> environments(Settings settings) {
    return Format.environments(settings.text(Setting.SERVER_ENVIRONMENTS));
  }

  public static ServerSettings server(Settings settings, Supplier<List<App>> apps) {
    Path certificate = settings.path(Setting.SERVER_TLS_CERT).orElse(null);
    Path key = settings.path(Setting.SERVER_TLS_KEY).orElse(null);
    return new ServerSettings(
        settings.text(Setting.BIND),
        settings.number(Setting.SERVER_PORT),
        certificate == null || key == null ? null : new ServerSettings.TlsFiles(certificate, key),
        apps,
        settings.optional(Setting.SERVER_PUBLIC_URL).map(URI::create).orElse(null),
        settings
            .secret(Setting.SERVER_LINK_SECRET)
            .map(s -> LinkSecret.of(secretText(Setting.SERVER_LINK_SECRET.variable(), s)))
            .orElseGet(LinkSecret::random),
        ServerSettings.MAX_UPLOAD_BYTES);
  }

  /**
   * Where uploads lie, opened; the caller closes it.
   *
   * @throws CommandFailed when it cannot be used: names the setting to change
   */
  public static Storage storage(Settings settings) {
    Storage storage = opened(settings);
    return settings
        .optional(Setting.STORAGE_QUOTA)
        .<Storage>map(quota -> new QuotaStorage(storage, Format.bytes(quota)))
        .orElse(storage);
  }

  private static Storage opened(Settings settings) {
    String where = settings.text(Setting.STORAGE);
    try {
      if (where.startsWith("file:")) {
        return FileStorage.open(Path.of(where.substring("file:".length())));
      }
      URI endpoint = settings.optional(Setting.STORAGE_ENDPOINT).map(URI::create).orElse(null);
      return S3Storage.open(S3Location.of(where, endpoint), Masking::hideToken);
    } catch (S3Unusable unusable) {
      throw badSettings(whatToChange(unusable.reason()) + ": " + unusable.getMessage());
    } catch (IOException unusable) {
      throw badSettings(
          Setting.STORAGE.variable()
              + ": "
              + where
              + " cannot be used: "
              + PlainWords.of(unusable));
    }
  }

  private static String whatToChange(S3Unusable.Reason reason) {
    String storage = Setting.STORAGE.variable();
    return switch (reason) {
      case NO_CREDENTIALS, NO_ACCESS ->
          "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS's other credentials";
      case UNREACHABLE -> Setting.STORAGE_ENDPOINT.variable();
      case NO_BUCKET -> storage;
      case OTHER -> storage + ", " + Setting.STORAGE_ENDPOINT.variable() + " or AWS_REGION";
    };
  }

  /** A registry for one process. */
  public static PrometheusMeterRegistry registry() {
    return new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  }

  static CommandFailed badSettings(String problem) {
    return new CommandFailed(ExitCode.BAD_SETTINGS, "bad settings:\n  " + problem);
  }

  static boolean isLoopback(String bind) {
    try {
      return InetAddress.getByName(bind).isLoopbackAddress();
    } catch (UnknownHostException unknown) {
      throw badSettings(Setting.BIND.variable() + ": \"" + bind + "\" is no address to listen on");
    }
  }

  private static String secretText(String name, Secret secret) {
    try {
      return secret.value();
    } catch (IOException unreadable) {
      throw badSettings(name + ": the file with it cannot be read: " + PlainWords.of(unreadable));
    }
  }
}
