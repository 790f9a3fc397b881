package io.dbimport.cli;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Every setting there is: its name, form, default and meaning. The one list that flags,
 * environment, file, help and {@code settings} are made from. Those for Kafka's clients come
 * besides.
 */
@SuppressWarnings("ImmutableEnumChecker") // a format is a record of a pure function
public enum Setting {
  KAFKA_BOOTSTRAP_SERVERS(
      Group.KAFKA,
      Format.TEXT,
      "localhost:9092",
      "Brokers to ask first: host:port, comma between."),
  TOPIC_PREFIX(Group.KAFKA, Format.NAME, "dbimport", "First part of every topic's name."),
  GROUP_ID(Group.WORKER, Format.NAME, "dbimport-worker", "Consumer group of the workers."),
  INSTANCE_ID(
      Group.WORKER,
      Format.NAME,
      null,
      "Names this worker, the same at every start and no other's; default: host name and port."),
  API_URL(Group.API, Format.URL, "https://api.weixin.qq.com", "Address of the import API."),
  API_FAMILY(
      Group.API,
      Format.oneOf(List.of("component", "app"), List.of()),
      "component",
      "Paths to call: component is /componenttcb/*, app is /tcb/*."),
  API_TIMEOUT(Group.API, Format.DURATION, "10s", "One call, all of it."),
  API_CA(Group.API, Format.PATH, null, "Certificates to trust, PEM; default: the system's."),
  TOKEN(Group.TOKEN, Format.SECRET, null, "The app's access token."),
  APPS(Group.API, Format.PATH, null, "Apps by app_id and where their tokens come from, JSON."),
  MAX_IN_FLIGHT(
      Group.WORKER, Format.number("COUNT", 1, 10_000), "256", "Import calls at once, in all."),
  ENV_MAX_IN_FLIGHT(
      Group.WORKER,
      Format.number("COUNT", 1, 10_000),
      "32",
      "Import calls at once for one environment."),
  RATE_PER_ENV(
      Group.WORKER,
      Format.RATE,
      null,
      "Import calls per second for one environment, of each worker; default: unlimited."),
  RATE_TOTAL(
      Group.WORKER,
      Format.RATE,
      null,
      "Import calls per second in all, of each worker: give each its share; default: unlimited."),
  RETRY_FOR(Group.WORKER, Format.DURATION, "15m", "How long an unavailable API is tried again."),
  RETRY_INITIAL(Group.WORKER, Format.DURATION, "500ms", "The first backoff, at most."),
  RETRY_MAX(Group.WORKER, Format.DURATION, "60s", "The longest backoff."),
  ON_UNKNOWN(
      Group.WORKER,
      Format.oneOf(List.of("report", "retry"), List.of()),
      "report",
      "A request that may not be called twice got no answer: report it, or call it again and"
          + " perhaps double its data."),
  ORDERING(
      Group.WORKER,
      Format.oneOf(List.of("request", "completion", "none"), List.of()),
      "request",
      "The next call of a collection waits for the last one's answer, for the end of its job as"
          + " well, or for nothing."),
  JOB_TIMEOUT(Group.WORKER, Format.DURATION, "24h", "After this a job counts as lost."),
  TICK(Group.WORKER, Format.DURATION, "20ms", "How often outcomes are committed."),
  DEDUPE_WINDOW(
      Group.KAFKA, Format.DURATION, "7d", "How long the ledger remembers; 3 days at the least."),
  STOP_TIMEOUT(Group.WORKER, Format.DURATION, "30s", "How long a stop waits for open calls."),
  WORKER_PORT(Group.WORKER, Format.PORT, "8091", "Metrics and health of a worker; 0: a free one."),
  SERVER_PORT(Group.SERVER, Format.PORT, "8080", "The server's port; 0: a free one."),
  CONSOLE_PORT(Group.CONSOLE, Format.notBuilt("the console"), null, "The console's port."),
  CONSOLE_PASSWORD(
      Group.CONSOLE, Format.secretNotBuilt("the console"), null, "The console's password."),
  BIND(Group.LISTEN, Format.TEXT, "127.0.0.1", "Address to listen on."),
  DATABASE_URL(Group.SERVER, Format.JDBC_URL, null, "The PostgreSQL to import into, a JDBC URL."),
  DATABASE_USER(Group.SERVER, Format.TEXT, null, "User of the database."),
  DATABASE_PASSWORD(Group.SERVER, Format.SECRET, null, "Password of the database."),
  STORAGE(
      Group.SERVER,
      Format.STORAGE,
      "file:./dbimport-data/storage",
      "Where uploads lie: file:FOLDER, or s3://BUCKET/PREFIX with the credentials and region that"
          + " AWS's tools find (AWS_ACCESS_KEY_ID, ~/.aws, the machine's role)."),
  STORAGE_ENDPOINT(
      Group.SERVER,
      Format.URL,
      null,
      "Another service than AWS that speaks S3; begin it with BUCKET. where the service takes the"
          + " bucket in the host's name alone."),
  STORAGE_QUOTA(
      Group.SERVER,
      Format.SIZE,
      null,
      "Bytes that one environment may store, such as 500MB or 20GB; default: unlimited."),
  CSV_NUMBERS(
      Group.FILES,
      Format.oneOf(List.of("all", "unquoted", "none"), List.of()),
      "all",
      "CSV cells written as numbers that become numbers; what has a zero or a plus in front never"
          + " does."),
  ON_UPSERT(
      Group.SERVER,
      Format.oneOf(List.of("replace", "merge"), List.of()),
      "replace",
      "What an UPSERT does to a document that is there: merge keeps fields the new one has not."),
  SERVER_APPS(Group.SERVER_APPS, Format.PATH, null, "Apps, their tokens and environments, JSON."),
  SERVER_ENVIRONMENTS(
      Group.SERVER, Format.ENVIRONMENTS, "demo-env", "Environments of the one app, comma between."),
  SERVER_PUBLIC_URL(
      Group.SERVER,
      Format.URL,
      null,
      "The server's address in upload links; default: the one the caller used."),
  SERVER_LINK_SECRET(
      Group.SERVER,
      Format.SECRET,
      null,
      "Signs upload links and makes tokens: the same for all servers behind one address; default:"
          + " one of its own."),
  SERVER_TLS_CERT(Group.SERVER, Format.PATH, null, "Certificate chain, PEM; none: HTTP."),
  SERVER_TLS_KEY(Group.SERVER, Format.PATH, null, "Its key, PKCS#8 PEM."),
  DEV_KAFKA_PORT(Group.DEV, Format.PORT, null, "Kafka in dev; default: 9092 if it is free."),
  DEV_DATABASE_PORT(
      Group.DEV, Format.PORT, null, "PostgreSQL in dev; default: 5433 if it is free."),
  LOG_LEVEL(
      Group.ALL,
      Format.oneOf(List.of("error", "warn", "info", "debug", "trace"), List.of()),
      "info",
      "How much is logged; from debug on, the libraries as well.");

  /** Which commands take a setting as a flag. */
  public enum Group {
    ALL,
    KAFKA,
    WORKER,
    API,
    TOKEN,
    LISTEN,
    SERVER,
    SERVER_APPS,
    FILES,
    CONSOLE,
    DEV
  }

  static final String PREFIX = "DBIMPORT_";

  private final Group group;
  private final Format format;
  private final @Nullable String fallback;
  private final String meaning;

  Setting(Group group, Format format, @Nullable String fallback, String meaning) {
    this.group = group;
    this.format = format;
    this.fallback = fallback;
    this.meaning = meaning;
  }

  /** Its name in the environment. */
  public String variable() {
    return PREFIX + name();
  }

  /** Its name in a file. */
  String key() {
    return name().toLowerCase(Locale.ROOT).replace('_', '.');
  }

  /** Its name on the command line. */
  String flag() {
    return "--" + name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Whether any value of it is accepted. */
  boolean built() {
    return !format.label().isEmpty();
  }

  Group group() {
    return group;
  }

  Format format() {
    return format;
  }

  boolean secret() {
    return format.secret();
  }

  Optional<String> fallback() {
    return Optional.ofNullable(fallback);
  }

  String meaning() {
    return built() ? meaning : meaning + " Not built yet.";
  }
}
