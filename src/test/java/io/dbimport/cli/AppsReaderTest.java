package io.dbimport.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.cli.AppSetting.Source;
import io.dbimport.cli.AppSetting.Ticket;
import io.dbimport.client.ApiFamily;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AppsReaderTest {
  private static final String STABLE =
      "{\"family\":\"app\",\"source\":\"stable\",\"appid\":\"wx1\",\"secret_file\":\"secret\"}";

  @TempDir private Path folder = Path.of("");

  @BeforeEach
  void files() throws IOException {
    Files.writeString(folder.resolve("secret"), "planted-s3cret");
    Files.writeString(folder.resolve("ticket"), "planted-ticket");
  }

  private AppsReader.Reading read(String json) throws IOException {
    return AppsReader.read(Files.writeString(folder.resolve("apps.json"), json));
  }

  private List<String> problems(String json) throws IOException {
    List<String> problems = read(json).problems();
    assertThat(problems).allSatisfy(p -> assertThat(p).doesNotContain("planted"));
    return problems;
  }

  private List<String> problemsOf(String app) throws IOException {
    return problems("{\"apps\":{\"shop\":" + app + "}}");
  }

  private Secret in(String file) {
    return new Secret.InFile(folder.resolve(file));
  }

  @Test
  void everySourceIsRead() throws IOException {
    AppsReader.Reading read =
        read(
            """
            {"default": "blog", "apps": {
              "platform": {"family": "component", "source": "component", "appid": "wx0",
                           "secret_file": "secret", "ticket_file": "ticket"},
              "other": {"family": "component", "source": "component", "appid": "wx2",
                        "secret_file": "secret", "ticket_topic": "tickets"},
              "shop": {"family": "app", "source": "stable", "appid": "wx1", "secret_file": "secret"},
              "blog": {"family": "app", "source": "url", "url": "https://tokens.example/t?a=b",
                       "method": "POST", "authorization_file": "secret"},
              "plain": {"family": "app", "source": "url", "url": "http://tokens.example"},
              "files": {"family": "app", "source": "file", "token_file": "secret"},
              "fixed": {"family": "component", "source": "static", "token": "planted-1"}}}
            """);
    assertThat(read.problems()).isEmpty();
    assertThat(read.defaultApp()).isEqualTo("blog");
    assertThat(read.apps())
        .hasSize(7)
        .containsEntry(
            "platform",
            new AppSetting(
                ApiFamily.COMPONENT,
                new Source.Component("wx0", in("secret"), new Ticket.InFile(in("ticket")))))
        .containsEntry(
            "other",
            new AppSetting(
                ApiFamily.COMPONENT,
                new Source.Component("wx2", in("secret"), new Ticket.InTopic("tickets"))))
        .containsEntry(
            "shop", new AppSetting(ApiFamily.APP, new Source.Stable("wx1", in("secret"))))
        .containsEntry(
            "blog",
            new AppSetting(
                ApiFamily.APP,
                new Source.Url(URI.create("https://tokens.example/t?a=b"), true, in("secret"))))
        .containsEntry(
            "plain",
            new AppSetting(
                ApiFamily.APP, new Source.Url(URI.create("http://tokens.example"), false, null)))
        .containsEntry(
            "files", new AppSetting(ApiFamily.APP, new Source.InFile(folder.resolve("secret"))))
        .containsEntry(
            "fixed",
            new AppSetting(ApiFamily.COMPONENT, new Source.Static(new Secret.Given("planted-1"))));
    assertThat(read.toString()).doesNotContain("planted").doesNotContain("a=b");
    assertThat(Masking.mask("it is planted-1")).isEqualTo("it is ***");
  }

  @Test
  void theOnlyAppIsTheDefaultAndOfSeveralNoneIs() throws IOException {
    assertThat(read("{\"apps\":{\"shop\":" + STABLE + "}}").defaultApp()).isEqualTo("shop");
    assertThat(read("{\"apps\":{\"shop\":" + STABLE + ",\"b\":" + STABLE + "}}").defaultApp())
        .isNull();
    assertThat(problems("{\"default\":\"shopp\",\"apps\":{\"shop\":" + STABLE + "}}"))
        .singleElement()
        .asString()
        .contains("default must be one of shop");
  }

  @Test
  void allProblemsAreToldAtOnceWithAppAndKey() throws IOException {
    assertThat(
            problems(
                """
                {"defualt": "a", "apps": {
                  "a": {"family": "ap", "source": "stable", "secret_fil": "secret"},
                  "b": {"family": "app", "source": "static", "token": 7},
                  "c": {"source": "tabel"},
                  "": {},
                  "d": []}}
                """))
        .satisfiesExactlyInAnyOrder(
            p -> assertThat(p).contains("no key defualt", "did you mean default?"),
            p -> assertThat(p).contains("app \"a\"", "family must be component or app"),
            p -> assertThat(p).contains("app \"a\"", "secret_fil ", "did you mean secret_file?"),
            p -> assertThat(p).contains("app \"a\"", "appid is required"),
            p -> assertThat(p).contains("app \"a\"", "secret_file is required"),
            p -> assertThat(p).contains("app \"b\"", "token must be a string that is not empty"),
            p -> assertThat(p).contains("app \"c\"", "family is required"),
            p -> assertThat(p).contains("app \"c\"", "source must be static or file or component"),
            p -> assertThat(p).contains("app \"\"", "1 to 128 characters"),
            p -> assertThat(p).contains("app \"d\"", "must be an object"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"source\":\"component\",\"appid\":\"x\",\"secret_file\":\"secret\" | ticket_file or",
        "\"source\":\"component\",\"appid\":\"x\",\"secret_file\":\"secret\",\"ticket_file\":\"ticket\",\"ticket_topic\":\"t\" | one of the two",
        "\"source\":\"component\",\"appid\":\"x\",\"secret_file\":\"secret\",\"ticket_topic\":\"a b\" | ticket_topic is not accepted",
        "\"source\":\"component\",\"appid\":\"x\",\"secret_file\":\"secret\",\"ticket_file\":\"absent\" | ticket_file nothing can be read from",
        "\"source\":\"stable\",\"appid\":\" \",\"secret_file\":\"secret\" | appid must be a string",
        "\"source\":\"stable\",\"appid\":\"x\",\"secret_file\":\"absent\" | secret_file nothing can be read",
        "\"source\":\"stable\",\"appid\":\"x\",\"secret_file\":\"secret\",\"token\":\"planted-2\" | no key token here",
        "\"source\":\"url\" | url is required",
        "\"source\":\"url\",\"url\":\"ftp://x\" | url must be an http",
        "\"source\":\"url\",\"url\":\"https://u:planted@x\" | url must be an http",
        "\"source\":\"url\",\"url\":\"https://x y?k=planted\" | url must be an http",
        "\"source\":\"url\",\"url\":\"https://x\",\"method\":\"PUT\" | method must be GET or POST",
        "\"source\":\"url\",\"url\":\"https://x\",\"authorization_file\":\"absent\" | authorization_file nothing",
        "\"source\":\"file\",\"token_file\":\"absent\" | token_file nothing can be read from",
      })
  void whatASourceLacksOrCannotUseIsTold(String rest, String problem) throws IOException {
    assertThat(problemsOf("{\"family\":\"app\"," + rest + "}"))
        .singleElement()
        .asString()
        .contains("app \"shop\"", problem);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "[]", "{}", "{\"apps\":{}}", "{\"apps\":[]}", "\"planted\"", "{\"apps\":"})
  void aFileOfAnotherShapeIsTold(String json) throws IOException {
    assertThat(problems(json)).hasSize(1);
  }

  @Test
  void aKeyThatIsThereTwiceIsToldByItsLine() throws IOException {
    assertThat(problems("{\"apps\":{\"a\":" + STABLE + ",\n\"a\":" + STABLE + "}}"))
        .singleElement()
        .asString()
        .contains("has a key twice", "line 2");
  }

  @Test
  void aFileThatIsAbsentIsTold() {
    assertThat(AppsReader.read(folder.resolve("absent.json")).problems())
        .singleElement()
        .asString()
        .contains("it is not there");
  }
}
