package io.dbimport.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code jobs show} as people and programs see it. */
final class JobsShowCommandTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int BAD = 25;

  @TempDir static Path shared;
  private static ImportedJobs jobs;
  private static long refusing;

  @TempDir Path folder;

  @BeforeAll
  static void start() throws Exception {
    jobs = ImportedJobs.start(shared);
    refusing = jobs.imported("refusing", records(BAD), false);
  }

  @AfterAll
  static void stop() {
    jobs.close();
  }

  /** Two that are good, and so many that are not, from line 3 on. */
  private static String records(int bad) {
    return "{\"_id\":\"a\"}\n{\"_id\":\"b\"}\n"
        + IntStream.range(0, bad)
            .mapToObj(i -> i % 2 == 0 ? "{\"n\" 1}\n" : "{\"n\":1,}\n")
            .collect(Collectors.joining());
  }

  private static Ran show(URI api, long job, String... more) throws IOException {
    List<String> args =
        new ArrayList<>(
            List.of(
                "jobs",
                "show",
                Long.toString(job),
                "--env",
                ImportedJobs.ENV,
                "--api-url",
                api.toString(),
                "--token-file",
                jobs.token().toString()));
    args.addAll(List.of(more));
    return Ran.command(args);
  }

  @Test
  void theStateTheFirstRefusedRecordsAndTheNumberOfTheRestAreShown() throws Exception {
    Ran ran = show(jobs.uri(), refusing);

    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.out())
        .startsWith("job " + refusing + "  demo-env\n  success  2 written, 25 refused\n")
        .contains(
            """

              3:6        "1" where a colon should stand  missing-colon
                         → write "key": value
              4:7        a comma with nothing behind it  trailing-comma
                         → remove the comma
              5:6        "1" where a colon should stand  missing-colon
              6:7        a comma with nothing behind it  trailing-comma
            """)
        .endsWith(
            """
              22:7       a comma with nothing behind it  trailing-comma
              … 5 more; --all shows every one, --errors FILE saves the list
            """);
    assertThat(ran.out().lines()).allMatch(line -> line.length() <= 100);
  }

  @Test
  void allOfThemAreShownIfThatIsAsked() throws Exception {
    Ran ran = show(jobs.uri(), refusing, "--all");

    assertThat(ran.code()).isZero();
    assertThat(ran.out())
        .contains("  22:7 ", "  23:6 ")
        .endsWith("  27:6       \"1\" where a colon should stand  missing-colon\n");
  }

  @Test
  void aListThatIsShownWholeHasNoMore() throws Exception {
    Ran ran = show(jobs.uri(), jobs.imported("twenty", records(20), false));

    assertThat(ran.out()).endsWith("  22:7       a comma with nothing behind it  trailing-comma\n");
  }

  @Test
  void theWholeListIsSavedButOverNoOtherFile() throws Exception {
    Path errors = folder.resolve("errors.jsonl");

    Ran ran = show(jobs.uri(), refusing, "--errors", errors.toString());

    assertThat(ran.code()).isZero();
    assertThat(ran.out())
        .contains("  22:7 ")
        .doesNotContain("  23:6 ")
        .endsWith("  the whole list is saved in " + errors + "\n");
    List<String> lines = Files.readAllLines(errors);
    assertThat(lines).hasSize(BAD);
    assertThat(JSON.readTree(lines.getLast()).path("line").intValue()).isEqualTo(27);
    assertThat(folder.toFile().list()).containsExactly("errors.jsonl");

    Ran again = show(jobs.uri(), refusing, "--errors", errors.toString());
    assertThat(again.code()).isEqualTo(64);
    assertThat(again.err()).contains("is there already");
    assertThat(show(jobs.uri(), refusing, "--errors", folder + "/no/folder").code()).isEqualTo(64);
  }

  @Test
  void jsonIsForPrograms() throws Exception {
    Ran ran = show(jobs.uri(), refusing, "--json");

    assertThat(ran.code()).isZero();
    JsonNode job = JSON.readTree(ran.out());
    assertThat(job.path("job_id").longValue()).isEqualTo(refusing);
    assertThat(job.path("env").stringValue()).isEqualTo("demo-env");
    assertThat(job.path("status").stringValue()).isEqualTo("success");
    assertThat(job.path("ended").booleanValue()).isTrue();
    assertThat(job.path("record_success").intValue()).isEqualTo(2);
    assertThat(job.path("record_fail").intValue()).isEqualTo(BAD);
    assertThat(job.path("error_msg").stringValue()).startsWith("25 of 27 records failed");
    assertThat(job.path("refused")).hasSize(20);
    assertThat(job.path("refused").path(1).path("kind").stringValue()).isEqualTo("trailing-comma");
    assertThat(job.path("refused").path(1).path("advice").stringValue())
        .isEqualTo("remove the comma");
    assertThat(job.path("refused_all").booleanValue()).isFalse();
    assertThat(job.path("refused_problem").stringValue()).isEmpty();

    JsonNode all = JSON.readTree(show(jobs.uri(), refusing, "--json", "--all").out());
    assertThat(all.path("refused")).hasSize(BAD);
    assertThat(all.path("refused_all").booleanValue()).isTrue();
  }

  @Test
  void aJobThatFailedEndsWith1AndOneWithoutAFaultIsShort() throws Exception {
    Ran failed = show(jobs.uri(), jobs.imported("failed", records(3), true));
    assertThat(failed.code()).isEqualTo(1);
    assertThat(failed.out())
        .contains("  fail  2 written, 1 refused\n")
        .endsWith(
            """
              3:6        "1" where a colon should stand  missing-colon
                         → write "key": value
            """);

    Ran good = show(jobs.uri(), jobs.imported("good", records(0), false), "--all");
    assertThat(good.code()).isZero();
    assertThat(good.out())
        .endsWith("  demo-env\n  success  2 written, 0 refused\n  import finished\n");

    Path errors = folder.resolve("none.jsonl");
    Ran nothing =
        show(jobs.uri(), jobs.imported("well", records(0), false), "--errors", errors.toString());
    assertThat(nothing.code()).isZero();
    assertThat(nothing.out()).endsWith("  nothing was refused, and nothing is saved\n");
    assertThat(errors).doesNotExist();
  }

  @Test
  void aStateThatIsNotToBeHadIsToldWithItsReason() throws Exception {
    Ran unknown = show(jobs.uri(), 999_999);
    assertThat(unknown.code()).isEqualTo(1);
    assertThat(unknown.err())
        .contains("the state of job 999999 is not to be had: 40097 invalid args: there is no job");
    assertThat(unknown.out()).isEmpty();
  }

  @Test
  void whoMayNotAskIsToldWith77AndWhomNobodyAnswersWith1() throws Exception {
    URI gone;
    try (Hostile api = new Hostile("{\"errcode\":40014,\"errmsg\":\"invalid \\u001b[2J\"}", "")) {
      Ran ran = show(api.uri(), 1);
      assertThat(ran.code()).isEqualTo(77);
      assertThat(ran.err())
          .contains("40014 invalid", "Check the access token")
          .doesNotContain("\u001b");
      gone = api.uri();
    }
    assertThat(show(gone, 1).code()).isEqualTo(1);
  }

  @Test
  void whatAHostileApiSaysIsShownAsTextAndBounded() throws Exception {
    try (Hostile api =
        new Hostile(
            state("success", 0, "\\u001b[31mred\\u0007 \\r\\n" + "very ".repeat(100)),
            """
            {"line":1,"column":1,"kind":"\\u001b]0;k","what":"w\\u001b[2J\\nforged","advice":"a"}
            """)) {
      Ran ran = show(api.uri(), 1);

      assertThat(ran.code()).isZero();
      assertThat(ran.out())
          .doesNotContain("\u001b", "\u0007")
          .contains("red", "w\uFFFD[2J forged")
          .doesNotContain("s3cret");
      assertThat(ran.out().lines()).allMatch(line -> line.length() <= 100);
      assertThat(JSON.readTree(show(api.uri(), 1, "--json").out()).path("refused")).hasSize(1);
    }
  }

  @Test
  void aListThatIsNotToBeHadIsToldAndCountsOnlyWhereItWasAskedFor() throws Exception {
    try (Hostile api = new Hostile(state("success", 2, "ok"), "<html>")) {
      Ran ran = show(api.uri(), 1);
      assertThat(ran.code()).isZero();
      assertThat(ran.out())
          .contains(
              "  the list of refused records: 127.0.0.1:",
              " gave 0 of them: its next line tells no refused record\n")
          .doesNotContain("s3cret");
      assertThat(show(api.uri(), 1, "--all").code()).isEqualTo(1);

      Path errors = folder.resolve("errors.jsonl");
      assertThat(show(api.uri(), 1, "--errors", errors.toString()).code()).isEqualTo(1);
      assertThat(folder.toFile().list()).isEmpty();

      Ran json = show(api.uri(), 1, "--json");
      assertThat(json.code()).isZero();
      assertThat(JSON.readTree(json.out()).path("refused_problem").stringValue())
          .contains("tells no refused record");
    }
  }

  @Test
  void whereTheApiHasNoListThatIsSaid() throws Exception {
    try (Hostile api = new Hostile(state("fail", 7, "invalid syntax").replace("SELF", ""), "")) {
      Ran ran = show(api.uri(), 1);
      assertThat(ran.code()).isEqualTo(1);
      assertThat(ran.out()).endsWith("  the API has no list of what was refused\n");
      assertThat(show(api.uri(), 1, "--all").code()).isEqualTo(1);
    }
  }

  @Test
  void theListOfAJobThatRunsIsNotAskedFor() throws Exception {
    try (Hostile api = new Hostile(state("writing", 3, ""), "")) {
      Ran ran = show(api.uri(), 1);
      assertThat(ran.code()).isZero();
      assertThat(ran.out()).endsWith("  writing  5 written, 3 refused so far\n");
      assertThat(api.asked).containsExactly("POST");
    }
  }

  private static String state(String status, int failed, String message) {
    return """
    {"errcode":0,"errmsg":"ok","status":"%s","record_success":5,"record_fail":%d,
     "error_msg":"%s","file_url":"SELF"}
    """
        .formatted(status, failed, message);
  }

  /** An API that gives one answer to every call, and one list to every download. */
  private static final class Hostile implements AutoCloseable {
    private final HttpServer server;
    private final List<String> asked = new CopyOnWriteArrayList<>();

    Hostile(String state, String list) throws IOException {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      String link = uri() + "/list?signature=s3cret";
      server.createContext(
          "/",
          exchange -> {
            asked.add(exchange.getRequestMethod());
            boolean call = exchange.getRequestMethod().equals("POST");
            byte[] body =
                (call ? state.replace("SELF", link) : list).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
          });
      server.start();
    }

    URI uri() {
      return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    @Override
    public void close() {
      server.stop(0);
    }
  }
}
