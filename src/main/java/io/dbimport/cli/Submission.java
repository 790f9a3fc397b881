package io.dbimport.cli;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
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
   */
  Submission checked(FileCheck found) {
    boolean upsert = request.parameters().conflictMode() == ConflictMode.UPSERT;
    return new Submission(
        file,
        new ImportRequest(
            request.requestId(),
            request.appId(),
            request.parameters(),
            request.deadline(),
            upsert && found.withoutId() == 0),
        found.records());
  }
}
