package io.dbimport;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.client.AccessTokens;
import io.dbimport.client.ApiFamily;
import io.dbimport.client.ClientSettings;
import io.dbimport.client.HttpImportApi;
import io.dbimport.fixtures.Eventually;
import java.io.BufferedReader;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class StubApiTest {
  @TempDir Path folder;

  private static HttpImportApi client(URI url) {
    return new HttpImportApi(
        new ClientSettings(url, ApiFamily.COMPONENT, Duration.ofSeconds(20), null),
        AccessTokens.fixed("t"));
  }

  private static ImportRequest request(String path) {
    return new ImportRequest(
        "r",
        null,
        new ImportParameters("e", "城市", path, FileType.CSV, true, ConflictMode.UPSERT),
        null,
        true);
  }

  @Test
  void everyImportIsNotedOnceWithTheJobItBecame() throws Exception {
    Path log = folder.resolve("imports.log");
    int calls = 5_000;
    try (StubApi api = StubApi.start(0, log, Duration.ZERO);
        HttpImportApi client = client(api.uri());
        var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Reply>> replies = new ArrayList<>();
      long began = System.nanoTime();
      var slots = new Semaphore(64);
      for (int i = 0; i < calls; i++) {
        String path = "f" + i;
        slots.acquire();
        replies.add(
            callers.submit(
                (Callable<Reply>)
                    () -> {
                      try {
                        return client.submit(request(path));
                      } finally {
                        slots.release();
                      }
                    }));
      }
      List<Reply> accepted = new ArrayList<>();
      for (Future<Reply> reply : replies) {
        accepted.add(reply.get());
      }
      System.out.printf("stub: %.0f calls/s%n", calls * 1e9 / (System.nanoTime() - began));
      List<StubApi.Import> noted = StubApi.imports(log);
      assertThat(noted).hasSize(calls);
      assertThat(noted).extracting(StubApi.Import::filePath).doesNotHaveDuplicates();
      assertThat(noted)
          .extracting(note -> (Reply) new Reply.Accepted(note.jobId()))
          .containsExactlyInAnyOrderElementsOf(accepted);
      StubApi.Import first = noted.getFirst();
      assertThat(first)
          .isEqualTo(
              new StubApi.Import(
                  first.epochNanos(), "e", "城市", first.filePath(), 2, true, 2, first.jobId()));
    }
  }

  @Test
  void aJobSucceedsAtTheSecondLook() throws Exception {
    try (StubApi api = StubApi.start(0, folder.resolve("log"), Duration.ZERO);
        HttpImportApi client = client(api.uri())) {
      Reply.Accepted accepted = (Reply.Accepted) client.submit(request("f"));
      assertThat(client.state(null, "e", accepted.jobId()))
          .isEqualTo(new JobReply.Known(new JobState(JobStatus.WRITING, 0, 0, "")));
      assertThat(client.state(null, "e", accepted.jobId()))
          .isEqualTo(new JobReply.Known(new JobState(JobStatus.SUCCESS, 1, 0, "import finished")));
    }
  }

  @Test
  void aProcessThatIsKilledInTheMiddleOfACallHasNotedIt() throws Exception {
    Path log = folder.resolve("log");
    Process process =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-cp",
                System.getProperty("java.class.path"),
                "io.dbimport.StubApi",
                "0",
                log.toString(),
                "60000")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (BufferedReader out = process.inputReader();
        HttpImportApi client = client(URI.create("http://127.0.0.1:" + port(out)));
        var caller = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Reply> reply = caller.submit((Callable<Reply>) () -> client.submit(request("f")));
      Eventually.isTrue("the import is noted", () -> !StubApi.imports(log).isEmpty());
      process.destroyForcibly().waitFor();
      assertThat(reply.get()).isInstanceOf(Reply.Unanswered.class);
      assertThat(StubApi.imports(log)).hasSize(1);
    } finally {
      process.destroyForcibly();
    }
  }

  /** The line with the port: a logger may print before it. */
  private static int port(BufferedReader out) {
    return out.lines()
        .filter(line -> line.matches("\\d+"))
        .findFirst()
        .map(Integer::parseInt)
        .orElseThrow();
  }
}
