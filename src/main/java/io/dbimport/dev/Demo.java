package io.dbimport.dev;

import io.dbimport.ConflictMode;
import io.dbimport.ErrorCode;
import io.dbimport.cli.CommandFailed;
import io.dbimport.cli.ExitCode;
import io.dbimport.cli.Screen;
import io.dbimport.cli.Screen.Look;
import io.dbimport.cli.Screen.Part;
import io.dbimport.cli.StopSignal;
import io.dbimport.cli.Table;
import io.dbimport.cli.Table.Cell;
import io.dbimport.cli.Wiring;
import io.dbimport.client.AccessTokens;
import io.dbimport.client.CollectionReply;
import io.dbimport.client.UploadClient;
import io.dbimport.client.UploadReply;
import io.dbimport.event.ResultEvent;
import io.dbimport.event.ResultEvent.Accepted;
import io.dbimport.event.ResultEvent.Failed;
import io.dbimport.event.ResultEvent.Finished;
import io.dbimport.kafka.KafkaSettings;
import io.dbimport.kafka.RequestSender;
import io.dbimport.kafka.ResultReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Imports the samples through the whole system and shows what came of it. Confined to one thread.
 */
final class Demo {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration POLL = Duration.ofMillis(200);

  /** A request and the last that was heard of it. Immutable. */
  private sealed interface Followed {
    String what();

    record Sent(String what) implements Followed {}

    record Running(String what) implements Followed {}

    record Over(String what, ResultEvent end) implements Followed {}
  }

  private final Screen screen;
  private final StopSignal signal;
  private final EmbeddedSystem system;
  private final KafkaSettings kafka;
  private final String env;

  /** By request id, in the order they were sent. */
  private final Map<String, Followed> requests = new LinkedHashMap<>();

  Demo(Screen screen, StopSignal signal, EmbeddedSystem system) {
    this.signal = signal;
    this.screen = screen;
    this.system = system;
    this.kafka = Wiring.kafka(system.settings());
    this.env = Wiring.environments(system.settings()).getFirst();
  }

  /**
   * Runs it; true when every request came to the end that it should.
   *
   * @throws CommandFailed when the samples cannot be brought in, or an end does not come
   */
  boolean run() throws IOException, InterruptedException {
    heading("Uploading samples to " + env);
    upload();
    heading("Requests go in, results come out");
    try (ResultReader results = new ResultReader(kafka)) {
      send();
      follow(results);
    }
    heading("What became of them");
    table();
    heading("Read back from PostgreSQL");
    new ReadBack(screen, system.databaseUrl(), env).print();
    return asExpected();
  }

  private void heading(String text) {
    screen.line("");
    screen.line(Look.STRONG, text);
  }

  private void upload() throws IOException, InterruptedException {
    try (AccessTokens tokens = Wiring.tokens(system.settings());
        UploadClient client = new UploadClient(Wiring.client(system.settings()), tokens)) {
      for (String collection :
          DemoRequest.ALL.stream().map(DemoRequest::collection).distinct().toList()) {
        switch (client.createCollection(null, env, collection)) {
          case CollectionReply.Done() -> {}
          case CollectionReply.Unreachable(String why) ->
              throw new CommandFailed(ExitCode.INTERNAL_ERROR, "the server is away: " + why);
          case CollectionReply.Refused(int code, String why) -> {
            // One that is there already comes from an earlier run whose data was kept.
            if (code != ErrorCode.COLLECTION_CREATE_FAILED.code()) {
              throw new CommandFailed(
                  ExitCode.INTERNAL_ERROR, collection + " was not made: " + code + " " + why);
            }
          }
        }
      }
      for (String sample : Samples.ALL) {
        Path file = Samples.unpack(sample, system.passing().resolve("samples"));
        String path = DemoRequest.path(sample);
        switch (client.upload(null, env, path, file, _ -> {})) {
          case UploadReply.Uploaded(long bytes) ->
              said(Look.GOOD, "↑", path, "%,d bytes".formatted(bytes));
          case UploadReply.LinkRefused(int code, String message) ->
              throw notUploaded(path, code + " " + message);
          case UploadReply.UploadRefused refused -> throw notUploaded(path, refused.text());
          case UploadReply.Unreachable(String why) -> throw notUploaded(path, why);
        }
      }
    }
  }

  private static CommandFailed notUploaded(String path, String why) {
    return new CommandFailed(ExitCode.INTERNAL_ERROR, path + " was not uploaded: " + why);
  }

  private void send() throws InterruptedException {
    try (RequestSender sender = new RequestSender(kafka)) {
      int number = 1;
      for (DemoRequest request : DemoRequest.ALL) {
        String id = "demo-" + number++;
        requests.put(id, new Followed.Sent(request.what()));
        sender.send(request.request(id, env));
        said(Look.NOTE, "→", id, request.what() + ", " + request.file());
      }
      byte[] key = (env + "/countries").getBytes(StandardCharsets.UTF_8);
      // Nobody can read an id in it: it is known by where it lies.
      String id = sender.send(key, DemoRequest.MALFORMED).toString();
      requests.put(id, new Followed.Sent(DemoRequest.MALFORMED_WHAT));
      said(Look.NOTE, "→", "(no id)", DemoRequest.MALFORMED_WHAT);
    }
  }

  private void follow(ResultReader results) throws InterruptedException {
    long giveUpAt = System.nanoTime() + PATIENCE.toNanos();
    while (over() < requests.size()) {
      if (System.nanoTime() > giveUpAt) {
        throw new CommandFailed(
            ExitCode.IMPORT_FAILED,
            "no end came within %d s for %d of %d requests"
                .formatted(PATIENCE.toSeconds(), requests.size() - over(), requests.size()));
      }
      if (signal.arrived()) {
        throw new InterruptedException("SIG" + signal.name());
      }
      screen.progress("requests that came to an end", over(), requests.size());
      results.poll(POLL).forEach(this::heard);
    }
    screen.progressOver();
  }

  private void heard(ResultEvent event) {
    Followed followed = requests.get(event.requestId());
    if (followed == null) {
      return;
    }
    String id = event.requestId().startsWith("demo-") ? event.requestId() : "(no id)";
    switch (event) {
      case Accepted(String _, long jobId, int _, boolean _) -> {
        requests.put(event.requestId(), new Followed.Running(followed.what()));
        said(Look.GOOD, "←", id, "accepted: job " + jobId);
      }
      case Failed failed -> {
        requests.put(event.requestId(), new Followed.Over(followed.what(), failed));
        said(
            Look.BAD,
            "←",
            id,
            failed.errorClass() + ": " + failed.errcode() + " " + failed.errmsg());
      }
      case Finished finished -> {
        requests.put(event.requestId(), new Followed.Over(followed.what(), finished));
        said(
            finished.status().equals("success") ? Look.GOOD : Look.BAD,
            "←",
            id,
            "%s: %d written, %d refused"
                .formatted(finished.status(), finished.recordSuccess(), finished.recordFail()));
      }
    }
  }

  private int over() {
    return (int) requests.values().stream().filter(Followed.Over.class::isInstance).count();
  }

  private void said(Look look, String sign, String what, String more) {
    screen.line(
        List.of(
            new Part(look, "  " + sign + " "),
            Part.of(Screen.padded(what, 36)),
            new Part(Look.FAINT, more)));
  }

  private void table() {
    Table table =
        new Table(List.of("REQUEST", "FILE", "INTO", "MODE", "OUTCOME", "WRITTEN", "REFUSED"));
    int number = 0;
    for (Followed followed : requests.values()) {
      DemoRequest request = number < DemoRequest.ALL.size() ? DemoRequest.ALL.get(number) : null;
      number++;
      if (!(followed instanceof Followed.Over(String what, ResultEvent end))) {
        continue;
      }
      table.row(
          List.of(
              Cell.of(number + " " + what),
              Cell.of(request == null ? "-" : request.file()),
              Cell.of(request == null ? "-" : request.collection()),
              Cell.of(
                  request == null
                      ? "-"
                      : request.mode() == ConflictMode.INSERT ? "insert" : "upsert"),
              outcome(end),
              end instanceof Finished job ? Cell.number(job.recordSuccess()) : Cell.of("-"),
              end instanceof Finished job ? Cell.number(job.recordFail()) : Cell.of("-")));
    }
    table.print(screen);
    notes();
  }

  private static Cell outcome(ResultEvent end) {
    return switch (end) {
      case Accepted _ -> Cell.of("accepted");
      case Failed failed -> Cell.of(failed.errorClass() + " " + failed.errcode(), Look.BAD);
      case Finished job ->
          Cell.of("job " + job.status(), job.status().equals("success") ? Look.GOOD : Look.BAD);
    };
  }

  private void notes() {
    screen.line("");
    int number = 0;
    for (Followed followed : requests.values()) {
      number++;
      String note =
          followed instanceof Followed.Over(String _, ResultEvent end)
              ? switch (end) {
                case Accepted _ -> "";
                case Failed failed -> failed.detail();
                case Finished job -> job.errorMsg();
              }
              : "";
      if (!note.isEmpty()) {
        screen.line(
            List.of(Part.of("  " + number + "  "), new Part(Look.FAINT, withoutCallId(note))));
      }
    }
  }

  /** The API ends its texts with an id of the call, another one each time. */
  private static String withoutCallId(String note) {
    int rid = note.indexOf(" rid: ");
    return (rid < 0 ? note : note.substring(0, rid)).lines().findFirst().orElse("");
  }

  /** The samples and what is wrong with them never change, so neither do the counts. */
  private boolean asExpected() {
    return ends()
        .equals(
            List.of(
                "success 250 0",
                "fail 0 250",
                "success 250 0",
                "success 300 0",
                "success 300 0",
                "success 15 5",
                "fail 4 1",
                "missing -503003",
                "malformed 47001"));
  }

  private List<String> ends() {
    return requests.values().stream()
        .map(followed ->
            followed instanceof Followed.Over(String _, ResultEvent end)
                ? switch (end) {
                  case Accepted _ -> "accepted";
                  case Failed failed -> failed.errorClass() + " " + failed.errcode();
                  case Finished job ->
                      job.status() + " " + job.recordSuccess() + " " + job.recordFail();
                }
                : "open")
        .toList();
  }
}
