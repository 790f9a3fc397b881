package io.dbimport.engine;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Uploads in a local folder: {@code <root>/files/<env>/<path>}. A file appears whole or not at all;
 * symbolic links are not followed. Thread-safe.
 */
public final class FileStorage implements Storage {
  private final Path files;
  private final Path arriving;

  private FileStorage(Path files, Path arriving) {
    this.files = files;
    this.arriving = arriving;
  }

  /**
   * Opens the folder, makes it if it is not there, and removes what broken uploads left behind.
   *
   * @param root one server's own, or several servers' together
   */
  public static FileStorage open(Path root) throws IOException {
    Path files = Files.createDirectories(root.resolve("files")).toRealPath();
    Path arriving = Files.createDirectories(root.resolve("arriving")).toRealPath();
    FileStorage storage = new FileStorage(files, arriving);
    storage.removeLeftovers();
    return storage;
  }

  /** Uploads that another server receives at this moment are younger than this. */
  private static final long LEFTOVER_AFTER_MILLIS = 24 * 60 * 60 * 1000L;

  private void removeLeftovers() throws IOException {
    Files.walkFileTree(
        arriving,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            long age = System.currentTimeMillis() - attributes.lastModifiedTime().toMillis();
            if (age > LEFTOVER_AFTER_MILLIS) {
              Files.deleteIfExists(file);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, @Nullable IOException gone) {
            return FileVisitResult.CONTINUE;
          }
        });
  }

  @Override
  public long store(String env, String path, InputStream body) throws IOException {
    Path target = resolve(env, path);
    Path temporary = arriving.resolve(UUID.randomUUID().toString());
    long length;
    try {
      try (FileChannel channel =
              FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
          OutputStream out = Channels.newOutputStream(channel)) {
        length = body.transferTo(out);
        channel.force(true);
      }
      createParents(target);
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
    return length;
  }

  private void createParents(Path target) throws IOException {
    Path folder = files;
    for (Path part : files.relativize(target.getParent())) {
      folder = folder.resolve(part);
      try {
        Files.createDirectory(folder);
      } catch (FileAlreadyExistsException made) {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
          throw made;
        }
      }
    }
  }

  @Override
  public InputStream open(String env, String path, String version, long position)
      throws IOException {
    Path file = existing(env, path);
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    try {
      channel.position(position);
      // An opened file cannot be asked what it is: its name still stood for this version after it
      // was opened, and a version that was replaced does not come back.
      if (!look(env, path).version().equals(version)) {
        throw new FileChanged(path);
      }
      return Channels.newInputStream(channel);
    } catch (IOException | RuntimeException unusable) {
      channel.close();
      throw unusable;
    }
  }

  /** The inode tells apart what was stored within one tick of the file system's clock. */
  @Override
  public Stored look(String env, String path) throws IOException {
    Map<String, Object> file =
        Files.readAttributes(
            existing(env, path), "unix:ino,size,lastModifiedTime", LinkOption.NOFOLLOW_LINKS);
    long length = (Long) requireNonNull(file.get("size"));
    FileTime modified = (FileTime) requireNonNull(file.get("lastModifiedTime"));
    return new Stored(
        length, "%s-%s-%s".formatted(modified.to(TimeUnit.NANOSECONDS), file.get("ino"), length));
  }

  @Override
  public boolean delete(String env, String path) throws IOException {
    Path file = resolve(env, path);
    return isPlainFile(file) && Files.deleteIfExists(file);
  }

  @Override
  public long used(String env) throws IOException {
    AtomicLong bytes = new AtomicLong();
    Path folder = folder(env);
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      return 0;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            bytes.addAndGet(attributes.isRegularFile() ? attributes.size() : 0);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, @Nullable IOException gone)
              throws IOException {
            if (gone instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw gone == null ? new IOException(file + " cannot be read") : gone;
          }
        });
    return bytes.get();
  }

  private Path existing(String env, String path) throws IOException {
    Path file = resolve(env, path);
    if (!isPlainFile(file)) {
      throw new NoSuchFileException(path);
    }
    return file;
  }

  private boolean isPlainFile(Path file) {
    Path at = files;
    for (Path part : files.relativize(file)) {
      at = at.resolve(part);
      if (Files.isSymbolicLink(at)) {
        return false;
      }
    }
    return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
  }

  private Path folder(String env) {
    return files.resolve(StoragePaths.folder(env));
  }

  private Path resolve(String env, String path) {
    Path target = folder(env);
    for (String part : StoragePaths.parts(path)) {
      target = target.resolve(part);
    }
    if (!target.normalize().equals(target) || !target.startsWith(files)) {
      throw new IllegalArgumentException("the path leaves its environment");
    }
    return target;
  }
}
