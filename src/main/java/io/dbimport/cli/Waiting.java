package io.dbimport.cli;

import io.dbimport.JobReply;
import io.dbimport.cli.Screen.Look;
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
  private static final Duration POLL = Duration.ofMillis(300);
  private static final long LOOK_NANOS = Duration.ofSeconds(1).toNanos();

  private final Screen screen;
  private final HttpImportApi api;
  private final ResultReader results;
  private final StopSignal signal;
  private final Map<String, Submission> open = new LinkedHashMap<>();
  private final Map<String, Long> jobs = new LinkedHashMap<>();
  private boolean good = true;

  Waiting(Screen screen, HttpImportApi api, ResultReader results, StopSignal signal) {
    this.signal = signal;
    this.screen = screen;
    this.api = api;
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
      results.poll(POLL).forEach(this::heard);
      if (!open.isEmpty() && screen.live() && System.nanoTime() >= nextLook) {
        show();
        nextLook = System.nanoTime() + LOOK_NANOS;
      }
    }
    screen.progressOver();
    return good ? ExitCode.DONE : ExitCode.IMPORT_FAILED;
  }

  private void heard(ResultEvent event) {
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
        if (job.recordFail() > 0 || !success) {
          screen.line("            " + job.errorMsg());
        }
      }
    }
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
