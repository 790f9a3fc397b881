package io.dbimport.cli;

import io.dbimport.JobReply;
import io.dbimport.cli.Screen.Look;
import io.dbimport.client.FailureLink;
import io.dbimport.client.HttpImportApi;
import io.dbimport.event.ResultEvent;
import io.dbimport.event.ResultEvent.Accepted;
import io.dbimport.event.ResultEvent.Failed;
import io.dbimport.event.ResultEvent.Finished;
import io.dbimport.kafka.ResultReader;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Follows requests that were sent, to the end of their jobs. Confined to one command. */
final class Waiting {
  private static final String INDENT = " ".repeat(12);
  private static final Duration POLL = Duration.ofMillis(300);
  private static final long LOOK_NANOS = Duration.ofSeconds(1).toNanos();

  /** What following a job takes. Immutable. */
  record Followed(Screen screen, HttpImportApi api, RefusedRecords refused) {}

  private final Screen screen;
  private final HttpImportApi api;
  private final RefusedRecords refused;
  private final ResultReader results;
  private final StopSignal signal;
  private final Map<String, Submission> open = new LinkedHashMap<>();
  private final Map<String, Long> jobs = new LinkedHashMap<>();
  private boolean good = true;

  Waiting(Followed jobs, ResultReader results, StopSignal signal) {
    this.signal = signal;
    this.screen = jobs.screen();
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
      if (!open.isEmpty() && screen.live() && System.nanoTime() >= nextLook) {
        show();
        nextLook = System.nanoTime() + LOOK_NANOS;
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
      case Accepted(String id, long jobId, int _) -> {
        jobs.put(id, jobId);
        screen.line("  accepted  %s: job %d".formatted(submission.file(), jobId));
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
    if (!success || !list.offered()) {
      screen.wrapped(Look.PLAIN, INDENT.length(), job.errorMsg());
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

  /** One bar: for the job that runs, or for the requests that wait for theirs. */
  private void show() throws InterruptedException {
    var running = jobs.entrySet().stream().findFirst();
    if (running.isEmpty()) {
      screen.progress("waiting for a worker", 0, open.size());
      return;
    }
    Submission submission = open.get(running.get().getKey());
    if (submission != null
        && api.state(
                submission.request().appId(),
                submission.request().parameters().env(),
                running.get().getValue())
            instanceof JobReply.Known(var state)) {
      screen.progress(
          state.status().tag() + " " + submission.file().getFileName(),
          state.recordSuccess() + state.recordFail(),
          submission.records());
    }
  }
}
