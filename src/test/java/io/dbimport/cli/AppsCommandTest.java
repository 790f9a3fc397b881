package io.dbimport.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.cli.SettingsReader.Reading;
import io.dbimport.fixtures.PostgresFixture;
import io.dbimport.fixtures.PostgresFixture.Database;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Who may call a server, as a person edits it while the server runs. */
class AppsCommandTest {
  private static final JsonMapper JSON = new JsonMapper();

  @TempDir private Path folder = Path.of("");

  /** What a command printed and how it ended. */
  private record End(int code, String out, String err) {
    /** The secret is the last line. */
    String secret() {
      return out.lines().toList().getLast();
    }
  }

  private Path file() {
    return folder.resolve("apps.json");
  }

  private End apps(String... args) {
    return run(
        Stream.concat(
                Stream.of("apps"),
                Stream.concat(Stream.of(args), Stream.of("--server-apps", file().toString())))
            .toArray(String[]::new));
  }

  private static End run(String... args) {
    CommandLine main = Main.commandLine();
    StringWriter err = new StringWriter();
    main.setErr(new PrintWriter(err, true));
    PrintStream before = System.out;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    try {
      int code = main.execute(args);
      return new End(code, out.toString(StandardCharsets.UTF_8), err.toString());
    } finally {
      System.setOut(before);
    }
  }

  @Test
  void anAppIsAddedWithASecretThatIsPrintedOnceAndListedMasked() throws Exception {
    End added = apps("add", "wx1", "--env", "e1,e2", "--no-cloud");

    assertThat(added.code()).isZero();
    assertThat(added.secret()).matches("[0-9a-f]{32}");
    assertThat(added.err()).isEmpty();
    assertThat(Files.getPosixFilePermissions(file()))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    End listed = apps("list", "--json");
    assertThat(JSON.readTree(listed.out()))
        .isEqualTo(
            JSON.readTree(
                """
                [{"appid":"wx1","has_secret":true,"tokens":0,"environments":["e1","e2"],
                  "cloud_development":false}]\
                """));
    assertThat(apps("list").out()).contains("wx1", "***", "off", "e1, e2");
    assertThat(listed.out() + apps("list").out()).doesNotContain(added.secret());
    assertThat(apps("add", "wx1", "--env", "e1").code()).isEqualTo(ExitCode.BAD_SETTINGS);
    assertThat(apps("remove", "wx2").code()).isEqualTo(ExitCode.BAD_SETTINGS);
    assertThat(apps("secret", "wx1").secret()).isNotEqualTo(added.secret());
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).containsExactly(file());
    }
  }

  @Test
  void whatTheFileSaysBesidesStaysAndIsNamedIfAServerWouldNotTakeIt() throws Exception {
    Files.writeString(
        file(),
        "[{\"appid\":\"a\",\"tokens\":[\"t-1234\"],\"environments\":[],\"note\":{\"x\":1}}]");
    Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-r--r--"));

    End added = apps("add", "b", "--env", "e");

    assertThat(added.code()).isZero();
    assertThat(added.err()).contains("others than its owner", "unknown field note");
    JsonNode now = JSON.readTree(Files.readString(file()));
    assertThat(now.get(0).path("note").path("x").intValue()).isOne();
    assertThat(now.get(0).path("tokens").get(0).stringValue()).isEqualTo("t-1234");
    assertThat(Files.getPosixFilePermissions(file()))
        .isEqualTo(PosixFilePermissions.fromString("rw-r--r--"));
    assertThat(apps("remove", "a").code()).isZero();
    assertThat(apps("list").out()).contains("b").doesNotContain("t-1234");
  }

  @Test
  void theFileIsFoundAsEveryCommandFindsItsSettings() throws Exception {
    Path config =
        Files.writeString(folder.resolve("server.properties"), "server.apps=" + file() + "\n");

    assertThat(run("apps", "add", "wx1", "--env", "e", "--config", config.toString()).code())
        .isZero();
    assertThat(run("apps", "list", "--json", "--config", config.toString()).out()).contains("wx1");
    assertThat(run("apps", "secret", "wx1", "--config", config.toString()).code()).isZero();
    Path other = folder.resolve("other.json");
    assertThat(
            run(
                    "apps",
                    "add",
                    "wx2",
                    "--env",
                    "e",
                    "--config",
                    config.toString(),
                    "--server-apps",
                    other.toString())
                .code())
        .isZero();
    assertThat(Files.readString(other)).contains("wx2").doesNotContain("wx1");
    assertThat(run("apps", "remove", "wx1", "--config", config.toString()).code()).isZero();
    assertThat(Files.readString(file())).doesNotContain("wx1");
  }

  @Test
  void settingsThatAreWrongOrNameNoFileOfAppsAreErrors() throws Exception {
    Path config = Files.writeString(folder.resolve("server.properties"), "server.aps=x\n");

    End wrong = run("apps", "list", "--config", config.toString());
    assertThat(wrong.code()).isEqualTo(ExitCode.BAD_SETTINGS);
    assertThat(wrong.err())
        .contains(
            "server.aps in " + config + ": there is no such setting; did you mean server.apps?");
    End none = run("apps", "add", "wx1", "--env", "e");
    assertThat(none.code()).isEqualTo(ExitCode.BAD_SETTINGS);
    assertThat(none.err()).contains("DBIMPORT_SERVER_APPS: required");
    assertThat(run("apps", "list", "--server-apps", folder.resolve("absent").toString()).err())
        .contains("absent cannot be read");
  }

  @ParameterizedTest
  @ValueSource(strings = {".", "..", "a/b", "pg_x", ""})
  void anAppOfAnEnvironmentThatNoServerTakesIsNotAdded(String name) {
    End refused = apps("add", "wx1", "--env", "good", "--env", name);

    assertThat(refused.code()).isEqualTo(ExitCode.BAD_SETTINGS);
    assertThat(refused.err()).contains("\"" + name + "\" is no environment", "1 to 63 bytes");
    assertThat(refused.out()).isEmpty();
    assertThat(file()).doesNotExist();
  }

  @Test
  void aFileThatIsNoListOfAppsIsLeftAloneAndNotQuoted() throws Exception {
    for (String text : List.of("{\"a\":\"s3cret\"}", "[\"s3cret\"]", "[{\"a\":\"s3cret\"")) {
      Files.writeString(file(), text);

      End end = apps("add", "b", "--env", "e");

      assertThat(end.code()).isEqualTo(ExitCode.BAD_SETTINGS);
      assertThat(end.err()).contains(file().toString()).doesNotContain("s3cret");
      assertThat(Files.readString(file())).isEqualTo(text);
    }
  }

  @Test
  void aRunningServerTakesTheAppsAsTheyChange() throws Exception {
    String first = apps("add", "wx1", "--env", "env-1").secret();
    Database database = PostgresFixture.freshDatabase();
    Reading.Good settings =
        (Reading.Good)
            SettingsReader.read(
                Map.of(),
                Map.of(
                    "DBIMPORT_SERVER_APPS", file().toString(),
                    "DBIMPORT_SERVER_PORT", "0",
                    "DBIMPORT_STORAGE", "file:" + folder.resolve("storage"),
                    "DBIMPORT_DATABASE_URL", database.jdbcUrl(),
                    "DBIMPORT_DATABASE_USER", database.user(),
                    "DBIMPORT_DATABASE_PASSWORD", database.password()),
                null);
    try (ServerProcess server = ServerProcess.start(settings.settings());
        HttpClient client = HttpClient.newHttpClient()) {
      Caller caller = new Caller(client, server.uri());
      assertThat(caller.add(caller.token("wx1", first), "env-1", "a")).isZero();
      assertThat(caller.add(caller.token("wx1", first), "env-2", "a")).isEqualTo(-501000);

      String second = apps("add", "wx2", "--env", "env-2").secret();
      assertThat(caller.add(caller.token("wx2", second), "env-2", "a")).isZero();
      assertThat(caller.add(caller.token("wx1", first), "env-2", "b")).isEqualTo(-501000);
      String closed = apps("add", "wx3", "--env", "env-1", "--no-cloud").secret();
      assertThat(caller.add(caller.token("wx3", closed), "env-1", "b")).isEqualTo(85088);

      String good = Files.readString(file());
      Files.writeString(file(), good.replace("env-2", "pg_catalog"));
      assertThat(caller.add(caller.token("wx2", second), "env-2", "c")).isZero();
      Files.delete(file());
      assertThat(caller.add(caller.token("wx2", second), "env-2", "d")).isZero();
      Files.writeString(file(), good);

      String old = caller.token("wx2", second);
      assertThat(apps("remove", "wx2").code()).isZero();
      assertThat(caller.add(old, "env-2", "e")).isEqualTo(40014);
      String renewed = apps("secret", "wx1").secret();
      assertThat(caller.token("wx1", first)).isEqualTo("40125");
      assertThat(caller.add(caller.token("wx1", renewed), "env-1", "f")).isZero();
    }
  }

  private record Caller(HttpClient client, URI server) {
    /** The token, or the errcode there is instead. */
    String token(String appid, String secret) throws Exception {
      JsonNode answer =
          send(
              "/cgi-bin/stable_token",
              "{\"grant_type\":\"client_credential\",\"appid\":\"%s\",\"secret\":\"%s\"}"
                  .formatted(appid, secret));
      return answer.path("access_token").asString(answer.path("errcode").asString(""));
    }

    int add(String token, String env, String collection) throws Exception {
      return send(
              "/tcb/databasecollectionadd?access_token=" + token,
              "{\"env\":\"%s\",\"collection_name\":\"%s\"}".formatted(env, collection))
          .path("errcode")
          .intValue();
    }

    private JsonNode send(String path, String body) throws Exception {
      return JSON.readTree(
          client
              .send(
                  HttpRequest.newBuilder(server.resolve(path))
                      .POST(BodyPublishers.ofString(body))
                      .build(),
                  BodyHandlers.ofString())
              .body());
    }
  }
}
