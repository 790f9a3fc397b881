package io.dbimport.engine;

import java.io.IOException;
import java.io.InputStream;

/**
 * Where uploads lie: one root an environment, which no path can leave. Thread-safe.
 *
 * <p>A path is what the API calls {@code file_path}: relative, with {@code /} between its parts. A
 * path that is not allowed (empty, absolute, a part that is empty, {@code .} or {@code ..}, a
 * control character, a backslash, longer than 850 bytes of UTF-8) is refused with an {@link
 * IllegalArgumentException} whose message says what is wrong.
 */
public interface Storage {

  /**
   * Stores all of the stream under this path and returns its length in bytes. A reader sees the old
   * file or the whole new one; when the stream fails there is nothing new.
   *
   * @throws IOException when the stream or the storage fails
   */
  long store(String env, String path, InputStream body) throws IOException;

  /**
   * Opens the file for reading from this position.
   *
   * @param position in bytes, from 0
   * @throws java.nio.file.NoSuchFileException when there is no such file
   * @throws IOException when the storage fails
   */
  InputStream open(String env, String path, long position) throws IOException;

  /** Whether there is such a file. */
  boolean exists(String env, String path) throws IOException;

  /**
   * The file's length in bytes.
   *
   * @throws java.nio.file.NoSuchFileException when there is no such file
   */
  long length(String env, String path) throws IOException;

  /**
   * How many bytes the files of an environment have together, at this moment. Looks at every file.
   */
  long used(String env) throws IOException;

  /** Removes the file; false when there was none. */
  boolean delete(String env, String path) throws IOException;
}
