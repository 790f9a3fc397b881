package io.dbimport.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A secret that was given. Immutable. */
sealed interface Secret {

  /** Its value now. */
  String value() throws IOException;

  /** Given as it is. */
  record Given(String value) implements Secret {
    /** Never the value. */
    @Override
    public String toString() {
      return "***";
    }
  }

  /** In a file that may change: read whenever it is asked for. */
  record InFile(Path file) implements Secret {
    @Override
    public String value() throws IOException {
      String text = Files.readString(file).strip();
      if (text.isEmpty()) {
        throw new IOException(file + " is empty");
      }
      Masking.hide(text);
      return text;
    }
  }
}
