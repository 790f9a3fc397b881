package io.dbimport.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dbimport.client.FailureListClient.Patience;
import io.dbimport.client.FailureListReply.Broken;
import io.dbimport.client.FailureListReply.Enough;
import io.dbimport.client.FailureListReply.Whole;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The list of what a job refused, from peers that are as good and as bad as they come. */
@Timeout(120)
class FailureListClientTest {
  private static final String TOKEN = "58_sEcReT-token";
  private static final String PATH = "/download?path=a.errors.jsonl&signature=s3cret";
  private static final int MAX_BYTES = 100_000;

  private final List<FailureEntry> entries = new ArrayList<>();
  private final StringBuilder saved = new StringBuilder();
  private int wanted = Integer.MAX_VALUE;
  private Patience patience = new Patience(Duration.ofSeconds(20), Duration.ofSeconds(60));

  private static String line(int line) {
    return "{\"line\":%d,\"column\":6,\"kind\":\"missing-colon\",\"what\":\"no colon\",\"advice\":\"a\"}\n"
        .formatted(line);
  }

  private FailureListReply read(ScriptedPeer.Script script) throws Exception {
    try (ScriptedPeer peer = ScriptedPeer.http(script)) {
      FailureListReply reply = read(peer.uri() + PATH, null);
      assertThat(peer.requests()).hasSize(1);
      assertThat(peer.requests().getFirst().line()).isEqualTo("GET " + PATH + " HTTP/1.1");
      assertThat(peer.requests().getFirst().head()).doesNotContain(TOKEN);
      return reply;
    }
  }

  private FailureListReply read(String link, @Nullable Path ca) throws Exception {
    ClientSettings settings =
        new ClientSettings(
            URI.create("http://api"), ApiFamily.COMPONENT, Duration.ofSeconds(20), ca);
    try (FailureListClient client = new FailureListClient(settings, patience, MAX_BYTES)) {
      FailureListReply reply =
          client.read(
              new FailureLink(link),
              (entry, line) -> {
                entries.add(entry);
                saved.append(new String(line, StandardCharsets.UTF_8)).append('\n');
                return entries.size() < wanted;
              });
      assertThat(reply.toString()).doesNotContain("s3cret");
      return reply;
    }
  }

  private static String why(FailureListReply reply) {
    assertThat(reply).isInstanceOf(Broken.class);
    return ((Broken) reply).why();
  }

  @Test
  void everyEntryComesAsItIsWritten() throws Exception {
    String list = line(2) + line(9).replace("no colon", "漢字 \\\"x\\\"") + "\n" + line(10);

    assertThat(read((_, stage) -> stage.answer(200, list))).isEqualTo(new Whole());

    assertThat(entries)
        .containsExactly(
            new FailureEntry(2, 6, "missing-colon", "no colon", "a"),
            new FailureEntry(9, 6, "missing-colon", "漢字 \"x\"", "a"),
            new FailureEntry(10, 6, "missing-colon", "no colon", "a"));
    assertThat(saved.toString()).isEqualTo(list.replace("\n\n", "\n"));
  }

  @Test
  void aLastLineWithoutALineBreakCountsToo() throws Exception {
    assertThat(read((_, stage) -> stage.answer(200, line(2) + line(3).strip())))
        .isEqualTo(new Whole());
    assertThat(entries).hasSize(2);
  }

  @Test
  void noMoreIsReadThanIsWanted() throws Exception {
    wanted = 2;
    // It never ends: who wanted all of it would wait.
    FailureListReply reply =
        read((_, stage) -> {
          stage.write("HTTP/1.1 200 OK\r\n\r\n" + line(1) + line(2) + line(3));
          stage.pause(60_000);
        });
    assertThat(reply).isEqualTo(new Enough());
    assertThat(entries).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "/download?x",
        "http:no-host",
        "http://user:s3cret@127.0.0.1/x",
        ":: no"
      })
  void aLinkThatIsNoAddressOfHttpIsNotFollowed(String link) throws Exception {
    assertThat(why(read(link, null))).isEqualTo("the API's link to it is no address of HTTP");
  }

  @Test
  void aRefusalIsToldWithTheStoragesWord() throws Exception {
    assertThat(
            why(
                read((_, stage) ->
                    stage.answer(403, "<Error><Code>RequestHasExpired</Code></Error>"))))
        .matches("127\\.0\\.0\\.1:\\d+ answers HTTP 403 RequestHasExpired");
  }

  @Test
  void noRedirectIsFollowed() throws Exception {
    assertThat(why(read((_, stage) -> stage.answer(302, "", "Location: http://127.0.0.1:1/"))))
        .endsWith("answers HTTP 302");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "no JSON",
        "[]",
        "{\"_id\":\"an exported document\"}",
        "{\"line\":\"2\",\"column\":1,\"kind\":\"k\",\"what\":\"w\"}",
        "{\"line\":-2,\"column\":1,\"kind\":\"k\",\"what\":\"w\"}",
        "{\"line\":1e99,\"column\":1,\"kind\":\"k\",\"what\":\"w\"}",
        "{\"line\":2,\"column\":1,\"kind\":7,\"what\":\"w\"}"
      })
  void whatIsNoListEndsTheReading(String line) throws Exception {
    assertThat(why(read((_, stage) -> stage.answer(200, line(1) + line + "\n" + line(2)))))
        .endsWith(" gave 1 of them: its next line tells no refused record");
    assertThat(entries).hasSize(1);
  }

  @Test
  void textsOfAnEntryAreShortAndOnOneLine() throws Exception {
    String what = "a\\nb\\t" + "x".repeat(2_000);
    assertThat(read((_, stage) -> stage.answer(200, line(1).replace("no colon", what))))
        .isEqualTo(new Whole());
    assertThat(entries.getFirst().what()).startsWith("a b xx").hasSizeLessThan(600);
  }

  @Test
  void aLineWithoutEndIsGivenUp() throws Exception {
    assertThat(
            why(
                read((_, stage) -> {
                  stage.write("HTTP/1.1 200 OK\r\n\r\n" + line(1) + "x".repeat(50_000));
                  stage.pause(60_000);
                })))
        .endsWith("gave 1 of them: a line of it is longer than 16,384 bytes");
  }

  @Test
  void aListWithoutEndIsGivenUp() throws Exception {
    assertThat(
            why(
                read((_, stage) -> {
                  stage.write("HTTP/1.1 200 OK\r\n\r\n");
                  while (stage.pause(0)) {
                    stage.write(line(1).repeat(100));
                  }
                })))
        .endsWith("it is longer than 100,000 bytes");
    assertThat(saved.length()).isLessThanOrEqualTo(MAX_BYTES);
  }

  @Test
  void aPeerThatFallsSilentIsGivenUp() throws Exception {
    patience = new Patience(Duration.ofSeconds(1), Duration.ofSeconds(60));
    assertThat(
            why(
                read((_, stage) -> {
                  stage.write("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + line(1));
                  stage.pause(60_000);
                })))
        .endsWith("gave 1 of them: no byte came for 1 s");
  }

  @Test
  void aPeerThatDripsIsGivenUp() throws Exception {
    patience = new Patience(Duration.ofSeconds(20), Duration.ofSeconds(1));
    assertThat(
            why(
                read((_, stage) -> {
                  stage.write("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
                  while (stage.pause(50)) {
                    stage.write("x");
                  }
                })))
        .endsWith("it was waited for longer than 1 s");
  }

  @Test
  void aListThatBreaksOffIsNotTakenForWhole() throws Exception {
    assertThat(
            why(
                read((_, stage) -> {
                  stage.write("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + line(1));
                  stage.close();
                })))
        .contains(" gave 1 of them: ");
    assertThat(entries).hasSize(1);
  }

  @Test
  void nobodyThereIsSaid() throws Exception {
    String link;
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.close())) {
      link = peer.uri() + PATH;
    }
    assertThat(why(read(link, null))).contains("no answer from 127.0.0.1:");
  }

  @Test
  void whatTheTakerThrowsIsTheCallers() {
    assertThatThrownBy(
            () -> {
              try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.answer(200, line(1)));
                  FailureListClient client =
                      new FailureListClient(
                          new ClientSettings(
                              peer.uri(), ApiFamily.APP, Duration.ofSeconds(20), null))) {
                var _ =
                    client.read(
                        new FailureLink(peer.uri() + PATH),
                        (_, _) -> {
                          throw new NoSuchFileException("disk");
                        });
              }
            })
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void aLinkNeverPrintsWhatGivesAccess() {
    assertThat(new FailureLink("https://h:1/x?signature=s3cret").toString())
        .isEqualTo("FailureLink[h:1]");
    assertThat(new FailureLink("no link s3cret").toString()).isEqualTo("FailureLink[]");
  }
}
