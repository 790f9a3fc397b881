package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The storage in a folder: what every storage keeps, and nothing outside its folder. */
final class FileStorageTest extends StorageContract {
  @TempDir Path root;
  private FileStorage storage;

  @BeforeEach
  void open() throws IOException {
    storage = FileStorage.open(root);
  }

  @Override
  Storage storage() {
    return storage;
  }

  @Override
  int filesHeld() throws IOException {
    return filesBelow(root).size();
  }

  @Test
  void symbolicLinksAreNotFollowed() throws IOException {
    Path secret = Files.writeString(root.resolve("secret"), "secret");
    Path env = Files.createDirectories(root.resolve("files/env"));
    Files.createSymbolicLink(env.resolve("link"), secret);
    Files.createSymbolicLink(env.resolve("folder"), root);

    assertThat(storage.exists("env", "link")).isFalse();
    assertThat(storage.exists("env", "folder/secret")).isFalse();
    assertThatThrownBy(() -> storage.open("env", "link", "1", 0).close())
        .isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> storage.open("env", "folder/secret", "1", 0).close())
        .isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> store("env", "folder/planted", "x")).isInstanceOf(IOException.class);
    assertThat(storage.delete("env", "folder/secret")).isFalse();
    store("env", "link", "new");

    assertThat(text("env", "link", 0)).isEqualTo("new");
    assertThat(secret).hasContent("secret");
    assertThat(root.resolve("planted")).doesNotExist();
  }

  private static List<Path> filesBelow(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile).toList();
    }
  }
}
