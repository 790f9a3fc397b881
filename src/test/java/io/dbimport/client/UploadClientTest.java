package io.dbimport.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dbimport.SelfSigned;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Uploads and new collections, against a peer that plays the API and the storage at once. */
@Timeout(120)
class UploadClientTest {
  private static final String TOKEN = "58_sEcReT-token";
  private static final Duration PATIENT = Duration.ofSeconds(20);
  private static final List<String> SECRETS = List.of(TOKEN, "q-sign=s3cret", "cos-t0ken");

  @TempDir Path folder;

  private static UploadClient client(URI url, @Nullable Path ca) {
    return new UploadClient(
        new ClientSettings(url, ApiFamily.COMPONENT, PATIENT, ca),
        AccessTokens.fixed(TOKEN),
        Duration.ofSeconds(2));
  }

  private static String link(@Nullable URI storage) {
    return """
    {"errcode":0,"errmsg":"ok","url":"%s/bucket/a","token":"cos-t0ken",
     "authorization":"q-sign=s3cret","file_id":"cloud://e/a","cos_file_id":"file-1"}
    """
        .formatted(storage);
  }

  /** Gives a link to itself, and does the other thing with what is sent there. */
  private static ScriptedPeer apiAndStorage(
      AtomicReference<URI> self, ScriptedPeer.Script storage) {
    ScriptedPeer peer =
        ScriptedPeer.http((request, stage) -> {
          if (request.line().contains("uploadfile")) {
            stage.answer(200, link(self.get()));
          } else {
            storage.play(request, stage);
          }
        });
    self.set(peer.uri());
    return peer;
  }

  private UploadReply upload(ScriptedPeer.Script storage) throws Exception {
    Path file = Files.writeString(folder.resolve("a.json"), "{\"_id\":\"1\"}\n");
    try (ScriptedPeer peer = apiAndStorage(new AtomicReference<>(), storage);
        UploadClient client = client(peer.uri(), null)) {
      return upload(client, file);
    }
  }

  private static UploadReply upload(UploadClient client, Path file) throws Exception {
    UploadReply reply = client.upload(null, "demo-env", "dir/城 1.json", file, _ -> {});
    assertThat(reply.toString()).doesNotContain(SECRETS);
    return reply;
  }

  @Test
  void theFormHasTheFieldsInOrderAndTheFileLast() throws Exception {
    AtomicReference<URI> self = new AtomicReference<>();
    Path file = Files.writeString(folder.resolve("a.json"), "{\"_id\":\"1\"}\r\n--x\n");
    List<Long> progress = new CopyOnWriteArrayList<>();
    try (ScriptedPeer peer = apiAndStorage(self, (_, stage) -> stage.answer(204, ""));
        UploadClient client = client(peer.uri(), null)) {
      assertThat(client.upload(null, "demo-env", "dir/城 1.json", file, progress::add))
          .isEqualTo(new UploadReply.Uploaded(17));
      assertThat(progress).last().isEqualTo(17L);
      ScriptedPeer.Request ask = peer.requests().getFirst();
      assertThat(ask.line())
          .isEqualTo("POST /componenttcb/uploadfile?access_token=" + TOKEN + " HTTP/1.1");
      assertThat(ask.text()).isEqualTo("{\"env\":\"demo-env\",\"path\":\"dir/城 1.json\"}");
      ScriptedPeer.Request sent = peer.requests().get(1);
      assertThat(sent.line()).isEqualTo("POST /bucket/a HTTP/1.1");
      assertThat(sent.head()).doesNotContain(TOKEN);
      String boundary = sent.head().replaceAll("(?s).*boundary=([^\r]+)\r.*", "$1");
      assertThat(sent.text())
          .isEqualTo(
              field(boundary, "key", "dir/城 1.json")
                  + field(boundary, "Signature", "q-sign=s3cret")
                  + field(boundary, "x-cos-security-token", "cos-t0ken")
                  + field(boundary, "x-cos-meta-fileid", "file-1")
                  + "--"
                  + boundary
                  + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n"
                  + "Content-Type: application/octet-stream\r\n\r\n"
                  + "{\"_id\":\"1\"}\r\n--x\n"
                  + "\r\n--"
                  + boundary
                  + "--\r\n");
    }
  }

  private static String field(String boundary, String name, String value) {
    return "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n"
        .formatted(boundary, name, value);
  }

  @Test
  void progressGrowsWithTheBytesThatWentOut() throws Exception {
    AtomicReference<URI> self = new AtomicReference<>();
    Path file = folder.resolve("large");
    long bytes = 20 << 20;
    try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
      large.setLength(bytes);
    }
    List<Long> progress = new CopyOnWriteArrayList<>();
    try (ScriptedPeer peer = apiAndStorage(self, (_, stage) -> stage.answer(204, ""));
        UploadClient client = client(peer.uri(), null)) {
      assertThat(client.upload(null, "e", "p", file, progress::add))
          .isEqualTo(new UploadReply.Uploaded(bytes));
      assertThat(progress).isSorted().hasSizeGreaterThan(100).last().isEqualTo(bytes);
    }
  }

  @Test
  void theStoragesWordForARefusalIsKept() throws Exception {
    assertThat(
            upload((_, stage) ->
                stage.answer(
                    403,
                    "<?xml version=\"1.0\"?><Error><Code>RequestHasExpired</Code>"
                        + "<Message>not&lt;\u001b[31m q-sign=s3cret, s3cret</Message></Error>")))
        .isEqualTo(new UploadReply.UploadRefused(403, "RequestHasExpired", "not< [31m ***, ***"));
  }

  @ParameterizedTest
  @ValueSource(ints = {302, 307, 500, 503})
  void anythingButSuccessIsARefusalAndARedirectIsNotFollowed(int status) throws Exception {
    try (ScriptedPeer elsewhere = ScriptedPeer.http((_, stage) -> stage.answer(204, ""))) {
      assertThat(
              upload((_, stage) -> stage.answer(status, "", "Location: " + elsewhere.uri() + "/x")))
          .isEqualTo(new UploadReply.UploadRefused(status, "", ""));
      assertThat(elsewhere.connections()).isZero();
    }
  }

  /** As a storage does that is full: it answers, closes, and takes no byte more. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: 78\r\n\r\n%s",
        "Transfer-Encoding: chunked\r\n\r\n4e\r\n%s\r\n0\r\n\r\n",
        "Connection: close\r\n\r\n%s"
      })
  void anAnswerThatComesBeforeAllIsSentIsRead(String answer) throws Exception {
    String xml = "<Error><Code>QuotaExceeded</Code><Message>full: 20 bytes</Message>    </Error>";
    Path file = Files.writeString(folder.resolve("large"), "x".repeat(30 << 20));
    try (ServerSocket storage = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ScriptedPeer api =
            ScriptedPeer.http((_, stage) ->
                stage.answer(200, link(URI.create("http://127.0.0.1:" + storage.getLocalPort()))));
        UploadClient client = client(api.uri(), null)) {
      Thread.startVirtualThread(() -> {
        try (Socket socket = storage.accept()) {
          var _ = socket.getInputStream().read();
          socket
              .getOutputStream()
              .write(
                  ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\n" + answer.formatted(xml))
                      .getBytes(StandardCharsets.UTF_8));
        } catch (IOException gone) {
          // The client has what it needs.
        }
      });
      assertThat(upload(client, file))
          .isEqualTo(new UploadReply.UploadRefused(403, "QuotaExceeded", "full: 20 bytes"));
    }
  }

  @Test
  void aFileThatWasNotSentWholeIsNotUploadedWhateverTheStorageSays() throws Exception {
    Path file = Files.writeString(folder.resolve("large"), "x".repeat(30 << 20));
    try (ServerSocket storage = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ScriptedPeer api =
            ScriptedPeer.http((_, stage) ->
                stage.answer(200, link(URI.create("http://127.0.0.1:" + storage.getLocalPort()))));
        UploadClient client = client(api.uri(), null)) {
      Thread.startVirtualThread(() -> {
        try (Socket socket = storage.accept()) {
          var _ = socket.getInputStream().read();
          socket
              .getOutputStream()
              .write("HTTP/1.1 204 No Content\r\n\r\n".getBytes(StandardCharsets.UTF_8));
        } catch (IOException gone) {
          // The client has what it needs.
        }
      });
      assertThat(upload(client, file)).isInstanceOf(UploadReply.Unreachable.class);
    }
  }

  @Test
  void aStorageThatClosesIsUnreachable() throws Exception {
    assertThat(upload((_, stage) -> stage.close())).isInstanceOf(UploadReply.Unreachable.class);
  }

  @Test
  void aStorageThatIsSilentIsLeft() throws Exception {
    UploadReply reply = upload((_, stage) -> stage.pause(60_000));
    assertThat(reply).isInstanceOf(UploadReply.Unreachable.class);
    assertThat(reply.toString()).contains("for 2 s", "12 of 12 bytes");
  }

  @Test
  void anEndlessAnswerOfTheStorageIsCutOff() throws Exception {
    assertThat(
            upload((_, stage) -> {
              stage.write("HTTP/1.1 403 No\r\nContent-Length: 4000000000\r\n\r\n");
              while (stage.pause(0)) {
                stage.write(new byte[1 << 16]);
              }
            }))
        .isInstanceOf(UploadReply.Unreachable.class);
  }

  @Test
  void anInterruptedUploadIsGivenUp() throws Exception {
    AtomicReference<URI> self = new AtomicReference<>();
    Path file = Files.writeString(folder.resolve("a.json"), "{}");
    CountDownLatch arrived = new CountDownLatch(1);
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    try (ScriptedPeer peer =
            apiAndStorage(
                self,
                (_, stage) -> {
                  arrived.countDown();
                  stage.pause(60_000);
                });
        UploadClient client = client(peer.uri(), null)) {
      Thread uploading =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  upload(client, file);
                } catch (Exception interrupted) {
                  thrown.set(interrupted);
                }
              });
      arrived.await();
      uploading.interrupt();
      uploading.join();
      assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
    }
  }

  @Test
  void aFileThatIsNotThereIsSaidAndNothingIsSentToTheStorage() {
    assertThatThrownBy(
            () -> {
              try (ScriptedPeer peer =
                      apiAndStorage(new AtomicReference<>(), (_, stage) -> stage.answer(204, ""));
                  UploadClient client = client(peer.uri(), null)) {
                upload(client, folder.resolve("absent"));
              }
            })
        .isInstanceOf(NoSuchFileException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"errcode\":0,\"errmsg\":\"ok\"}",
        "{\"errcode\":0,\"url\":\"ftp://h/x\",\"token\":\"t\",\"authorization\":\"a\",\"cos_file_id\":\"c\"}",
        "{\"errcode\":0,\"url\":\"::"
            + " no\",\"token\":\"t\",\"authorization\":\"a\",\"cos_file_id\":\"c\"}",
        "{\"errcode\":0,\"url\":\"http://h/x\",\"token\":\"t\",\"authorization\":\"a\"}",
        "<html>"
      })
  void anAnswerWithoutAWholeLinkIsNoLink(String answer) throws Exception {
    Path file = Files.writeString(folder.resolve("a.json"), "{}");
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.answer(200, answer));
        UploadClient client = client(peer.uri(), null)) {
      UploadReply reply = upload(client, file);
      assertThat(reply).isInstanceOf(UploadReply.LinkRefused.class);
      assertThat(((UploadReply.LinkRefused) reply).errcode()).isEqualTo(-1);
    }
  }

  @Test
  void aRefusedLinkKeepsItsErrcode() throws Exception {
    Path file = Files.writeString(folder.resolve("a.json"), "{}");
    try (ScriptedPeer peer =
            ScriptedPeer.http((_, stage) ->
                stage.answer(200, "{\"errcode\":-501000,\"errmsg\":\"no env rid: 1-2-3\"}"));
        UploadClient client = client(peer.uri(), null)) {
      assertThat(upload(client, file))
          .isEqualTo(new UploadReply.LinkRefused(-501000, "no env rid: 1-2-3"));
    }
  }

  @Test
  void theConfiguredCertificateIsTrustedByTheStorageToo() throws Exception {
    SelfSigned certificate = SelfSigned.forLoopback(folder);
    Path file = Files.writeString(folder.resolve("a.json"), "{}");
    AtomicReference<URI> self = new AtomicReference<>();
    try (ScriptedPeer peer =
        ScriptedPeer.https(
            certificate,
            (request, stage) -> {
              if (request.line().contains("uploadfile")) {
                stage.answer(200, link(self.get()));
              } else {
                stage.answer(204, "");
              }
            })) {
      self.set(peer.uri());
      try (UploadClient client = client(peer.uri(), certificate.certificate())) {
        assertThat(upload(client, file)).isEqualTo(new UploadReply.Uploaded(2));
      }
    }
  }

  @Test
  void aLinkAndItsFormNeverPrintWhatGivesAccess() throws Exception {
    Path file = Files.writeString(folder.resolve("a.json"), "{}");
    UploadLink link = new UploadLink(URI.create("https://h/x"), "q-sign=s3cret", "cos-t0ken", "f");

    assertThat(link.toString()).isEqualTo("UploadLink[h]");
    assertThat(UploadForm.of(link, "p", file).toString()).isEqualTo("UploadForm[" + file + "]");
  }

  // Collections.

  @ParameterizedTest
  @EnumSource(ApiFamily.class)
  void aCollectionIsAskedForUnderTheFamilysPath(ApiFamily family) throws Exception {
    try (ScriptedPeer peer =
            ScriptedPeer.http(
                (_, stage) -> stage.answer(200, "{\"errcode\":0,\"errmsg\":\"ok\"}"));
        UploadClient client =
            new UploadClient(
                new ClientSettings(peer.uri(), family, PATIENT, null), AccessTokens.fixed(TOKEN))) {
      assertThat(client.createCollection(null, "demo-env", "城市"))
          .isEqualTo(new CollectionReply.Done());
      ScriptedPeer.Request sent = peer.requests().getFirst();
      switch (family) {
        case COMPONENT ->
            assertThat(sent.line())
                .startsWith("POST /componenttcb/dbcollection?")
                .contains("action=add", "access_token=" + TOKEN);
        case APP ->
            assertThat(sent.line())
                .isEqualTo("POST /tcb/databasecollectionadd?access_token=" + TOKEN + " HTTP/1.1");
      }
      assertThat(sent.text()).contains("\"env\":\"demo-env\"", "\"collection_name\":\"城市\"");
    }
  }

  @Test
  void aRefusedCollectionKeepsItsErrcode() throws Exception {
    try (ScriptedPeer peer =
            ScriptedPeer.http((_, stage) ->
                stage.answer(200, "{\"errcode\":-502013,\"errmsg\":\"there already\"}"));
        UploadClient client = client(peer.uri(), null)) {
      assertThat(client.createCollection(null, "e", "c"))
          .isEqualTo(new CollectionReply.Refused(-502013, "there already"));
    }
  }

  @Test
  void aCollectionOfAnUnreachableApiIsUnreachable() throws IOException, InterruptedException {
    URI gone;
    try (ScriptedPeer peer = ScriptedPeer.http((_, stage) -> stage.close())) {
      gone = peer.uri();
      try (UploadClient client = client(gone, null)) {
        assertThat(client.createCollection(null, "e", "c"))
            .isInstanceOf(CollectionReply.Unreachable.class);
      }
    }
    try (UploadClient client = client(gone, null)) {
      assertThat(client.createCollection(null, "e", "c"))
          .isInstanceOf(CollectionReply.Unreachable.class);
    }
  }
}
