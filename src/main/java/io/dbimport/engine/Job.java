package io.dbimport.engine;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.JobStatus;
import io.dbimport.engine.RecordReader.Place;
import org.jspecify.annotations.Nullable;

/**
 * A job that this engine has claimed. Immutable.
 *
 * @param claim names the claim: whoever lost it can write nothing more
 * @param fileVersion the file that was accepted; null where an earlier version of the engine did
 *     not note it
 * @param progress how far an earlier claim came
 * @param ending how it ends once the list of its failures is written; null while it imports
 */
record Job(
    long id,
    String claim,
    ImportParameters parameters,
    @Nullable String fileVersion,
    Progress progress,
    @Nullable Ending ending) {

  /**
   * How a job ends. Immutable.
   *
   * @param status that it ends with
   * @param text for people
   */
  record Ending(JobStatus status, String text) {}

  /**
   * How far a job is; written in the transaction of the documents it counts. Immutable.
   *
   * @param place where reading stands
   * @param succeeded documents written
   * @param failed records that failed
   * @param firstFailures the first few, a line each
   */
  record Progress(Place place, long succeeded, long failed, String firstFailures) {
    static final Progress START = new Progress(Place.START, 0, 0, "");
    static final int FAILURES_TOLD = 5;

    /**
     * One batch further.
     *
     * @param read where reading stood after the batch
     */
    Progress plus(Place read, Batch.Result result) {
      StringBuilder told = new StringBuilder(firstFailures);
      long count = firstFailures.isEmpty() ? 0 : firstFailures.lines().count();
      for (FileRecord.Bad bad : result.failures()) {
        if (count++ >= FAILURES_TOLD) {
          break;
        }
        String sentence = bad.problem().sentence().replaceAll("\\s+", " ");
        told.append(told.isEmpty() ? "" : "\n").append(sentence);
      }
      return new Progress(
          read, succeeded + result.written(), failed + result.failures().size(), told.toString());
    }

    /** A reason, and what failed before it. */
    String told(String why) {
      return failed == 0 ? why : why + "; " + failures();
    }

    /** What failed, for people; empty when nothing did. */
    String failures() {
      if (failed == 0) {
        return "";
      }
      String all = failed + " of " + (succeeded + failed) + " records failed: ";
      String more = failed > FAILURES_TOLD ? "; …" : "";
      return all + firstFailures.replace("\n", "; ") + more;
    }
  }

  FileType fileType() {
    return parameters.fileType();
  }

  boolean upserts() {
    return parameters.conflictMode() == ConflictMode.UPSERT;
  }
}
