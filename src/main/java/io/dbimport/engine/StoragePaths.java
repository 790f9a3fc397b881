package io.dbimport.engine;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Which paths an upload may have: {@link Storage} says the rule. Stateless. */
public final class StoragePaths {
  private static final int MAX_PATH_BYTES = 850;
  private static final int MAX_PART_BYTES = 200;

  private StoragePaths() {}

  /** Whatever the environment is named, its folder is one folder. */
  static String folder(String env) {
    String folder = URLEncoder.encode(env, StandardCharsets.UTF_8).replace(".", "%2E");
    if (parts(folder).size() != 1) {
      throw new IllegalArgumentException("the environment has no folder of its own");
    }
    return folder;
  }

  /**
   * The path's parts.
   *
   * @throws IllegalArgumentException when the path is not allowed, with the reason
   */
  public static List<String> parts(String path) {
    if (path.isEmpty()) {
      throw new IllegalArgumentException("the path is empty");
    }
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(path)) {
      throw new IllegalArgumentException("the path is not valid Unicode");
    }
    if (path.getBytes(StandardCharsets.UTF_8).length > MAX_PATH_BYTES) {
      throw new IllegalArgumentException("the path is longer than 850 bytes of UTF-8");
    }
    if (path.indexOf('\\') >= 0 || path.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException("the path holds a backslash or a control character");
    }
    List<String> parts = List.of(path.split("/", -1));
    for (String part : parts) {
      if (part.isEmpty() || part.equals(".") || part.equals("..")) {
        throw new IllegalArgumentException(
            "the path begins or ends with a slash, or has an empty part, . or ..");
      }
      if (part.getBytes(StandardCharsets.UTF_8).length > MAX_PART_BYTES) {
        throw new IllegalArgumentException("a part of the path is longer than 200 bytes of UTF-8");
      }
    }
    return parts;
  }
}
