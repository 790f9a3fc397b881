package io.dbimport.cli;

import io.dbimport.JobReply;
import io.dbimport.JobState;
import io.dbimport.cli.Screen.Look;
import io.dbimport.client.FailureLink;
import io.dbimport.client.HttpImportApi;
import io.dbimport.event.ResultEvent;
import io.dbimport.event.ResultEvent.Accepted;
import io.dbimport.event.ResultEvent.Failed;
import io.dbimport.event.ResultEvent.Finished;
import io.dbimport.kafka.ResultReader;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Follows requests that were sent, to the end of their jobs. Confined to one command. */
final class Waiting {
  private static final String INDENT = " ".repeat(12);
  private static final Duration POLL = Duration.ofMillis(300);
  private static final long LOOK_NANOS = Duration.ofSeconds(1).toNanos();
  private static final long LOOK_UNSEEN_NANOS = Duration.ofSeconds(5).toNanos();

  /** What stands for an errcode where there was no answer. */
  private static final int NO_ANSWER = -1;

  private static final long SILENT_NANOS = Duration.ofSeconds(10).toNanos();

  /** So long after a job has ended its event is waited for, and a state that is refused. */
  private static final long COMES_NANOS = Duration.ofSeconds(10).toNanos();

  /** Says once that somebody is silent, and that he is back. Confined to one command. */
  static final class Silence {
    private final Screen screen;
    private final String whose;
    private long heardNanos;
    private boolean asked;
    private boolean told;

    Silence(Screen screen, String whose) {
      this.screen = screen;
      this.whose = whose;
    }

    void heard(boolean answers, long now) {
      if (answers || !asked) {
        heardNanos = now;
        asked = true;
      }
      boolean silent = now - heardNanos >= SILENT_NANOS;
      if (silent != told) {
        told = silent;
        screen.line(
            Look.NOTE,
            silent
                ? "  silent    nothing from %s for 10 s; still waiting".formatted(whose)
                : "  back      %s answers again".formatted(whose));
      }
    }
  }

  /** What following a job takes. Immutable. */
  record Followed(Screen screen, HttpImportApi api, RefusedRecords refused) {}

  private final Screen screen;
  private final HttpImportApi api;
  private final RefusedRecords refused;
  private final ResultReader results;
  private final StopSignal signal;
  private final Map<String, Submission> open = new LinkedHashMap<>();
  private final Map<String, Accepted> jobs = new LinkedHashMap<>();

  /** Request to when its job was first seen to have ended, or its state refused. */
  private final Map<String, Long> since = new HashMap<>();

  private final Silence kafka;
  private final Silence apiSilence;
  private boolean good = true;

  Waiting(Followed jobs, ResultReader results, StopSignal signal) {
    this.signal = signal;
    this.screen = jobs.screen();
    this.kafka = new Silence(screen, "Kafka");
    this.apiSilence = new Silence(screen, "the API");
    this.api = jobs.api();
    this.refused = jobs.refused();
    this.results = results;
  }

  /** Stays until all have ended; the exit code says whether every import succeeded. */
  int follow(List<Submission> submissions) throws InterruptedException {
    submissions.forEach(submission -> open.put(submission.request().requestId(), submission));
    long nextLook = System.nanoTime();
    while (!open.isEmpty()) {
      if (signal.arrived()) {
        screen.progressOver();
        screen.line("  no longer waiting; what was sent goes on");
        return ExitCode.INTERRUPTED;
      }
      for (ResultEvent event : results.poll(POLL)) {
        heard(event);
      }
      kafka.heard(results.connected(), System.nanoTime());
      if (!open.isEmpty() && System.nanoTime() >= nextLook) {
        look();
        nextLook = System.nanoTime() + (screen.live() ? LOOK_NANOS : LOOK_UNSEEN_NANOS);
      }
    }
    screen.progressOver();
    return good ? ExitCode.DONE : ExitCode.IMPORT_FAILED;
  }

  private void heard(ResultEvent event) throws InterruptedException {
    Submission submission = open.get(event.requestId());
    if (submission == null) {
      return;
    }
    switch (event) {
      case Accepted job -> {
        if (job.equals(jobs.put(job.requestId(), job))) {
          return;
        }
        screen.line(
            job.duplicate()
                ? "  duplicate %s: the same request was accepted before, as job %d"
                    .formatted(submission.file(), job.jobId())
                : "  accepted  %s: job %d".formatted(submission.file(), job.jobId()));
      }
      case Failed failed -> {
        over(event.requestId(), false);
        screen.line(
            Look.BAD,
            "  failed    %s: %s %d, %s"
                .formatted(
                    submission.file(), failed.errorClass(), failed.errcode(), failed.detail()));
        if (!failed.solution().isEmpty()) {
          screen.line(Look.FAINT, "            " + failed.solution());
        }
      }
      case Finished job -> {
        boolean success = job.status().equals("success");
        over(event.requestId(), success);
        screen.line(
            success ? Look.GOOD : Look.BAD,
            "  %s %s: %,d written, %,d refused"
                .formatted(
                    Screen.padded(success ? "finished" : job.status(), 9),
                    submission.file(),
                    job.recordSuccess(),
                    job.recordFail()));
        refused(submission, job, success);
      }
    }
  }

  private void refused(Submission submission, Finished job, boolean success)
      throws InterruptedException {
    if (success && job.recordFail() == 0) {
      if (refused.file() != null) {
        screen.line(Look.FAINT, INDENT + "nothing was refused, and nothing is saved");
      }
      return;
    }
    String appId = submission.request().appId();
    String env = submission.request().parameters().env();
    FailureLink list = api.look(appId, env, job.jobId()).failures();
    String reason = list.offered() ? RefusedRecords.reason(job.errorMsg()) : job.errorMsg();
    if ((!success || !list.offered()) && !reason.isBlank()) {
      screen.wrapped(Look.PLAIN, INDENT.length(), reason);
    }
    boolean told = false;
    if (list.offered()) {
      String rest =
          "%s jobs show %d --env %s%s --all shows every one"
              .formatted(
                  System.getProperty("dbimport.program", "dbimport"),
                  job.jobId(),
                  env,
                  appId == null ? "" : " --app-id " + appId);
      told = refused.print(screen, INDENT.length(), list, job.recordFail(), rest);
    } else if (refused.file() != null) {
      screen.line(Look.BAD, INDENT + "the API has no list of what was refused: nothing is saved");
    }
    good &= told || refused.file() == null;
  }

  private void over(String id, boolean success) {
    open.remove(id);
    jobs.remove(id);
    good &= success;
  }

  /** Looks at the first job that runs, and draws one bar: for it, or for the requests that wait. */
  private void look() throws InterruptedException {
    var running = jobs.values().stream().findFirst();
    if (running.isEmpty()) {
      screen.progress("waiting for a worker", 0, open.size());
      return;
    }
    Accepted job = running.get();
    Submission submission = open.get(job.requestId());
    if (submission == null) {
      return;
    }
    String appId = submission.request().appId();
    JobReply reply = api.state(appId, submission.request().parameters().env(), job.jobId());
    boolean silent = reply instanceof JobReply.NotKnown(int code, String _) && code == NO_ANSWER;
    apiSilence.heard(!silent, System.nanoTime());
    switch (reply) {
      case JobReply.Known(JobState state) -> {
        screen.progress(
            state.status().tag() + " " + submission.file().getFileName(),
            state.recordSuccess() + state.recordFail(),
            submission.records());
        // Of an earlier request's job the event may have come before anybody listened here.
        if (state.status().terminal() && (forLong(job) || job.duplicate())) {
          heard(
              new Finished(
                  job.requestId(),
                  job.jobId(),
                  state.status().tag(),
                  state.recordSuccess(),
                  state.recordFail(),
                  state.errorMsg()));
        }
      }
      case JobReply.NotKnown(int code, String why) -> {
        if (!silent && job.duplicate() && forLong(job)) {
          over(job.requestId(), false);
          screen.line(
              Look.BAD,
              "  unknown   %s: the state of job %d is not to be had: %d %s"
                  .formatted(submission.file(), job.jobId(), code, why));
        }
      }
    }
  }

  private boolean forLong(Accepted job) {
    long now = System.nanoTime();
    return now - since.computeIfAbsent(job.requestId(), _ -> now) >= COMES_NANOS;
  }
}
