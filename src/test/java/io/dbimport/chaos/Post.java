package io.dbimport.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An import that arrived, as the API noted it before it answered. Immutable.
 *
 * @param epochNanos when it was noted
 * @param lane environment and collection
 * @param path names the file, and so the request
 * @param jobId what it was or would have been answered
 */
record Post(long epochNanos, String lane, String path, Answer answer, long jobId) {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /**
   * Every one that is noted in the file, in the order they arrived; a cut last line is left out.
   */
  static List<Post> read(Path notes) {
    try {
      String text = Files.readString(notes);
      return text.substring(0, text.lastIndexOf('\n') + 1).lines().map(Post::noted).toList();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static Post noted(String line) {
    JsonNode json = JSON.readTree(line);
    return new Post(
        json.path("at").longValue(),
        json.path("env").stringValue() + "/" + json.path("collection_name").stringValue(),
        json.path("file_path").stringValue(),
        Answer.valueOf(json.path("answer").asString(Answer.OK.name())),
        json.path("job_id").longValue());
  }
}
