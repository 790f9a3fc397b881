package io.dbimport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The fake keeps the contract, and its script. */
@Timeout(60)
class ScriptedImportApiTest implements ImportApiContract {
  private final ScriptedImportApi api = new ScriptedImportApi();

  @Override
  public ImportApi api() {
    return api;
  }

  @Override
  public void createCollection(String name) {
    api.createCollection(ENV, name);
  }

  @Override
  public void upload(String path, String content) {
    api.upload(ENV, path, content);
  }

  private static ImportRequest request(String id) {
    return new ImportRequest(
        id,
        null,
        new ImportParameters(ENV, "c", "f", FileType.JSON, true, ConflictMode.INSERT),
        null,
        false);
  }

  @Test
  void aScriptIsPlayedOnceAndForItsRequestOnly() throws InterruptedException {
    api.createCollection(ENV, "c");
    api.upload(ENV, "f", "{\"_id\":\"1\"}");
    Reply busy = new Reply.Unavailable(-1, "busy");
    Reply late = new Reply.Unanswered(-1, "late");
    api.script("r1", busy, late);
    assertThat(api.submit(request("r1"))).isEqualTo(busy);
    assertThat(api.submit(request("r2"))).isEqualTo(new Reply.Accepted(1));
    assertThat(api.submit(request("r1"))).isEqualTo(late);
    assertThat(api.submit(request("r1"))).isEqualTo(new Reply.Accepted(2));
    assertThat(api.calls())
        .extracting(ImportRequest::requestId)
        .containsExactly("r1", "r2", "r1", "r1");
  }

  @Test
  void aProbeIsCountedAndSaysWhatItIsTold() {
    assertThat(api.presence(null)).isEqualTo(Presence.WELL);
    api.found(Presence.TROUBLED);
    assertThat(api.presence("wx1")).isEqualTo(Presence.TROUBLED);
    assertThat(api.probes()).isEqualTo(2);
  }

  @Test
  void aHeldCallHasArrivedAndIsNotAnswered() throws InterruptedException {
    ScriptedImportApi.Hold hold = api.hold("r1");
    api.script("r1", new Reply.Accepted(5));
    AtomicReference<Reply> reply = new AtomicReference<>();
    Thread caller =
        Thread.ofVirtual()
            .start(() -> {
              try {
                reply.set(api.submit(request("r1")));
              } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
              }
            });
    hold.awaitArrival();
    assertThat(api.calls()).hasSize(1);
    assertThat(reply.get()).isNull();
    hold.release();
    caller.join();
    assertThat(reply.get()).isEqualTo(new Reply.Accepted(5));
  }

  @Test
  void aScriptedEndReplacesTheJobs() {
    JobState end = new JobState(JobStatus.FAIL, 1, 2, "disk full");
    api.scriptEnd(ENV, 9, end);
    assertThat(api.state(null, ENV, 9)).isNotEqualTo(new JobReply.Known(end));
    assertThat(api.state(null, ENV, 9)).isEqualTo(new JobReply.Known(end));
  }
}
