package io.dbimport.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code check} as people and programs see it. */
final class CheckCommandTest {
  @TempDir private Path folder = Path.of("");

  private String out = "";

  @Test
  void aGoodFileEndsWith0() throws IOException {
    String file = file("good.jsonl", "{\"_id\":\"a\"}\n{\"n\":1}\n");

    assertThat(run("check", file)).isZero();

    assertThat(out)
        .isEqualTo(
            """
            %s  JSON
              2 records, nothing wrong
              1 record without _id: each import of them makes new documents
            """
                .formatted(file));
  }

  @Test
  void everyProblemIsToldWithItsPlaceAndTheAdviceOnce() throws IOException {
    String file =
        file(
            "bad.jsonl",
            """
            {"_id":"a",}
            {"_id":"漢字","n":NaN}
            {"_id":"c"}
            {"_id":"d","n":[1,]}
            """);

    assertThat(run("check", file)).isEqualTo(1);

    assertThat(out)
        .isEqualTo(
            """
            %s  JSON
              1:11       a comma with nothing behind it  trailing-comma
                         → remove the comma
              2:17       NaN, which JSON does not have  not-finite
                         → write null, or {"$numberDouble": "NaN"}
              4:18       a comma with nothing behind it  trailing-comma
              2 trailing-comma, 1 not-finite: 3 of 4 records would be refused
            """
                .formatted(file));
  }

  @Test
  void anIdThatIsThereAgainIsToldWithTheLineThatHadItFirst() throws IOException {
    String file =
        file(
            "twice.jsonl", "{\"_id\":\"漢\"}\n{\"_id\":\"b\"}  {\"_id\":\"漢\"}\n{\"_id\":\"漢\",}\n");

    assertThat(run("check", file)).isEqualTo(1);

    assertThat(out)
        .contains(
            """
              2:14       line 1 has the _id 漢 already  id-taken
                         → give it another _id, or import by upsert to replace the document
            """)
        .endsWith("1 trailing-comma, 1 id-taken: 2 of 4 records would be refused\n");
  }

  @Test
  void anUpsertMayHaveAnIdTwice() throws IOException {
    String file = file("twice.csv", "_id,n\na,1\nb,2\na,3\n");

    assertThat(run("check", "--mode", "upsert", file)).isZero();
    assertThat(out)
        .endsWith(
            """
              3 records, nothing wrong
              1 record with the _id of an earlier one: an upsert writes over that
            """);

    assertThat(run("check", "--json", file)).isEqualTo(1);
    JsonNode first = new JsonMapper().readTree(out).path("files").path(0);
    assertThat(first.path("problems").path(0).path("what").stringValue())
        .isEqualTo("line 2 has the _id a already");
    assertThat(first.path("repeated_id").intValue()).isOne();
    assertThat(first.path("uncompared_id").intValue()).isZero();
    assertThat(first.path("refused").intValue()).isOne();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"_id;n | ; | a semicolon", "'a.b\t_id' | '\t' | a tab", "_id;n,m | '' | ''"})
  void aHeaderThatOtherCharactersSeemToSeparateIsNamedAndNoError(
      String header, String separator, String name) throws IOException {
    String file = file("other.csv", header + "\n1\n");

    assertThat(run("check", file)).isZero();
    assertThat(out).contains("1 record, nothing wrong\n");
    if (name.isEmpty()) {
      assertThat(out).doesNotContain("line 1:");
    } else {
      assertThat(out)
          .contains("  line 1: the header is one column, with " + name + " in its name;");
    }

    assertThat(run("check", "--json", file)).isZero();
    JsonNode first = new JsonMapper().readTree(out).path("files").path(0);
    assertThat(first.path("other_separator").stringValue()).isEqualTo(separator);
  }

  @Test
  void aSemicolonInQuotesIsMeant() throws IOException {
    assertThat(run("check", file("quoted.csv", "\"a;b\"\n1\n"))).isZero();
    assertThat(out).doesNotContain("line 1:");
  }

  @Test
  void whatEndsAnImportIsToldToo() throws IOException {
    String file = file("array.json", "[\n  {\"_id\":\"a\"},\n  {\"_id\":b}\n]\n");

    assertThat(run("check", file)).isEqualTo(1);

    assertThat(out).contains("1:1 ", "array", "one object a line", "3:10 ", "not-a-value", "stop");
  }

  @Test
  void severalFilesAreSummedUp() throws IOException {
    String good = file("good.csv", "_id,x\na,1\n");
    String bad = file("bad.csv", "_id,x\na,1,2\n");

    assertThat(run("check", good, bad)).isEqualTo(1);
    assertThat(out)
        .contains("1 record, nothing wrong", "2:5 ")
        .endsWith("1 of 2 files have problems\n");

    assertThat(run("check", good, good)).isZero();
    assertThat(out).endsWith("2 files, nothing wrong\n");
  }

  @Test
  void jsonIsForPrograms() throws IOException {
    String bad = file("bad.jsonl", "{\"_id\":\"a\",}\n{\"x\":1}\n{\"_id\":\"\"}\n");
    String good = file("good.csv", "_id\na\n");

    assertThat(run("check", "--json", bad, good)).isEqualTo(1);

    JsonNode all = new JsonMapper().readTree(out);
    assertThat(all.path("good").booleanValue()).isFalse();
    JsonNode first = all.path("files").path(0);
    assertThat(first.path("file").stringValue()).isEqualTo(bad);
    assertThat(first.path("type").stringValue()).isEqualTo("json");
    assertThat(first.path("records").intValue()).isEqualTo(3);
    assertThat(first.path("refused").intValue()).isEqualTo(2);
    assertThat(first.path("without_id").intValue()).isEqualTo(1);
    assertThat(first.path("readable").booleanValue()).isTrue();
    assertThat(first.path("good").booleanValue()).isFalse();
    assertThat(first.path("problems")).hasSize(2);
    JsonNode problem = first.path("problems").path(1);
    assertThat(problem.path("line").intValue()).isEqualTo(3);
    assertThat(problem.path("column").intValue()).isEqualTo(8);
    assertThat(problem.path("kind").stringValue()).isEqualTo("bad-id");
    assertThat(problem.path("what").stringValue()).isEqualTo("_id is empty");
    assertThat(problem.path("advice").stringValue()).startsWith("write a text");
    JsonNode second = all.path("files").path(1);
    assertThat(second.path("type").stringValue()).isEqualTo("csv");
    assertThat(second.path("good").booleanValue()).isTrue();
    assertThat(second.path("problems")).isEmpty();
  }

  @Test
  void standardInputIsReadWhenItsTypeIsSaid() throws IOException {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream("{\"_id\":\"a\"}\nx\n".getBytes(StandardCharsets.UTF_8)));
    try {
      assertThat(run("check", "--type", "json", "-")).isEqualTo(1);
    } finally {
      System.setIn(before);
    }
    assertThat(out).contains("2:1 ", "not-an-object");
  }

  @Test
  void theTypeGoesByTheNameUnlessItIsSaid() throws IOException {
    String named = file("rows.CSV", "_id\na\n");
    String unnamed = file("rows.txt", "_id\na\n");

    assertThat(run("check", named)).isZero();
    assertThat(run("check", unnamed)).isEqualTo(64);
    assertThat(run("check", "--type", "csv", unnamed)).isZero();
    assertThat(run("check", "--type", "json", named)).isEqualTo(1);
  }

  @Test
  void theSettingForNumbersIsRead() throws IOException {
    String file = file("ids.csv", "_id\na\n");

    assertThat(run("check", "--csv-numbers", "unquoted", file)).isZero();
    assertThat(run("check", "--csv-numbers", "some", file)).isEqualTo(78);
  }

  @Test
  void fixWritesWhatTheFileWasMeantToBe() throws IOException {
    String file =
        file(
            "array.json",
            "\ufeff[\r\n  {\"_id\": \"漢 字\",\r\n   \"n\": [1, 2,]},\r\n  {\"_id\":\"b\"}\r\n]\r\n");
    Path fixed = folder.resolve("fixed.jsonl");

    assertThat(run("check", file, "--fix", fixed.toString())).isZero();

    assertThat(fixed).hasContent("{\"_id\":\"漢 字\",\"n\":[1,2]}\n{\"_id\":\"b\"}\n");
    assertThat(out)
        .contains(
            "the file is a JSON array",
            "mended into " + fixed,
            "removed the byte order mark\n",
            "turned CRLF into LF",
            "took the records out of the array\n",
            "removed trailing commas\n",
            "put each record on a line of its own\n")
        .endsWith("2 records, nothing wrong\n");
    assertThat(folder.toFile().list()).containsExactlyInAnyOrder("array.json", "fixed.jsonl");
  }

  @Test
  void fixLeavesWhatItCannotKnowAndEndsWith1() throws IOException {
    String file = file("bad.jsonl", "{\"_id\":\"a\" \"n\":1}\n{\"_id\":\"b\",}\n");
    Path fixed = folder.resolve("fixed.jsonl");

    assertThat(run("check", "--json", "--fix", fixed.toString(), file)).isEqualTo(1);

    assertThat(fixed).hasContent("{\"_id\":\"a\" \"n\":1}\n{\"_id\":\"b\"}\n");
    JsonNode all = new JsonMapper().readTree(out);
    assertThat(all.path("good").booleanValue()).isFalse();
    assertThat(all.path("files")).hasSize(2);
    assertThat(all.path("files").path(1).path("problems")).hasSize(1);
    assertThat(all.path("mended").path("file").stringValue()).isEqualTo(fixed.toString());
    JsonNode done = all.path("mended").path("done");
    assertThat(done).hasSize(1);
    assertThat(done.path(0).path("kind").stringValue()).isEqualTo("trailing-commas");
    assertThat(done.path(0).path("times").intValue()).isEqualTo(1);
  }

  @Test
  void whatFixCannotMendIsNotCalledWell() throws IOException {
    String file = file("bad.jsonl", "{\"_id\":\"a\" \"n\":1}\n");
    String fixed = folder.resolve("fixed.jsonl").toString();

    assertThat(run("check", file, "--fix", fixed)).isEqualTo(1);
    assertThat(out)
        .contains("  none of this can be mended here: it has the same content\n")
        .doesNotContain("nothing to mend");
  }

  @Test
  void whyAFileCannotBeReadIsSaid() {
    Ran absent = Ran.command(List.of("check", "absent.csv"));
    assertThat(absent.code()).isEqualTo(64);
    assertThat(absent.err()).contains("absent.csv is not there");
    Ran noFile = Ran.command(List.of("check", "--type", "csv", folder.toString()));
    assertThat(noFile.code()).isEqualTo(64);
    assertThat(noFile.err()).contains(folder + " is a folder");
  }

  @Test
  void fixMakesUtf8OfUtf16AndOfGbkIfThatIsSaid() throws IOException {
    String text = "_id,name\r\nbj,北京\r\n";
    Path utf16 = Files.write(folder.resolve("16.csv"), text.getBytes(StandardCharsets.UTF_16));
    Path gbk = Files.write(folder.resolve("gbk.csv"), text.getBytes(Charset.forName("GBK")));
    Path fixed = folder.resolve("fixed.csv");

    assertThat(run("check", utf16.toString(), "--fix", fixed.toString())).isZero();
    assertThat(fixed).hasContent("_id,name\nbj,北京\n");
    assertThat(out)
        .contains(
            "the file is UTF-16  not-utf-8\n",
            "  turned UTF-16 into UTF-8\n  turned CRLF into LF (2)\n")
        .endsWith("1 record, nothing wrong\n");

    assertThat(run("check", gbk.toString())).isEqualTo(1);
    assertThat(out).contains("it is likely GBK", "with --encoding gbk GBK as well");
    String[] fix = {"check", gbk.toString(), "--fix", fixed.toString(), "--force"};
    assertThat(run(fix)).as("it is not said").isEqualTo(1);

    assertThat(
            run("check", gbk.toString(), "--fix", fixed.toString(), "--force", "--encoding", "gbk"))
        .isZero();
    assertThat(fixed).hasContent("_id,name\nbj,北京\n");
    assertThat(out)
        .contains("  turned GB18030, which GBK is a part of, into UTF-8\n")
        .doesNotContain("not-utf-8");
  }

  @Test
  void aFileThatIsNotInItsEncodingIsToldAndNothingIsWritten() throws IOException {
    String file = file("utf8.csv", "_id\n北京\n");
    String fixed = folder.resolve("fixed.csv").toString();

    Ran utf8 = Ran.command(List.of("check", file, "--fix", fixed, "--encoding", "gb18030"));
    assertThat(utf8.code()).isEqualTo(64);
    assertThat(utf8.err()).contains(file + " is UTF-8 already: leave out --encoding");
    assertThat(utf8.out()).isEmpty();
    assertThat(folder.toFile().list()).containsExactly("utf8.csv");
    assertThat(run("check", file, "--encoding", "gbk")).isEqualTo(64);
    assertThat(run("check", file, "--fix", fixed, "--encoding", "big5")).isEqualTo(64);

    assertThat(run("check", "--json", file, "--fix", fixed, "--encoding", "gbk")).isEqualTo(1);
    JsonNode first = new JsonMapper().readTree(out).path("files").path(0);
    assertThat(first.path("problems")).hasSize(1);
    assertThat(first.path("readable").booleanValue()).isFalse();
  }

  @Test
  void fixReplacesAFileOnlyByForce() throws IOException {
    String file = file("in.jsonl", "{\"_id\":\"a\",}\n");
    Path there = Files.writeString(folder.resolve("there"), "precious");

    assertThat(run("check", file, "--fix", there.toString())).isEqualTo(64);
    assertThat(there).hasContent("precious");
    assertThat(run("check", file, file, "--fix", there.toString(), "--force")).isEqualTo(64);
    assertThat(run("check", file, "--fix", folder.resolve("no/folder").toString())).isEqualTo(64);
    assertThat(there).hasContent("precious");

    assertThat(run("check", file, "--fix", there.toString(), "--force")).isZero();
    assertThat(there).hasContent("{\"_id\":\"a\"}\n");
    assertThat(run("check", file, "--fix", file, "--force")).as("in place").isZero();
    assertThat(folder.toFile().list()).containsExactlyInAnyOrder("in.jsonl", "there");
  }

  @Test
  void standardInputCanBeFixedToo() throws IOException {
    Path fixed = folder.resolve("fixed.csv");
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream("_id,x\r\na,1,\r\n".getBytes(StandardCharsets.UTF_8)));
    try {
      assertThat(run("check", "--type", "csv", "-", "--fix", fixed.toString())).isZero();
    } finally {
      System.setIn(before);
    }
    assertThat(fixed).hasContent("_id,x\na,1\n");
    assertThat(out).contains("removed empty cells beyond the header");
    assertThat(folder.toFile().list()).containsExactly("fixed.csv");
  }

  private String file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text).toString();
  }

  private int run(String... args) {
    PrintStream before = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      return Main.run(args);
    } finally {
      System.setOut(before);
      out = printed.toString(StandardCharsets.UTF_8);
    }
  }
}
