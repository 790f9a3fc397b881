package io.dbimport;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.fixtures.Eventually;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What every body of {@link ImportApi} must do. A test class for each body implements it. */
interface ImportApiContract {
  /** The environment that is there. */
  String ENV = "contract-env";

  AtomicInteger NAMES = new AtomicInteger();

  /** The body; the same one within a test. */
  ImportApi api();

  /** Makes a collection in {@link #ENV}. */
  void createCollection(String name) throws Exception;

  /** Puts a file into {@link #ENV}. */
  void upload(String path, String content) throws Exception;

  private static String fresh(String kind) {
    return kind + NAMES.incrementAndGet();
  }

  private String collection() throws Exception {
    String name = fresh("collection");
    createCollection(name);
    return name;
  }

  /** A file with a document for each id. */
  private String file(String... ids) throws Exception {
    String path = "in/" + fresh("file");
    upload(
        path,
        Stream.of(ids)
            .map(id -> "{\"_id\":\"%s\",\"from\":\"%s\"}\n".formatted(id, path))
            .collect(Collectors.joining()));
    return path;
  }

  private static ImportRequest request(
      String env, String collection, String path, boolean stopOnError, ConflictMode mode) {
    return new ImportRequest(
        fresh("request"),
        null,
        new ImportParameters(env, collection, path, FileType.JSON, stopOnError, mode),
        null,
        false);
  }

  private long accepted(String collection, String path, boolean stopOnError, ConflictMode mode)
      throws Exception {
    Reply reply = api().submit(request(ENV, collection, path, stopOnError, mode));
    assertThat(reply).isInstanceOf(Reply.Accepted.class);
    return ((Reply.Accepted) reply).jobId();
  }

  /** The job's end; a state on the way there counts no more than the end does. */
  default JobState end(long jobId) throws Exception {
    return Eventually.see(
        "job " + jobId + " ended",
        () -> ((JobReply.Known) api().state(null, ENV, jobId)).state(),
        state -> state.status().terminal());
  }

  private void assertEnd(long jobId, JobStatus status, long success, long fail) throws Exception {
    JobState end = end(jobId);
    assertThat(new JobState(end.status(), end.recordSuccess(), end.recordFail(), ""))
        .as(end.errorMsg())
        .isEqualTo(new JobState(status, success, fail, ""));
  }

  private void assertRefused(
      int errcode, ErrorClass errorClass, String env, String collection, String path)
      throws Exception {
    Reply reply = api().submit(request(env, collection, path, false, ConflictMode.INSERT));
    assertThat(reply).isInstanceOf(Reply.Refused.class);
    Reply.Refused refused = (Reply.Refused) reply;
    assertThat(refused.errcode()).isEqualTo(errcode);
    assertThat(refused.errorClass()).isEqualTo(errorClass);
    assertThat(refused.message()).startsWith(ErrorCode.of(errcode).orElseThrow().message());
  }

  @Test
  default void anAcceptedImportIsAJobThatSucceedsWithItsCounts() throws Exception {
    long jobId = accepted(collection(), file("a", "b", "c"), true, ConflictMode.INSERT);
    assertThat(jobId).isPositive();
    assertEnd(jobId, JobStatus.SUCCESS, 3, 0);
  }

  @Test
  default void anEndedJobStaysAsItIs() throws Exception {
    long jobId = accepted(collection(), file("a"), true, ConflictMode.INSERT);
    assertThat(end(jobId)).isEqualTo(end(jobId));
  }

  @Test
  default void anAbsentEnvironmentIsSaid() throws Exception {
    assertRefused(-501000, ErrorClass.MISSING, "no-such-env", collection(), file("a"));
  }

  @Test
  default void anAbsentCollectionIsSaid() throws Exception {
    assertRefused(-502005, ErrorClass.MISSING, ENV, "no-such-collection", file("a"));
  }

  @Test
  default void anAbsentFileIsSaid() throws Exception {
    assertRefused(-503003, ErrorClass.MISSING, ENV, collection(), "in/no-such-file");
  }

  @Test
  default void aPathThatLeavesItsEnvironmentIsNotAllowed() throws Exception {
    assertRefused(40097, ErrorClass.INVALID, ENV, collection(), "in/../../secret");
  }

  @Test
  default void aServiceThatIsThereAnswers() throws Exception {
    assertThat(api().presence(null)).isEqualTo(Presence.WELL);
  }

  @Test
  default void aJobThatNeverWasIsNotKnown() throws Exception {
    JobReply reply = api().state(null, ENV, 4_000_000_000_000_000L);
    assertThat(reply).isInstanceOf(JobReply.NotKnown.class);
    assertThat(((JobReply.NotKnown) reply).errcode()).isEqualTo(40097);
  }

  @Test
  default void aJobIsKnownInItsEnvironmentOnly() throws Exception {
    long jobId = accepted(collection(), file("a"), true, ConflictMode.INSERT);
    assertThat(api().state(null, "no-such-env", jobId)).isInstanceOf(JobReply.NotKnown.class);
  }

  @Test
  default void insertCountsDocumentsThatAreThereAlreadyAndGoesOn() throws Exception {
    String collection = collection();
    assertEnd(
        accepted(collection, file("a", "b"), false, ConflictMode.INSERT), JobStatus.SUCCESS, 2, 0);
    assertEnd(
        accepted(collection, file("a", "b", "c"), false, ConflictMode.INSERT),
        JobStatus.SUCCESS,
        1,
        2);
  }

  @Test
  default void insertThatStopsOnErrorEndsAtTheFirstConflict() throws Exception {
    String collection = collection();
    assertEnd(accepted(collection, file("b"), true, ConflictMode.INSERT), JobStatus.SUCCESS, 1, 0);
    assertEnd(
        accepted(collection, file("a", "b", "c"), true, ConflictMode.INSERT), JobStatus.FAIL, 1, 1);
    // The third was not reached: it is not there yet.
    assertEnd(accepted(collection, file("c"), true, ConflictMode.INSERT), JobStatus.SUCCESS, 1, 0);
  }

  @Test
  default void anInsertThatWritesNothingFails() throws Exception {
    String collection = collection();
    assertEnd(accepted(collection, file("a"), false, ConflictMode.INSERT), JobStatus.SUCCESS, 1, 0);
    assertEnd(accepted(collection, file("a"), false, ConflictMode.INSERT), JobStatus.FAIL, 0, 1);
  }

  @Test
  default void upsertTakesDocumentsThatAreThereAlready() throws Exception {
    String collection = collection();
    assertEnd(
        accepted(collection, file("a", "b"), true, ConflictMode.UPSERT), JobStatus.SUCCESS, 2, 0);
    assertEnd(
        accepted(collection, file("b", "c"), true, ConflictMode.UPSERT), JobStatus.SUCCESS, 2, 0);
  }

  @Test
  default void twoSubmitsAreTwoJobsInTheOrderTheyWereAccepted() throws Exception {
    String collection = collection();
    String file = file("a", "b");
    ImportRequest request = request(ENV, collection, file, false, ConflictMode.INSERT);
    long first = ((Reply.Accepted) api().submit(request)).jobId();
    long second = ((Reply.Accepted) api().submit(request)).jobId();
    assertThat(second).isNotEqualTo(first);
    assertEnd(first, JobStatus.SUCCESS, 2, 0);
    assertEnd(second, JobStatus.FAIL, 0, 2);
  }
}
