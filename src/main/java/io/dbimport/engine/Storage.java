package io.dbimport.engine;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;

/**
 * Where uploads lie: one root an environment, which no path can leave. Thread-safe.
 *
 * <p>A path is what the API calls {@code file_path}: relative, with {@code /} between its parts. A
 * path that is not allowed (empty, absolute, a part that is empty, {@code .} or {@code ..}, a
 * control character, a backslash, longer than 850 bytes of UTF-8, or than the storage can name) is
 * refused with an {@link IllegalArgumentException} whose message says what is wrong.
 */
public interface Storage extends AutoCloseable {

  /**
   * Stores all of the stream under this path and returns its length in bytes. A reader sees the old
   * file or the whole new one; when the stream fails there is nothing new.
   *
   * @throws IOException when the stream or the storage fails
   */
  long store(String env, String path, InputStream body) throws IOException;

  /**
   * The same, for a stream that surely has so many bytes: what has no room is refused before they
   * are read.
   *
   * @param atLeast 0 when nothing is known
   */
  default long store(String env, String path, InputStream body, long atLeast) throws IOException {
    return store(env, path, body);
  }

  /**
   * A file as it lay there. Immutable.
   *
   * @param length in bytes
   * @param version another one after each {@link #store} under the same path; 1 to 200 characters
   */
  record Stored(long length, String version) {}

  /** The file is not the one that was asked for: another one was stored under its path. */
  final class FileChanged extends IOException {
    private static final long serialVersionUID = 1L;

    FileChanged(String path) {
      super("another file was stored as " + path);
    }
  }

  /**
   * What lies under this path now.
   *
   * @throws NoSuchFileException when there is no such file
   * @throws IOException when the storage fails
   */
  Stored look(String env, String path) throws IOException;

  /** Whether there is such a file. */
  default boolean exists(String env, String path) throws IOException {
    try {
      look(env, path);
      return true;
    } catch (NoSuchFileException absent) {
      return false;
    }
  }

  /**
   * Opens this version of the file for reading from this position. What is opened stays what it is,
   * whatever is stored under its path meanwhile.
   *
   * @param position in bytes, from 0; past the end there is nothing to read
   * @throws NoSuchFileException when there is no such file
   * @throws FileChanged when it has another version
   * @throws IOException when the storage fails
   */
  InputStream open(String env, String path, String version, long position) throws IOException;

  /**
   * How many bytes the files of an environment have together, at this moment. Looks at every file.
   */
  long used(String env) throws IOException;

  /** Removes the file; false when there was none. */
  boolean delete(String env, String path) throws IOException;

  /** Lets go of what the storage holds open. */
  @Override
  default void close() {}
}
