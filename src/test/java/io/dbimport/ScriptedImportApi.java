package io.dbimport;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * The import service in memory: JSON files of one document a line, and only their {@code _id}. By
 * itself it passes the contract of {@link ImportApi}; a script says otherwise for one request or
 * one job. Thread-safe: all but waiting is done under its lock.
 */
public final class ScriptedImportApi implements ImportApi {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private record Place(String env, String name) {}

  private record Job(String env, JobState end) {}

  /** Holds the next call of a request between its arrival and its answer. Thread-safe. */
  public static final class Hold {
    private final CountDownLatch arrived = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);

    private Hold() {}

    /** Waits until the call has arrived. */
    public void awaitArrival() throws InterruptedException {
      arrived.await();
    }

    /** Lets the call be answered. */
    public void release() {
      released.countDown();
    }
  }

  private final Set<String> environments = new HashSet<>();
  private final Map<Place, Set<String>> collections = new HashMap<>();
  private final Map<Place, List<String>> files = new HashMap<>();
  private final Map<Long, Job> jobs = new HashMap<>();
  private final Set<Long> seen = new HashSet<>();
  private final Map<String, Queue<Reply>> scripts = new HashMap<>();
  private final Map<String, Hold> holds = new HashMap<>();
  private final List<ImportRequest> calls = new ArrayList<>();
  private long lastJobId;
  private Presence presence = Presence.WELL;
  private int probes;

  /** Makes a collection, and its environment if it is not there. */
  public synchronized void createCollection(String env, String name) {
    environments.add(env);
    collections.putIfAbsent(new Place(env, name), new HashSet<>());
  }

  /** Stores a file of JSON documents, one a line, each with an {@code _id}. */
  public synchronized void upload(String env, String path, String content) {
    environments.add(env);
    files.put(
        new Place(env, path),
        content.lines().map(line -> JSON.readTree(line).path("_id").stringValue()).toList());
  }

  /** The next calls of this request get these replies, and change nothing else. */
  public synchronized void script(String requestId, Reply... replies) {
    scripts.computeIfAbsent(requestId, _ -> new ArrayDeque<>()).addAll(List.of(replies));
  }

  /** The job ends like this instead. */
  public synchronized void scriptEnd(String env, long jobId, JobState end) {
    jobs.put(jobId, new Job(env, end));
  }

  /** The next call of this request waits for its release. */
  public synchronized Hold hold(String requestId) {
    Hold hold = new Hold();
    holds.put(requestId, hold);
    return hold;
  }

  /** What {@link #presence} says from now on. */
  public synchronized void found(Presence found) {
    presence = found;
  }

  /** Calls of {@link #presence} so far. */
  public synchronized int probes() {
    return probes;
  }

  /** Every call of {@link #submit} so far, in the order they arrived. */
  public synchronized List<ImportRequest> calls() {
    return List.copyOf(calls);
  }

  @Override
  public Reply submit(ImportRequest request) throws InterruptedException {
    Optional<Hold> hold = arrive(request);
    if (hold.isPresent()) {
      hold.get().arrived.countDown();
      hold.get().released.await();
    }
    return answer(request);
  }

  private synchronized Optional<Hold> arrive(ImportRequest request) {
    calls.add(request);
    return Optional.ofNullable(holds.remove(request.requestId()));
  }

  private synchronized Reply answer(ImportRequest request) {
    Queue<Reply> script = scripts.get(request.requestId());
    Reply scripted = script == null ? null : script.poll();
    if (scripted != null) {
      return scripted;
    }
    ImportParameters parameters = request.parameters();
    String env = parameters.env();
    if (!environments.contains(env)) {
      return refused(ErrorCode.ENVIRONMENT_ABSENT);
    }
    Set<String> collection = collections.get(new Place(env, parameters.collectionName()));
    if (collection == null) {
      return refused(ErrorCode.COLLECTION_ABSENT);
    }
    if (List.of(parameters.filePath().split("/", -1)).contains("..")) {
      return refused(ErrorCode.INVALID_ARGS);
    }
    List<String> ids = files.get(new Place(env, parameters.filePath()));
    if (ids == null) {
      return refused(ErrorCode.FILE_ABSENT);
    }
    jobs.put(++lastJobId, new Job(env, run(parameters, ids, collection)));
    return new Reply.Accepted(lastJobId);
  }

  private static JobState run(ImportParameters parameters, List<String> ids, Set<String> into) {
    long written = 0;
    long failed = 0;
    for (String id : ids) {
      if (into.add(id) || parameters.conflictMode() == ConflictMode.UPSERT) {
        written++;
      } else {
        failed++;
        if (parameters.stopOnError()) {
          return new JobState(JobStatus.FAIL, written, failed, "stopped at the first error");
        }
      }
    }
    boolean nothing = written == 0 && failed > 0;
    return new JobState(
        nothing ? JobStatus.FAIL : JobStatus.SUCCESS, written, failed, "import finished");
  }

  private static Reply refused(ErrorCode code) {
    return Reply.Refused.of(code.code(), code.message());
  }

  @Override
  public synchronized Presence presence(@Nullable String appId) {
    probes++;
    return presence;
  }

  /** At the first look a job is still running. */
  @Override
  public synchronized JobReply state(@Nullable String appId, String env, long jobId) {
    Job job = jobs.get(jobId);
    if (job == null || !job.env().equals(env)) {
      return new JobReply.NotKnown(
          ErrorCode.INVALID_ARGS.code(), ErrorCode.INVALID_ARGS.message() + ": no such job");
    }
    return new JobReply.Known(
        seen.add(jobId) ? new JobState(JobStatus.WRITING, 0, 0, "") : job.end());
  }
}
