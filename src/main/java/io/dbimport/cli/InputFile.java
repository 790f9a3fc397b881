package io.dbimport.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** A file that somebody names to be read. Stateless. */
final class InputFile {
  private InputFile() {}

  /** Why nothing can be read there; empty when something can. */
  static Optional<String> whyUnreadable(Path in) {
    if (Files.notExists(in)) {
      return Optional.of(in + " is not there");
    }
    if (Files.isDirectory(in)) {
      return Optional.of(in + " is a folder");
    }
    return Files.isReadable(in) ? Optional.empty() : Optional.of(in + " may not be read");
  }
}
