package io.dbimport.dev;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * Where everything embedded keeps its data: a temporary folder that goes away with the process, or
 * {@code ./dbimport-data} when it is to be kept. Immutable.
 *
 * @param data of broker, database and storage
 * @param passing what is never kept: unpacked programs, certificates
 */
record DataFolder(Path data, Path passing) implements AutoCloseable {

  /** Makes the folders. */
  static DataFolder open(boolean keep) throws IOException {
    Path passing = Files.createTempDirectory("dbimport-");
    Path data = keep ? Path.of("dbimport-data").toAbsolutePath() : passing.resolve("data");
    return new DataFolder(Files.createDirectories(data), passing);
  }

  /** Removes what is not kept. */
  @Override
  public void close() {
    try {
      Files.walkFileTree(
          passing,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.deleteIfExists(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, @Nullable IOException gone) {
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure)
                throws IOException {
              Files.deleteIfExists(folder);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (NoSuchFileException gone) {
      return;
    } catch (IOException inUse) {
      throw new UncheckedIOException(passing + " cannot be removed", inUse);
    }
  }
}
