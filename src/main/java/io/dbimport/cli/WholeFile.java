package io.dbimport.cli;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;

/**
 * A file that is there whole or not at all: written beside its place under another name, and moved
 * there. Closing it removes what was not moved. Confined to one command.
 */
final class WholeFile implements AutoCloseable {
  private final Path out;
  private final Path part;
  private final Path kept;

  private WholeFile(Path out, String name) {
    this.out = out;
    this.part = out.resolveSibling(name + ".part");
    this.kept = out.resolveSibling(name + ".input");
  }

  /** Whether a file may be made there: the folder is there, and no folder has its name. */
  static boolean mayBe(Path out) {
    Path folder = out.toAbsolutePath().getParent();
    return folder != null && Files.isDirectory(folder) && !Files.isDirectory(out);
  }

  /** Why no new file may be made there; empty when one may. */
  static Optional<String> whyNotNew(Path out) {
    if (!mayBe(out)) {
      return Optional.of(out + " is no file in a folder that is there");
    }
    return Files.exists(out) ? Optional.of(out + " is there already") : Optional.empty();
  }

  static WholeFile beside(Path out) {
    return new WholeFile(out, "." + out.getFileName() + "." + UUID.randomUUID());
  }

  /** Keeps a copy of what can be read only once. */
  Path keep(InputStream in) throws IOException {
    Files.copy(in, kept);
    return kept;
  }

  OutputStream open() throws IOException {
    FileChannel channel =
        FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    return new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16) {
      @Override
      public void close() throws IOException {
        try (channel) {
          flush();
          channel.force(true);
        }
      }
    };
  }

  /** Moves the file to its place; false when one is there that must not be replaced. */
  boolean publish(boolean replace) throws IOException {
    try {
      if (replace) {
        Files.move(part, out, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
      } else {
        Files.move(part, out);
      }
      return true;
    } catch (FileAlreadyExistsException there) {
      return false;
    }
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(part);
    Files.deleteIfExists(kept);
  }
}
