package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** No environment stores more than its quota, and what is refused leaves nothing behind. */
final class QuotaStorageTest {
  private static final int QUOTA = 1_000_000;

  @TempDir Path root;
  private Storage storage;

  @BeforeEach
  void open() throws IOException {
    storage = new QuotaStorage(FileStorage.open(root), QUOTA);
  }

  private void store(String env, String path, int bytes) throws IOException {
    storage.store(env, path, new ByteArrayInputStream(new byte[bytes]));
  }

  private void assertRefused(String env, String path, int bytes) throws IOException {
    assertThatThrownBy(() -> store(env, path, bytes))
        .isInstanceOf(QuotaStorage.QuotaExceeded.class);
    assertThat(storage.exists(env, path)).isFalse();
    try (Stream<Path> left = Files.list(root.resolve("arriving"))) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void anEnvironmentStoresItsQuotaAndNotAByteMore() throws IOException {
    assertThat(storage.used("env")).isZero();
    assertRefused("env", "a", QUOTA + 1);
    store("env", "b/c", 600_000);
    assertRefused("env", "d", 400_001);
    store("env", "e", 400_000);
    assertThat(storage.used("env")).isEqualTo(QUOTA);

    assertRefused("env", "f", 1);
    store("other", "f", QUOTA);
    store("env", "g", 0);
  }

  @Test
  void whatLayThereBeforeCountsAndWhatIsDeletedMakesRoom() throws IOException {
    store("env", "a", QUOTA);
    storage = new QuotaStorage(FileStorage.open(root), QUOTA);
    assertRefused("env", "b", 1);

    assertThat(storage.delete("env", "a")).isTrue();

    store("env", "b", QUOTA);
  }

  @Test
  void aReplacedFileMakesRoomOnceItIsReplaced() throws IOException {
    store("env", "a", 500_000);
    store("env", "a", 500_000);
    store("env", "b", 500_000);

    assertThat(storage.used("env")).isEqualTo(QUOTA);
    assertRefused("env", "c", 1);
  }

  @Test
  void uploadsAtOnceStayBelowTheQuotaTogether() throws Exception {
    AtomicInteger refused = new AtomicInteger();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 50; i++) {
        String path = "f" + i;
        var _ =
            threads.submit(() -> {
              try {
                store("env", path, 100_000);
              } catch (QuotaStorage.QuotaExceeded full) {
                refused.incrementAndGet();
              }
              return path;
            });
      }
    }

    assertThat(storage.used("env")).isLessThanOrEqualTo(QUOTA);
    assertThat(storage.used("env")).isEqualTo((50 - refused.get()) * 100_000L);
  }
}
