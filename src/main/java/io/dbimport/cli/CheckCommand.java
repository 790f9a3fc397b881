package io.dbimport.cli;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.cli.Setting.Group;
import io.dbimport.engine.CsvNumbers;
import io.dbimport.engine.Encoding;
import io.dbimport.engine.FileCheck;
import io.dbimport.engine.FileMending;
import io.dbimport.engine.FileMending.Mend;
import io.dbimport.engine.WrongEncoding;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code check}: what an import of files would find, without a server. */
@Command(
    name = "check",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Reads files as the import would and prints every problem with its line, its column and"
            + " what to change; needs no server. Exit code 1 when anything is wrong, with --fix: in OUT.")
final class CheckCommand implements Callable<Integer> {
  private static final String STANDARD_INPUT = "-";

  private final SettingsFlags flags = new SettingsFlags(Group.FILES);

  private CommandSpec spec = CommandSpec.create();

  @Parameters(
      arity = "1..*",
      paramLabel = "FILE",
      description = "JSON or CSV files; - is standard input.")
  private List<String> files = new ArrayList<>();

  @Option(
      names = "--type",
      paramLabel = "json|csv",
      description = "What the files are; default: by .json, .jsonl, .ndjson or .csv.")
  private @Nullable FileType type;

  @Option(
      names = "--mode",
      paramLabel = "insert|upsert",
      defaultValue = "insert",
      description =
          "How the files will be imported: insert refuses an _id that an earlier record has."
              + " Default: insert.")
  private ConflictMode mode = ConflictMode.INSERT;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Option(
      names = "--fix",
      paramLabel = "OUT",
      description =
          "Write what FILE was meant to be to OUT, a file of its own: records of an array on lines,"
              + " without byte order mark, CRLF, trailing commas, in UTF-8 where a byte order mark"
              + " says UTF-16; and check that.")
  private @Nullable Path fixed;

  @Option(
      names = "--encoding",
      paramLabel = "gbk|gb18030",
      description = "With --fix: what FILE is in; OUT is UTF-8.")
  private @Nullable Encoding encoding;

  @Option(names = "--force", description = "With --fix: OUT may be there, and is replaced.")
  private boolean force;

  /** A file and what it is. */
  private record Input(String name, FileType type) {
    InputStream open() throws IOException {
      return name.equals(STANDARD_INPUT) ? System.in : Files.newInputStream(Path.of(name));
    }
  }

  @Spec
  void spec(CommandSpec command) {
    this.spec = command;
    flags.addTo(command);
  }

  @Override
  public Integer call() throws IOException {
    List<Input> inputs = inputs();
    Settings settings = flags.read();
    Logs.quiet(settings);
    CsvNumbers numbers = Wiring.csvNumbers(settings);
    try (Screen screen = Screen.open();
        CheckReport report = json ? new CheckAsJson(screen) : new CheckAsText(screen)) {
      Path out = fixed;
      if (out != null) {
        return fix(inputs.getFirst(), out, numbers, report);
      }
      boolean good = true;
      for (Input input : inputs) {
        good &= check(input.name(), input, numbers, report).good();
      }
      return good ? ExitCode.DONE : ExitCode.IMPORT_FAILED;
    }
  }

  private FileCheck check(String name, Input input, CsvNumbers numbers, CheckReport report)
      throws IOException {
    report.begin(name, input.type());
    try (InputStream in = input.open()) {
      FileCheck check = FileCheck.of(in, input.type(), numbers, mode, report::problem);
      report.end(check);
      return check;
    }
  }

  private int fix(Input input, Path out, CsvNumbers numbers, CheckReport report)
      throws IOException {
    try (WholeFile mended = WholeFile.beside(out)) {
      Input kept = input;
      if (input.name().equals(STANDARD_INPUT)) {
        // It can be read once, and is read twice.
        try (InputStream in = input.open()) {
          kept = new Input(mended.keep(in).toString(), input.type());
        }
      }
      if (encoding == null) {
        var _ = check(input.name(), kept, numbers, report);
      }
      Map<Mend, Long> done;
      try (InputStream in = kept.open();
          OutputStream to = mended.open()) {
        done = FileMending.copy(in, input.type(), encoding, to);
      } catch (WrongEncoding wrong) {
        if (wrong.isUtf8() && !json) {
          throw new CommandFailed(
              ExitCode.USAGE, input.name() + " is UTF-8 already: leave out --encoding");
        }
        report.begin(input.name(), input.type());
        report.problem(wrong.problem());
        report.end(FileCheck.unreadable(wrong.problem()));
        return ExitCode.IMPORT_FAILED;
      }
      if (!mended.publish(force)) {
        throw wrong(out + " is there already; --force replaces it");
      }
      report.mended(out.toString(), done);
      return check(out.toString(), new Input(out.toString(), input.type()), numbers, report).good()
          ? ExitCode.DONE
          : ExitCode.IMPORT_FAILED;
    }
  }

  private List<Input> inputs() {
    if (encoding != null && fixed == null) {
      throw wrong("--encoding: needs --fix OUT, since an import takes UTF-8 alone");
    }
    if (fixed != null && files.size() > 1) {
      throw wrong("--fix: mends one file, but there are " + files.size());
    }
    if (fixed != null && !WholeFile.mayBe(fixed)) {
      throw wrong("--fix: " + fixed + " is no file in a folder that is there");
    }
    if (fixed != null && !force && Files.exists(fixed)) {
      throw wrong(fixed + " is there already; --force replaces it");
    }
    if (files.stream().filter(STANDARD_INPUT::equals).count() > 1) {
      throw wrong("- is standard input, which can be read once");
    }
    return files.stream().map(this::input).toList();
  }

  private Input input(String name) {
    if (!name.equals(STANDARD_INPUT)) {
      InputFile.whyUnreadable(Path.of(name))
          .ifPresent(why -> {
            throw wrong(why);
          });
    }
    return new Input(name, type == null ? typeOf(name) : type);
  }

  private FileType typeOf(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.endsWith(".csv")) {
      return FileType.CSV;
    }
    if (lower.endsWith(".json") || lower.endsWith(".jsonl") || lower.endsWith(".ndjson")) {
      return FileType.JSON;
    }
    throw wrong(name + ": its name does not tell what it is; say --type json or --type csv");
  }

  private CommandLine.ParameterException wrong(String what) {
    return new CommandLine.ParameterException(spec.commandLine(), what);
  }
}
