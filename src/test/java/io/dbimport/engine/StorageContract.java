package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dbimport.engine.Storage.FileChanged;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What every storage keeps: an environment's files are its own, and one is whole or not there. */
abstract class StorageContract {
  /** The storage under test; empty before each test. */
  abstract Storage storage() throws IOException;

  /** How many files it holds in all environments together, half-stored ones included. */
  abstract int filesHeld() throws IOException;

  @ParameterizedTest
  @ValueSource(strings = {"f", "a/b/c.json", "漢字/ü.csv", "a b", "...", "a..b/.c", "%2e%2e/f", "~"})
  void whatIsStoredIsReadBackFromAnyPosition(String path) throws IOException {
    assertThat(store("env", path, "0123456789")).isEqualTo(10);

    assertThat(storage().exists("env", path)).isTrue();
    assertThat(storage().look("env", path).length()).isEqualTo(10);
    assertThat(text("env", path, 0)).isEqualTo("0123456789");
    assertThat(text("env", path, 7)).isEqualTo("789");
    assertThat(text("env", path, 10)).isEmpty();
    assertThat(text("env", path, 11)).isEmpty();
    assertThat(storage().exists("other", path)).isFalse();
    assertThat(storage().delete("env", path)).isTrue();
    assertThat(storage().exists("env", path)).isFalse();
    assertThat(storage().delete("env", path)).isFalse();
    assertThatThrownBy(() -> storage().look("env", path)).isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> storage().open("env", path, "1", 0).close())
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void anEmptyFileIsAFile() throws IOException {
    store("env", "f", "");

    assertThat(storage().look("env", "f").length()).isZero();
    assertThat(text("env", "f", 0)).isEmpty();
  }

  @Test
  void aPathBelowAnotherIsNotThatOne() throws IOException {
    store("env", "a/b", "x");

    assertThat(storage().exists("env", "a")).isFalse();
    assertThat(storage().exists("env", "a/b/c")).isFalse();
    assertThat(storage().delete("env", "a")).isFalse();
    assertThat(text("env", "a/b", 0)).isEqualTo("x");
  }

  static Stream<String> attacks() {
    return Stream.of(
        "",
        "..",
        ".",
        "../f",
        "a/../../f",
        "a/..",
        "./f",
        "a/./f",
        "/etc/passwd",
        "//f",
        "a//f",
        "a/",
        "..\\f",
        "C:\\f",
        "a\0b",
        "a\nb",
        "a\u007fb",
        "\ud800",
        "x".repeat(201),
        "漢".repeat(67),
        "x/".repeat(430) + "x");
  }

  @ParameterizedTest
  @MethodSource("attacks")
  void aPathThatCouldLeaveItsEnvironmentIsRefusedByEveryCall(String path) throws IOException {
    assertThatThrownBy(() -> store("env", path, "x")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> storage().open("env", path, "1", 0).close())
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> storage().exists("env", path))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> storage().look("env", path))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> storage().delete("env", path))
        .isInstanceOf(IllegalArgumentException.class);

    assertThat(filesHeld()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"..", ".", "a/b", "../..", "a\\b", "%2E%2E", "*"})
  void anEnvironmentOfAnyNameHasAFolderOfItsOwn(String env) throws IOException {
    store(env, "f", "mine");
    store("env", "f", "other");

    assertThat(text(env, "f", 0)).isEqualTo("mine");
    assertThat(storage().used(env)).isEqualTo(4);
    assertThat(filesHeld()).isEqualTo(2);
  }

  @Test
  void whatAnEnvironmentUsesIsTheSumOfItsFiles() throws IOException {
    assertThat(storage().used("env")).isZero();
    store("env", "a", "123");
    store("env", "b/c", "45");
    store("en", "a", "6789");
    store("env2", "a", "6");

    assertThat(storage().used("env")).isEqualTo(5);
    store("env", "a", "1");
    assertThat(storage().used("env")).isEqualTo(3);
    storage().delete("env", "b/c");
    assertThat(storage().used("env")).isEqualTo(1);
  }

  @Test
  void aStreamThatBreaksLeavesTheOldFileAndNothingElse() throws IOException {
    store("env", "f", "old");
    InputStream broken =
        new FilterInputStream(new ByteArrayInputStream(new byte[100_000])) {
          @Override
          public int read(byte[] bytes, int from, int length) throws IOException {
            int read = super.read(bytes, from, length);
            if (read < 0) {
              throw new IOException("cut off");
            }
            return read;
          }
        };

    assertThatThrownBy(() -> storage().store("env", "f", broken)).hasMessage("cut off");

    assertThat(text("env", "f", 0)).isEqualTo("old");
    assertThat(filesHeld()).isOne();
  }

  @Test
  void aReaderKeepsTheFileItOpened() throws IOException {
    store("env", "f", "old");
    try (InputStream in = storage().open("env", "f", storage().look("env", "f").version(), 0)) {
      store("env", "f", "new");

      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo("old");
    }
    assertThat(text("env", "f", 0)).isEqualTo("new");
  }

  @Test
  void anotherFileUnderThePathIsNotTakenForTheFirst() throws IOException {
    store("env", "f", "old");
    String version = storage().look("env", "f").version();
    assertThat(version).hasSizeBetween(1, 200);
    assertThat(storage().look("env", "f").version()).isEqualTo(version);
    store("env", "f", "new");

    assertThat(storage().look("env", "f").version()).isNotEqualTo(version);
    assertThatThrownBy(() -> storage().open("env", "f", version, 1).close())
        .isInstanceOf(FileChanged.class)
        .hasMessageContaining("f");
  }

  @Test
  void storesAtOnceIntoNewFoldersAllArrive() throws Exception {
    List<Future<Long>> stores = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 200; i++) {
        String path = "a" + i % 3 + "/b" + i % 5 + "/c/f" + i;
        stores.add(threads.submit(() -> store("env" + path.length() % 2, path, path)));
      }
    }

    for (Future<Long> one : stores) {
      assertThat(one.get()).isPositive();
    }
    assertThat(filesHeld()).isEqualTo(200);
  }

  @Test
  void storesAtOnceUnderOnePathLeaveOneOfThemWhole() throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 50; i++) {
        String body = Integer.toString(i % 10).repeat(50_000);
        var _ = threads.submit(() -> store("env", "same", body));
      }
    }

    assertThat(text("env", "same", 0)).hasSize(50_000).matches("(.)\\1*");
  }

  final long store(String env, String path, String text) throws IOException {
    return storage()
        .store(env, path, new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
  }

  final String text(String env, String path, long position) throws IOException {
    String version = storage().look(env, path).version();
    try (InputStream in = storage().open(env, path, version, position)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
