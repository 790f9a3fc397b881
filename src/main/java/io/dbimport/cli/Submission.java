package io.dbimport.cli;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.engine.FileCheck;
import java.nio.file.Path;

/**
 * A local file and the request to import it. Immutable.
 *
 * @param records how many the file has; 0 before it was checked
 */
record Submission(Path file, ImportRequest request, long records) {
  FileType type() {
    return request.parameters().fileType();
  }

  /**
   * The same after the file was read: an UPSERT may be called twice only if every record has an
   * {@code _id} of its own.
   *
   * <p>Each content of each request has a path of its own: no later upload changes what a running
   * job reads, and an id that is used for something else is refused for that.
   *
   * @param content names what was read
   */
  Submission checked(FileCheck found, String content) {
    ImportParameters asked = request.parameters();
    boolean upsert = asked.conflictMode() == ConflictMode.UPSERT;
    String path =
        "submitted/%s/%s/%s"
            .formatted(
                request.requestId().replaceAll("[^A-Za-z0-9._-]", "-"),
                content,
                file.getFileName());
    return new Submission(
        file,
        new ImportRequest(
            request.requestId(),
            request.appId(),
            new ImportParameters(
                asked.env(),
                asked.collectionName(),
                path,
                asked.fileType(),
                asked.stopOnError(),
                asked.conflictMode()),
            request.deadline(),
            upsert && found.withoutId() == 0),
        found.records());
  }
}
