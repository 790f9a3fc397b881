package io.dbimport;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.client.AccessTokens;
import io.dbimport.client.ApiFamily;
import io.dbimport.client.ClientSettings;
import io.dbimport.client.CollectionReply;
import io.dbimport.client.UploadClient;
import io.dbimport.client.UploadReply;
import io.dbimport.event.Message.Kind;
import io.dbimport.fixtures.CommittedRecords;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.KafkaFixture;
import io.dbimport.fixtures.PostgresFixture;
import io.dbimport.kafka.KafkaSettings;
import io.dbimport.kafka.RequestSender;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server and a worker as processes of their own, with a broker and a database that are not
 * theirs, told everything by the environment. The system property {@code full} asks for more.
 */
final class ServiceIT {
  private static final String TOKEN = "planted-access-token-81";
  private static final String IN_EVENT = "planted-token-in-an-event-82";
  private static final String LINK_SECRET = "planted-link-secret-83";
  private static final String ENV = "shop-1";
  private static final int FILES = Boolean.getBoolean("full") ? 1_000 : 200;
  private static final int RECORDS = 5;
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int COLLECTIONS = 10;
  private static final Pattern ADDRESS = Pattern.compile("server at (http://\\S+),");
  private static final Pattern METRICS = Pattern.compile("health at (http://\\S+)");

  @TempDir Path folder;

  private final List<Program> launched = new ArrayList<>();
  private String prefix = "";
  private PostgresFixture.Database database = PostgresFixture.freshDatabase();

  @BeforeEach
  void prepare() throws InterruptedException {
    prefix = KafkaFixture.freshTopics(4);
    database = PostgresFixture.freshDatabase();
  }

  @AfterEach
  void endAll() {
    launched.forEach(Program::close);
  }

  @Test
  @Timeout(value = 4, unit = TimeUnit.MINUTES)
  void realFilesBecomeDocumentsAndEveryCountIsRight() throws Exception {
    String server = server(Map.of());
    worker(server, Map.of());
    List<String> countries = countries();
    long began = System.nanoTime();
    try (UploadClient uploads = uploads(server);
        RequestSender sender = new RequestSender(kafka());
        var accepted = committed(Kind.ACCEPTED);
        var finished = committed(Kind.FINISHED)) {
      for (int i = 0; i < COLLECTIONS; i++) {
        assertThat(uploads.createCollection(null, ENV, "c" + i))
            .isInstanceOf(CollectionReply.Done.class);
      }
      for (int i = 0; i < FILES; i++) {
        Path file = folder.resolve("file");
        Files.writeString(file, slice(countries, i));
        assertThat(uploads.upload(null, ENV, "files/" + i, file, _ -> {}))
            .isInstanceOf(UploadReply.Uploaded.class);
        sender.send(request(i, "files/" + i));
      }
      Eventually.isTrue("all are finished", PATIENCE, () -> finished.all().size() >= FILES);
      assertThat(accepted.all()).hasSize(FILES);
      assertThat(finished.texts())
          .hasSize(FILES)
          .allMatch(text ->
              text.contains("\"status\":\"success\"")
                  && text.contains("\"record_success\":" + RECORDS)
                  && text.contains("\"record_fail\":0"));
    }
    assertThat(documents()).isEqualTo((long) FILES * RECORDS);
    System.out.printf(
        "%d files of %d records in %d s%n",
        FILES, RECORDS, Duration.ofNanos(System.nanoTime() - began).toSeconds());
  }

  /** Records of real countries, with an id for each file, so that none meets another. */
  private static String slice(List<String> countries, int file) {
    StringBuilder slice = new StringBuilder();
    for (int i = 0; i < RECORDS; i++) {
      String country = countries.get((file * RECORDS + i) % countries.size());
      slice.append(country.replaceFirst("\"_id\":\"", "\"_id\":\"" + file + "-")).append('\n');
    }
    return slice.toString();
  }

  private static ImportRequest request(int number, String path) {
    return new ImportRequest(
        "file-" + number,
        null,
        new ImportParameters(
            ENV,
            "c" + number % COLLECTIONS,
            path,
            FileType.JSON,
            false,
            number % 2 == 0 ? ConflictMode.INSERT : ConflictMode.UPSERT),
        null,
        number % 2 == 1);
  }

  private long documents() throws Exception {
    long documents = 0;
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      for (int i = 0; i < COLLECTIONS; i++) {
        try (ResultSet count =
            statement.executeQuery("select count(*) from \"" + ENV + "\".\"c" + i + "\"")) {
          count.next();
          documents += count.getLong(1);
        }
      }
    }
    return documents;
  }

  @Test
  @Timeout(value = 3, unit = TimeUnit.MINUTES)
  void noSecretIsEverSaidThoughEverythingIsLogged() throws Exception {
    Map<String, String> loud = Map.of("DBIMPORT_LOG_LEVEL", "trace");
    String server = server(loud);
    String worker = worker(server, loud);
    Path file = Files.write(folder.resolve("countries.jsonl"), countries().subList(0, 20));
    Map<String, String> environment = environment(loud);
    environment.put("DBIMPORT_API_URL", server);
    Program submit =
        launch(
            environment,
            "submit",
            "--env",
            ENV,
            "--collection",
            "countries",
            "--create-collection",
            "--wait",
            file.toString());
    assertThat(submit.exitCode()).as(submit.out()).isZero();
    assertThat(submit.out()).contains("20 written, 0 refused");

    try (RequestSender sender = new RequestSender(kafka());
        var deadLetters = committed(Kind.DEAD_LETTERS)) {
      String malformed = "{\"env\":\"e\",\"access_token\":\"" + IN_EVENT + "\"}";
      sender.send(bytes("e/c"), bytes(malformed));
      sender.send(bytes("e/c"), bytes("{\"access_token\":\"" + IN_EVENT));
      Eventually.isTrue("both are dead letters", () -> deadLetters.all().size() == 2);
      assertThat(deadLetters.texts()).as("the original, whole").contains(malformed);
    }
    // A token that the server does not take: what it says about it is told on.
    Map<String, String> wrong = environment(loud);
    wrong.put("DBIMPORT_API_URL", server);
    wrong.put("DBIMPORT_TOKEN", TOKEN + "-wrong");
    Program refused =
        launch(wrong, "submit", "--env", ENV, "--collection", "countries", file.toString());
    assertThat(refused.exitCode()).isEqualTo(77);
    Program settings = launch(environment, "settings");
    assertThat(settings.exitCode()).isZero();
    Program asJson = launch(environment, "settings", "--json");
    assertThat(asJson.exitCode()).isZero();

    assertThat(get(worker + "/metrics")).contains("dbimport_requests_total").satisfies(this::clean);
    assertThat(get(server + "/metrics")).contains("dbimport_jobs").satisfies(this::clean);
    for (Kind kind : Kind.values()) {
      if (kind != Kind.DEAD_LETTERS && kind != Kind.REQUESTS) {
        try (var records = committed(kind)) {
          records.texts().forEach(this::clean);
          records.all().forEach(record -> record.headers().forEach(h -> clean(text(h.value()))));
        }
      }
    }
    assertThat(launched.getFirst().err()).as("it was loud").contains(" TRACE ");
    for (Program program : launched) {
      clean(program.out());
      clean(program.err());
    }
  }

  private void clean(String text) {
    assertThat(text)
        .doesNotContain(TOKEN)
        .doesNotContain(IN_EVENT)
        .doesNotContain(LINK_SECRET)
        .doesNotContainPattern("q-signature=[0-9a-f]{16}");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static List<String> countries() throws IOException {
    return Files.readAllLines(Path.of("src/main/resources/samples/countries.jsonl"));
  }

  private static String get(String address) throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(HttpRequest.newBuilder(URI.create(address)).build(), BodyHandlers.ofString())
          .body();
    }
  }

  private Map<String, String> environment(Map<String, String> more) {
    Map<String, String> environment =
        new HashMap<>(
            Map.ofEntries(
                entry("JAVA_OPTS", "-Xmx256m"),
                entry("DBIMPORT_KAFKA_BOOTSTRAP_SERVERS", KafkaFixture.bootstrapServers()),
                entry("DBIMPORT_TOPIC_PREFIX", prefix),
                entry("DBIMPORT_GROUP_ID", prefix),
                entry("DBIMPORT_TOKEN", TOKEN),
                entry("DBIMPORT_SERVER_PORT", "0"),
                entry("DBIMPORT_WORKER_PORT", "0"),
                entry("DBIMPORT_INSTANCE_ID", "w1"),
                entry("DBIMPORT_SERVER_ENVIRONMENTS", ENV),
                entry("DBIMPORT_SERVER_LINK_SECRET", LINK_SECRET),
                entry("DBIMPORT_STORAGE", "file:" + folder.resolve("storage")),
                entry("DBIMPORT_DATABASE_URL", database.jdbcUrl()),
                entry("DBIMPORT_DATABASE_USER", database.user())));
    if (!database.password().isEmpty()) {
      environment.put("DBIMPORT_DATABASE_PASSWORD", database.password());
    }
    environment.putAll(more);
    return environment;
  }

  /** Starts a server and returns its address. */
  private String server(Map<String, String> more) throws Exception {
    return address(launch(environment(more), "server"), ADDRESS);
  }

  /** Starts a worker and returns the address of its metrics. */
  private String worker(String server, Map<String, String> more) throws Exception {
    Map<String, String> environment = environment(more);
    environment.put("DBIMPORT_API_URL", server);
    return address(launch(environment, "worker"), METRICS);
  }

  private Program launch(Map<String, String> environment, String... args) throws IOException {
    Program program = Program.launch(folder, environment, args);
    launched.add(program);
    return program;
  }

  private static String address(Program program, Pattern said) throws Exception {
    Matcher told =
        Eventually.see(
            "it says where it is",
            () -> {
              assertThat(program.alive()).as(program.err()).isTrue();
              return said.matcher(program.err());
            },
            Matcher::find);
    return told.group(1);
  }

  private UploadClient uploads(String server) {
    return new UploadClient(
        new ClientSettings(URI.create(server), ApiFamily.APP, Duration.ofSeconds(10), null),
        AccessTokens.fixed(TOKEN));
  }

  private KafkaSettings kafka() {
    return new KafkaSettings(
        Map.of("bootstrap.servers", KafkaFixture.bootstrapServers()),
        prefix,
        prefix,
        "test",
        Duration.ofMillis(20),
        Duration.ofSeconds(10),
        Duration.ofSeconds(10));
  }

  private CommittedRecords committed(Kind kind) {
    return new CommittedRecords(KafkaFixture.bootstrapServers(), kind.topic(prefix));
  }
}
