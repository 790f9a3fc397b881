package io.dbimport;

import java.nio.charset.StandardCharsets;

/**
 * The six parameters of one import, exactly as the API takes them. Immutable, and valid once made.
 *
 * @param env id of the environment, 1 to 63 bytes of UTF-8
 * @param collectionName the collection imported into, 1 to 63 bytes of UTF-8
 * @param filePath path of the uploaded file within the environment, not empty
 * @param fileType how the file is read
 * @param stopOnError whether the first bad record ends the import
 * @param conflictMode what happens to a document that is already there
 */
public record ImportParameters(
    String env,
    String collectionName,
    String filePath,
    FileType fileType,
    boolean stopOnError,
    ConflictMode conflictMode) {

  /** Longest name of an environment or a collection, in bytes of UTF-8 (PostgreSQL's limit). */
  public static final int MAX_NAME_BYTES = 63;

  public ImportParameters {
    requireName("env", env);
    requireName("collectionName", collectionName);
    if (filePath.isEmpty()) {
      throw new IllegalArgumentException("filePath is empty");
    }
  }

  /** Whether this may name an environment or a collection: 1 to 63 bytes of UTF-8. */
  public static boolean isName(String name) {
    return !name.isEmpty()
        && name.length() <= MAX_NAME_BYTES
        && name.getBytes(StandardCharsets.UTF_8).length <= MAX_NAME_BYTES;
  }

  private static void requireName(String what, String name) {
    if (!isName(name)) {
      throw new IllegalArgumentException(
          what + " must have 1 to " + MAX_NAME_BYTES + " bytes of UTF-8, not: " + name);
    }
  }
}
