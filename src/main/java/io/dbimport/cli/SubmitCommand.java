package io.dbimport.cli;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.cli.Screen.Look;
import io.dbimport.cli.Setting.Group;
import io.dbimport.cli.Waiting.Followed;
import io.dbimport.client.AccessTokens;
import io.dbimport.client.FailureListClient;
import io.dbimport.client.HttpImportApi;
import io.dbimport.client.UploadClient;
import io.dbimport.engine.CsvNumbers;
import io.dbimport.engine.FileCheck;
import io.dbimport.engine.Problem;
import io.dbimport.event.Source;
import io.dbimport.kafka.KafkaSettings;
import io.dbimport.kafka.RequestSender;
import io.dbimport.kafka.ResultReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code submit}: checks files, uploads them, and sends a request for each. */
@Command(
    name = "submit",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Checks each file, uploads it, and sends the request to import it; with --wait stays until"
            + " the job has ended.")
final class SubmitCommand implements Callable<Integer> {
  private static final int PROBLEMS_TOLD = 20;
  private static final int REFUSED_TOLD = 10;

  private final SettingsFlags flags =
      new SettingsFlags(Group.KAFKA, Group.API, Group.TOKEN, Group.FILES);

  private CommandSpec spec = CommandSpec.create();

  @Parameters(arity = "1..*", paramLabel = "FILE", description = "JSON or CSV files.")
  private List<Path> files = new ArrayList<>();

  @Option(names = "--env", required = true, description = "The environment to import into.")
  private String env = "";

  @Option(names = "--collection", required = true, description = "The collection to import into.")
  private String collection = "";

  @Option(
      names = "--app-id",
      paramLabel = "ID",
      description = "The app to import for, one of DBIMPORT_APPS; default: the one app there is.")
  private @Nullable String appId;

  @Option(
      names = "--mode",
      paramLabel = "insert|upsert",
      defaultValue = "insert",
      description = "What to do about an _id that is there: insert refuses it. Default: insert.")
  private ConflictMode mode = ConflictMode.INSERT;

  @Option(
      names = "--type",
      paramLabel = "json|csv",
      description = "What the files are; default: csv for FILE.csv, else json.")
  private @Nullable FileType type;

  @Option(names = "--stop-on-error", description = "Stop at the first record that is refused.")
  private boolean stopOnError;

  @Option(
      names = "--create-collection",
      description = "Make the collection first if it is not there.")
  private boolean createCollection;

  @Option(
      names = "--anyway",
      description = "Send a file though some of its records will be refused.")
  private boolean anyway;

  @Option(
      names = "--request-id",
      paramLabel = "ID",
      description = "Names the request, for one file only; default: a new one.")
  private @Nullable String requestId;

  @Option(
      names = "--deadline",
      paramLabel = "INSTANT",
      description = "After this it must not be called any more, such as 2026-01-31T08:00:00Z.")
  private @Nullable String deadline;

  @Option(
      names = "--wait",
      description = "Stay until the jobs have ended, and show how far they are.")
  private boolean wait;

  @Option(
      names = "--errors",
      paramLabel = "FILE",
      description =
          "With --wait, for one file only: save the whole list of refused records to FILE, a JSON"
              + " object a line; FILE must not be there yet.")
  private @Nullable Path errors;

  @Spec
  void spec(CommandSpec command) {
    this.spec = command;
    flags.addTo(command);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    List<Submission> submissions = submissions();
    Settings settings = flags.read();
    Logs.quiet(settings);
    KafkaSettings kafka = Wiring.kafka(settings);
    try (Screen screen = Screen.open()) {
      if (!check(screen, Wiring.csvNumbers(settings), submissions)) {
        return ExitCode.IMPORT_FAILED;
      }
      try (AccessTokens tokens = Wiring.tokens(settings);
          Admin admin = KafkaReach.open(kafka);
          UploadClient uploads = new UploadClient(Wiring.client(settings), tokens);
          FailureListClient lists = new FailureListClient(Wiring.client(settings));
          HttpImportApi api = new HttpImportApi(Wiring.client(settings), tokens)) {
        // How the brokers are set up is not this caller's affair.
        var _ = KafkaReach.requireTopics(admin, kafka, Wiring.remembered(settings));
        int broughtIn =
            new Uploads(screen, uploads, appId)
                .bringIn(submissions, env, collection, createCollection);
        if (broughtIn != ExitCode.DONE) {
          return broughtIn;
        }
        RefusedRecords refused = new RefusedRecords(lists, REFUSED_TOLD, errors);
        return send(new Followed(screen, api, refused), kafka, submissions);
      } catch (KafkaException refused) {
        throw KafkaReach.failed(kafka, refused);
      }
    }
  }

  private int send(Followed jobs, KafkaSettings kafka, List<Submission> submissions)
      throws InterruptedException {
    // Before anything is sent: whatever comes afterwards is seen.
    try (ResultReader results = wait ? new ResultReader(kafka) : null;
        RequestSender sender = new RequestSender(kafka)) {
      for (Submission submission : submissions) {
        Source at = sender.send(submission.request());
        jobs.screen()
            .line(
                Look.PLAIN,
                "  sent      %s as request %s (%s)"
                    .formatted(submission.file(), submission.request().requestId(), at));
      }
      return results == null
          ? ExitCode.DONE
          : new Waiting(jobs, results, StopSignal.listen(ExitCode.INTERRUPTED)).follow(submissions);
    }
  }

  private boolean check(Screen screen, CsvNumbers numbers, List<Submission> submissions)
      throws IOException {
    boolean good = true;
    for (int i = 0; i < submissions.size(); i++) {
      Submission submission = submissions.get(i);
      screen.progress("checking " + submission.file(), 0, 0);
      List<Problem> first = new ArrayList<>();
      try (DigestInputStream in =
          new DigestInputStream(Files.newInputStream(submission.file()), Content.digest())) {
        FileCheck found =
            FileCheck.of(
                in,
                submission.type(),
                numbers,
                mode,
                problem -> {
                  if (first.size() < PROBLEMS_TOLD) {
                    first.add(problem);
                  }
                });
        good &= tell(screen, submission, found, first);
        in.transferTo(OutputStream.nullOutputStream());
        submissions.set(i, submission.checked(found, Content.name(in.getMessageDigest())));
      }
    }
    return good;
  }

  private boolean tell(
      Screen screen, Submission submission, FileCheck found, List<Problem> problems) {
    if (found.good()) {
      screen.line(
          Look.PLAIN,
          "  checked   %s: %s".formatted(submission.file(), CheckAsText.records(found.records())));
      CheckAsText.separatorNote(found).ifPresent(note -> screen.wrapped(Look.NOTE, 12, note));
      return true;
    }
    screen.line(
        Look.BAD,
        found.readable()
            ? "  checked   %s: %,d of %,d records would be refused"
                .formatted(submission.file(), found.bad(), found.records())
            : "  unusable  " + submission.file());
    problems.forEach(problem -> screen.line(Look.PLAIN, "            " + problem.sentence()));
    if (!found.readable()) {
      screen.line(
          Look.PLAIN,
          "            nothing was sent"
              + (anyway ? "; an import would end there, --anyway or not" : ""));
      return false;
    }
    if (!anyway) {
      screen.line(Look.PLAIN, "            nothing was sent; --anyway sends it all the same");
    }
    return anyway;
  }

  private List<Submission> submissions() {
    if (requestId != null && files.size() > 1) {
      throw wrong("--request-id: names one request, but there are " + files.size() + " files");
    }
    Path list = errors;
    if (list != null && !wait) {
      throw wrong("--errors: needs --wait: only then it is known what was refused");
    }
    if (list != null && files.size() > 1) {
      throw wrong("--errors: the list of one file, but there are " + files.size());
    }
    Optional<String> whyNot = list == null ? Optional.empty() : WholeFile.whyNotNew(list);
    if (whyNot.isPresent()) {
      throw wrong("--errors: " + whyNot.get());
    }
    for (Path file : files) {
      Optional<String> unreadable = InputFile.whyUnreadable(file);
      if (unreadable.isPresent()) {
        throw wrong(unreadable.get());
      }
      if (!Files.isRegularFile(file)) {
        throw wrong(file + " is no file that can be read twice");
      }
    }
    for (String name : List.of(env, collection)) {
      if (name.isEmpty() || !ImportParameters.isName(name)) {
        throw wrong("\"" + name + "\" is no name: 1 to 63 bytes of UTF-8");
      }
    }
    Instant notAfter = deadline();
    List<Submission> submissions = new ArrayList<>();
    for (Path file : files) {
      String id = requestId == null ? UUID.randomUUID().toString() : requestId;
      submissions.add(submission(file, id, notAfter));
    }
    return submissions;
  }

  private Submission submission(Path file, String id, @Nullable Instant notAfter) {
    String name = String.valueOf(file.getFileName());
    FileType found =
        type != null
            ? type
            : name.toLowerCase(Locale.ROOT).endsWith(".csv") ? FileType.CSV : FileType.JSON;
    return new Submission(
        file,
        new ImportRequest(
            id,
            appId,
            new ImportParameters(env, collection, name, found, stopOnError, mode),
            notAfter,
            false),
        0);
  }

  private @Nullable Instant deadline() {
    if (deadline == null) {
      return null;
    }
    try {
      Instant instant = OffsetDateTime.parse(deadline).toInstant();
      if (instant.isBefore(Instant.now())) {
        throw wrong("--deadline: " + deadline + " has passed");
      }
      return instant;
    } catch (DateTimeParseException notAnInstant) {
      throw wrong("--deadline: \"" + deadline + "\" is no instant; write 2026-01-31T08:00:00Z");
    }
  }

  private CommandLine.ParameterException wrong(String what) {
    return new CommandLine.ParameterException(spec.commandLine(), what);
  }
}
