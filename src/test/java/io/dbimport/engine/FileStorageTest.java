package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Nothing leaves its environment's root, and a file is whole or not there. */
final class FileStorageTest {
  @TempDir Path root;
  private FileStorage storage;

  @BeforeEach
  void open() throws IOException {
    storage = FileStorage.open(root);
  }

  @ParameterizedTest
  @ValueSource(strings = {"f", "a/b/c.json", "漢字/ü.csv", "a b", "...", "a..b/.c", "%2e%2e/f", "~"})
  void whatIsStoredIsReadBackFromAnyPosition(String path) throws IOException {
    assertThat(store("env", path, "0123456789")).isEqualTo(10);

    assertThat(storage.exists("env", path)).isTrue();
    assertThat(storage.length("env", path)).isEqualTo(10);
    assertThat(text("env", path, 0)).isEqualTo("0123456789");
    assertThat(text("env", path, 7)).isEqualTo("789");
    assertThat(storage.exists("other", path)).isFalse();
    assertThat(storage.delete("env", path)).isTrue();
    assertThat(storage.exists("env", path)).isFalse();
    assertThat(storage.delete("env", path)).isFalse();
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
    Path outside = Files.writeString(root.resolve("f"), "outside");

    assertThatThrownBy(() -> store("env", path, "x")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> storage.open("env", path, 0).close())
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> storage.exists("env", path))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> storage.length("env", path))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> storage.delete("env", path))
        .isInstanceOf(IllegalArgumentException.class);

    assertThat(outside).hasContent("outside");
    assertThat(filesBelow(root)).containsExactly(outside);
  }

  @ParameterizedTest
  @ValueSource(strings = {"..", ".", "a/b", "../..", "a\\b", "%2E%2E", "*"})
  void anEnvironmentOfAnyNameHasAFolderOfItsOwn(String env) throws IOException {
    store(env, "f", "mine");
    store("env", "f", "other");

    assertThat(text(env, "f", 0)).isEqualTo("mine");
    assertThat(filesBelow(root.resolve("files"))).hasSize(2);
  }

  @Test
  void symbolicLinksAreNotFollowed() throws IOException {
    Path secret = Files.writeString(root.resolve("secret"), "secret");
    Path env = Files.createDirectories(root.resolve("files/env"));
    Files.createSymbolicLink(env.resolve("link"), secret);
    Files.createSymbolicLink(env.resolve("folder"), root);

    assertThat(storage.exists("env", "link")).isFalse();
    assertThat(storage.exists("env", "folder/secret")).isFalse();
    assertThatThrownBy(() -> storage.open("env", "link", 0).close())
        .isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> storage.open("env", "folder/secret", 0).close())
        .isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> store("env", "folder/planted", "x")).isInstanceOf(IOException.class);
    assertThat(storage.delete("env", "folder/secret")).isFalse();
    store("env", "link", "new");

    assertThat(text("env", "link", 0)).isEqualTo("new");
    assertThat(secret).hasContent("secret");
    assertThat(root.resolve("planted")).doesNotExist();
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

    assertThatThrownBy(() -> storage.store("env", "f", broken)).hasMessage("cut off");

    assertThat(text("env", "f", 0)).isEqualTo("old");
    assertThat(filesBelow(root)).hasSize(1);
  }

  @Test
  void aReaderKeepsTheFileItOpened() throws IOException {
    store("env", "f", "old");
    try (InputStream in = storage.open("env", "f", 0)) {
      store("env", "f", "new");

      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo("old");
    }
    assertThat(text("env", "f", 0)).isEqualTo("new");
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
    assertThat(filesBelow(root.resolve("files"))).hasSize(200);
    assertThat(filesBelow(root.resolve("arriving"))).isEmpty();
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

  private long store(String env, String path, String text) throws IOException {
    return storage.store(
        env, path, new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
  }

  private String text(String env, String path, long position) throws IOException {
    try (InputStream in = storage.open(env, path, position)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static List<Path> filesBelow(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile).toList();
    }
  }
}
