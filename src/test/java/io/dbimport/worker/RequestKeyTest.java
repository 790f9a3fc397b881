package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class RequestKeyTest {

  private static ImportRequest request(
      @Nullable String appId, String env, String collection, String path) {
    return request("r", appId, env, collection, path);
  }

  private static ImportRequest request(
      String id, @Nullable String appId, String env, String collection, String path) {
    return new ImportRequest(
        id,
        appId,
        new ImportParameters(env, collection, path, FileType.JSON, true, ConflictMode.INSERT),
        null,
        false);
  }

  private static long content(ImportRequest request) {
    return RequestKey.of(request).content();
  }

  /** Worked out apart from this program; a ledger written by an earlier version holds these. */
  @Test
  void theHashesNeverChange() {
    RequestKey key = RequestKey.of(request("order-7", "app", "env-a", "books", "f.json"));
    assertThat(key)
        .isEqualTo(new RequestKey(0xca1d7fe198cb7084L, 0x40047cb4a6a6cc17L, 0x2cc9d7603a6e6a2cL));
    assertThat(content(request(null, "环境", "books", "f.json"))).isEqualTo(0x71ed82820eb9d40bL);
  }

  @Test
  void theLedgersIdAndContentGiveTheSameKey() {
    ImportRequest request = request("env-a", null, true);
    assertThat(RequestKey.of(request.requestId(), content(request)))
        .isEqualTo(RequestKey.of(request));
  }

  private static ImportRequest request(String env, @Nullable Instant deadline, boolean rerunSafe) {
    return Requests.request(env, deadline, rerunSafe);
  }

  @Test
  void whatIsAskedForDoesNotChangeTheHashOfTheId() {
    RequestKey one = RequestKey.of(request("app", "env-a", "books", "f.json"));
    RequestKey other = RequestKey.of(request(null, "env-b", "films", "g.json"));
    assertThat(other.high()).isEqualTo(one.high());
    assertThat(other.low()).isEqualTo(one.low());
    assertThat(other.content()).isNotEqualTo(one.content());
  }

  @Test
  void deadlineRerunSafeAndTheIdAreNoContent() {
    long content = content(request("env-a", null, false));
    assertThat(content(request("env-a", Instant.EPOCH, false))).isEqualTo(content);
    assertThat(content(request("env-a", null, true))).isEqualTo(content);
    assertThat(content(request("other", null, "env-a", "books", "f.json"))).isEqualTo(content);
  }

  @Test
  void everyFieldIsContent() {
    List<ImportRequest> requests =
        List.of(
            request(null, "env-a", "books", "f.json"),
            request("", "env-a", "books", "f.json"),
            request("app", "env-a", "books", "f.json"),
            request(null, "env-b", "books", "f.json"),
            request(null, "env-a", "films", "f.json"),
            request(null, "env-a", "books", "g.json"),
            with(FileType.CSV, true, ConflictMode.INSERT),
            with(FileType.JSON, false, ConflictMode.INSERT),
            with(FileType.JSON, true, ConflictMode.UPSERT),
            with(FileType.CSV, true, ConflictMode.UPSERT),
            with(FileType.CSV, false, ConflictMode.UPSERT));
    assertThat(requests.stream().map(RequestKeyTest::content)).doesNotHaveDuplicates();
  }

  private static ImportRequest with(FileType type, boolean stopOnError, ConflictMode mode) {
    return new ImportRequest(
        "r",
        null,
        new ImportParameters("env-a", "books", "f.json", type, stopOnError, mode),
        null,
        false);
  }

  /** All ways to cut one text into four fields, an app without a name and none among them. */
  @Test
  void fieldsThatReadTheSameInARowAreStillTold() {
    String text = "aaaaaaaa";
    Set<Long> contents = new HashSet<>();
    int requests = 0;
    for (int app = -1; app < text.length() - 2; app++) {
      int envFrom = Math.max(0, app);
      for (int env = envFrom + 1; env < text.length() - 1; env++) {
        for (int collection = env + 1; collection < text.length(); collection++) {
          contents.add(
              content(
                  request(
                      app < 0 ? null : text.substring(0, app),
                      text.substring(envFrom, env),
                      text.substring(env, collection),
                      text.substring(collection))));
          requests++;
        }
      }
    }
    assertThat(requests).isGreaterThan(50);
    assertThat(contents).hasSize(requests);
  }

  @Test
  void textsThatAnEncoderMakesOneAreStillTold() {
    assertThat(RequestKey.of("a?", 0)).isNotEqualTo(RequestKey.of("a\ud800", 0));
    assertThat(RequestKey.of("a\udc00", 0)).isNotEqualTo(RequestKey.of("a\ud800", 0));
    assertThat(RequestKey.of("1", 0)).isNotEqualTo(RequestKey.of("١", 0));
  }
}
