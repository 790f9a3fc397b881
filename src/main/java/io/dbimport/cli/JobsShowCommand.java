package io.dbimport.cli;

import io.dbimport.ErrorCode;
import io.dbimport.ImportParameters;
import io.dbimport.JobReply;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.cli.Screen.Look;
import io.dbimport.cli.Screen.Part;
import io.dbimport.cli.Setting.Group;
import io.dbimport.client.AccessTokens;
import io.dbimport.client.ClientSettings;
import io.dbimport.client.FailureEntry;
import io.dbimport.client.FailureLink;
import io.dbimport.client.FailureListClient;
import io.dbimport.client.HttpImportApi;
import io.dbimport.client.JobLook;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code jobs show}: how far a job is, and which records it refused. */
@Command(
    name = "show",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Asks the API how far a job is, and shows the records that it refused, where the API has a"
            + " list of them. Exit code 1 when the job failed, its state is not to be had, or the"
            + " list that --all or --errors asks for is not.")
final class JobsShowCommand implements Callable<Integer> {
  private static final int REFUSED_SHOWN = 20;

  private final SettingsFlags flags = new SettingsFlags(Group.API, Group.TOKEN);

  private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "JOB_ID", description = "The job, as the accepted event names it.")
  private long jobId;

  @Option(names = "--env", required = true, description = "The environment it imports into.")
  private String env = "";

  @Option(
      names = "--app-id",
      paramLabel = "ID",
      description = "The app that it is of, one of DBIMPORT_APPS; default: the one app there is.")
  private @Nullable String appId;

  @Option(
      names = "--all",
      description = "Show all refused records, not the first " + REFUSED_SHOWN + " alone.")
  private boolean all;

  @Option(
      names = "--errors",
      paramLabel = "FILE",
      description =
          "Save the whole list of refused records to FILE, a JSON object a line; FILE must not be"
              + " there yet.")
  private @Nullable Path errors;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Spec
  void spec(CommandSpec command) {
    this.spec = command;
    flags.addTo(command);
  }

  @Override
  public Integer call() throws InterruptedException {
    check();
    Settings settings = flags.read();
    Logs.quiet(settings);
    ClientSettings client = Wiring.client(settings);
    try (AccessTokens tokens = Wiring.tokens(settings);
        HttpImportApi api = new HttpImportApi(client, tokens);
        FailureListClient lists = new FailureListClient(client);
        Screen screen = Screen.open()) {
      JobLook look = api.look(appId, env, jobId);
      JobState state =
          switch (look.reply()) {
            case JobReply.Known(JobState known) -> known;
            case JobReply.NotKnown(int code, String why) -> throw notKnown(code, why);
          };
      var refused = new RefusedRecords(lists, all ? Long.MAX_VALUE : REFUSED_SHOWN, errors);
      // A list grows until the job ends.
      FailureLink link = state.status().terminal() ? look.failures() : FailureLink.NONE;
      boolean told =
          json ? asJson(screen, state, refused, link) : asText(screen, state, refused, link);
      boolean asked = all || errors != null;
      return state.status() == JobStatus.FAIL || (asked && !told)
          ? ExitCode.IMPORT_FAILED
          : ExitCode.DONE;
    }
  }

  private boolean asText(Screen screen, JobState state, RefusedRecords refused, FailureLink link)
      throws InterruptedException {
    Look look =
        switch (state.status()) {
          case SUCCESS -> Look.GOOD;
          case FAIL -> Look.BAD;
          case WAITING, READING, WRITING, MIGRATING -> Look.NOTE;
        };
    screen.line(List.of(new Part(Look.STRONG, "job " + jobId), new Part(Look.FAINT, "  " + env)));
    screen.line(
        List.of(
            new Part(look, "  " + state.status().tag()),
            Part.of(
                "  %,d written, %,d refused%s"
                    .formatted(
                        state.recordSuccess(),
                        state.recordFail(),
                        state.status().terminal() ? "" : " so far"))));
    String reason = link.offered() ? RefusedRecords.reason(state.errorMsg()) : state.errorMsg();
    if (!reason.isBlank()) {
      screen.wrapped(Look.FAINT, 2, reason);
    }
    if (link.offered()) {
      screen.line("");
      return refused.print(
          screen,
          2,
          link,
          state.recordFail(),
          "--all shows every one, --errors FILE saves the list");
    }
    if (state.status().terminal() && state.recordFail() > 0) {
      screen.line(Look.NOTE, "  the API has no list of what was refused");
    }
    if (state.status().terminal() && state.recordFail() == 0 && errors != null) {
      screen.line(Look.NOTE, "  nothing was refused, and nothing is saved");
    }
    return state.recordFail() == 0;
  }

  private boolean asJson(Screen screen, JobState state, RefusedRecords refused, FailureLink link)
      throws InterruptedException {
    screen.line(
        ("{\"job_id\": %d, \"env\": %s, \"status\": %s, \"ended\": %b, \"record_success\": %d,"
                + " \"record_fail\": %d, \"error_msg\": %s, \"refused\": [")
            .formatted(
                jobId,
                Json.compact(env),
                Json.compact(state.status().tag()),
                state.status().terminal(),
                state.recordSuccess(),
                state.recordFail(),
                Json.compact(state.errorMsg())));
    boolean[] later = new boolean[1];
    RefusedRecords.Told told =
        link.offered()
            ? refused.tell(
                link,
                (FailureEntry entry) -> {
                  screen.line((later[0] ? "  ," : "  ") + Json.compact(entry.fields()));
                  later[0] = true;
                })
            : new RefusedRecords.Told(0, state.recordFail() == 0, "");
    screen.line(
        "], \"refused_all\": %b, \"refused_problem\": %s}"
            .formatted(told.all(), Json.compact(told.problem())));
    return told.done() && (link.offered() || state.recordFail() == 0);
  }

  private CommandFailed notKnown(int code, String why) {
    int exit = ExitCode.refusedWith(code);
    // -1 stands for no answer too: then there is no code to speak of.
    String answer = code == -1 ? why : code + " " + why;
    String advice =
        exit == ExitCode.NOT_AUTHORISED
            ? ErrorCode.of(code).map(known -> "\n  " + known.solution()).orElse("")
            : "";
    return new CommandFailed(
        exit, "the state of job " + jobId + " is not to be had: " + answer + advice);
  }

  private void check() {
    if (env.isEmpty() || !ImportParameters.isName(env)) {
      throw wrong("\"" + env + "\" is no name: 1 to 63 bytes of UTF-8");
    }
    Path file = errors;
    Optional<String> whyNot = file == null ? Optional.empty() : WholeFile.whyNotNew(file);
    if (whyNot.isPresent()) {
      throw wrong("--errors: " + whyNot.get());
    }
  }

  private CommandLine.ParameterException wrong(String what) {
    return new CommandLine.ParameterException(spec.commandLine(), what);
  }
}
