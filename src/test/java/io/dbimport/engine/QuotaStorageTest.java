package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
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

  private static void store(Storage storage, String path, int bytes) throws IOException {
    storage.store("env", path, new ByteArrayInputStream(new byte[bytes]));
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
  void serversThatShareAStorageSeeWhatTheOthersStored() throws IOException {
    Storage other = new QuotaStorage(FileStorage.open(root), QUOTA);
    store("env", "a", 300_000);
    store(other, "b", 300_000);
    store("env", "c", 300_000);

    assertThatThrownBy(() -> store(other, "d", 100_001))
        .isInstanceOf(QuotaStorage.QuotaExceeded.class);
    store(other, "d", 100_000);
    assertRefused("env", "e", 1);
    assertThat(other.delete("env", "a")).isTrue();
    store("env", "e", 300_000);
    assertThat(storage.used("env")).isEqualTo(QUOTA);
  }

  /** As far as two servers can pass it: each has room when it begins. */
  @Test
  void theQuotaIsPassedAtMostByWhatOthersWereReceivingWhenAnUploadBegan() throws IOException {
    Storage other = new QuotaStorage(FileStorage.open(root), QUOTA);
    store("env", "a", 400_000);
    InputStream first =
        new Meanwhile(
            () -> {
              // One that begins while another server receives one does not see that.
              store(other, "b", 600_000);
              // What is there already counts, whoever stored it.
              assertThatThrownBy(() -> store(other, "c", 1))
                  .isInstanceOf(QuotaStorage.QuotaExceeded.class);
            },
            600_000);

    assertThat(storage.store("env", "d", first)).isEqualTo(600_000);

    assertThat(storage.used("env")).isEqualTo(QUOTA + 600_000);
    assertRefused("env", "e", 1);
    assertThatThrownBy(() -> store(other, "e", 1)).isInstanceOf(QuotaStorage.QuotaExceeded.class);
  }

  /** So many bytes, and something that happens before the first. */
  private static final class Meanwhile extends FilterInputStream {
    /** What happens. */
    interface Event {
      void happen() throws IOException;
    }

    private final Event event;
    private boolean happened;

    Meanwhile(Event event, int length) {
      super(new ByteArrayInputStream(new byte[length]));
      this.event = event;
    }

    @Override
    public int read() throws IOException {
      return read(new byte[1], 0, 1);
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
      if (!happened) {
        happened = true;
        event.happen();
      }
      return super.read(bytes, from, length);
    }
  }

  @Test
  void anUploadThatSurelyHasNoRoomIsRefusedBeforeItIsRead() throws IOException {
    store("env", "a", 300_000);
    InputStream unread =
        new Meanwhile(
            () -> {
              throw new AssertionError("it was read");
            },
            1);

    assertThatThrownBy(() -> storage.store("env", "b", unread, 700_001))
        .isInstanceOf(QuotaStorage.QuotaExceeded.class)
        .hasMessage(
            "300000 bytes are stored, 0 others are arriving, at least 700001 more are asked for,"
                + " and 1000000 are allowed");
    assertThat(storage.store("env", "b", new ByteArrayInputStream(new byte[700_000]), 700_000))
        .isEqualTo(700_000);
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
