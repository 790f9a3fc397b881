package io.dbimport.cli;

import io.dbimport.client.PlainWords;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.FileSystemException;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The program: finds the command, runs it, and turns its end into an exit code. */
@Command(
    name = "dbimport",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    description = {
      "Imports files into WeChat Cloud Development databases, and into PostgreSQL, as Kafka"
          + " requests ask for it.",
      ""
    },
    commandListHeading = "%nCommands:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      " 0:done; a worker: drained",
      " 1:the import or the check failed",
      "64:wrong use of the command line",
      "69:Kafka did not answer for 30 s at start",
      "70:a fault of ours",
      "75:stopped before it was drained",
      "77:Kafka or the API does not let us in",
      "78:bad settings",
      "130:Ctrl-C in a command"
    })
public final class Main implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(Main.class);

  private static final Set<String> NOT_BUILT =
      Set.of(
          "dbimport console",
          "dbimport dead-letters",
          "dbimport unknown",
          "dbimport jobs list",
          "dbimport jobs watch");

  @Spec private CommandSpec spec = CommandSpec.create();

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] args) {
    // No memory, say: the process must not go on with a part of it gone.
    Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> {
      LOG.error("thread {} ended", thread.getName(), failure);
      if (failure instanceof Error) {
        System.exit(ExitCode.INTERNAL_ERROR);
      }
    });
    int code = run(args);
    // Not return: a library's thread that is no daemon must not keep a finished command alive.
    System.exit(code);
  }

  /** Runs one command. */
  static int run(String... args) {
    return commandLine().execute(args);
  }

  static CommandLine commandLine() {
    CommandLine main = new CommandLine(new Main());
    for (CommandProvider provider : ServiceLoader.load(CommandProvider.class)) {
      provider.commands().forEach(main::addSubcommand);
    }
    main.addSubcommand(new WorkerCommand());
    main.addSubcommand(new ServerCommand());
    main.addSubcommand(new SubmitCommand());
    main.addSubcommand(new CheckCommand());
    main.addSubcommand(new JobsCommand());
    main.addSubcommand(new TopicsCommand());
    main.addSubcommand(new AppsCommand());
    main.addSubcommand(new SettingsCommand());
    main.registerConverter(short.class, text -> wholeNumber(text, Short::valueOf));
    main.registerConverter(Integer.class, text -> wholeNumber(text, Integer::valueOf));
    main.registerConverter(long.class, text -> wholeNumber(text, Long::valueOf));
    main.setUsageHelpAutoWidth(true);
    main.setAbbreviatedOptionsAllowed(false);
    main.setCaseInsensitiveEnumValuesAllowed(true);
    main.setExitCodeExceptionMapper(_ -> ExitCode.INTERNAL_ERROR);
    main.setParameterExceptionHandler(Main::wrongUse);
    main.setExecutionExceptionHandler((failure, command, _) -> failed(failure, command));
    return main;
  }

  /** picocli's own words for a text that is none are the names of Java's types. */
  private static <N> N wholeNumber(String text, Function<String, N> parse) {
    try {
      return parse.apply(text);
    } catch (NumberFormatException none) {
      throw new CommandLine.TypeConversionException(
          "'" + text + "' is no whole number, or too large a one");
    }
  }

  private static int wrongUse(CommandLine.ParameterException wrong, String[] args) {
    CommandLine command = wrong.getCommandLine();
    PrintWriter err = command.getErr();
    if (wrong instanceof CommandLine.UnmatchedArgumentException unmatched
        && !command.getSubcommands().isEmpty()
        && !unmatched.getUnmatched().getFirst().startsWith("-")) {
      err.println(Masking.mask(noSuchCommand(command, unmatched.getUnmatched().getFirst())));
      err.println("See: " + command.getCommandSpec().qualifiedName() + " --help");
      return ExitCode.USAGE;
    }
    err.println(Masking.mask(String.valueOf(wrong.getMessage())));
    if (!CommandLine.UnmatchedArgumentException.printSuggestions(wrong, err)) {
      err.println("See: " + command.getCommandSpec().qualifiedName() + " --help");
    }
    return ExitCode.USAGE;
  }

  private static String noSuchCommand(CommandLine parent, String word) {
    String before = parent.getCommandSpec().qualifiedName() + " ";
    if (NOT_BUILT.contains(before + word)) {
      return before + word + " is not built yet";
    }
    return "there is no command "
        + Screen.shown(before + word)
        + Nearest.to(word, parent.getSubcommands().keySet())
            .map(near -> "; did you mean " + before + near + "?")
            .orElse("");
  }

  private static int failed(Exception failure, CommandLine command) {
    PrintWriter err = command.getErr();
    if (failure instanceof CommandFailed told) {
      err.println(Screen.shown("dbimport: " + told.sentence()));
      return told.exitCode();
    }
    if (failure instanceof InterruptedException) {
      return ExitCode.INTERRUPTED;
    }
    if (failure instanceof IOException unusable) {
      String file = unusable instanceof FileSystemException named ? named.getFile() + ": " : "";
      err.println(Screen.shown("dbimport: cannot go on: " + file + PlainWords.of(unusable)));
      return ExitCode.INTERNAL_ERROR;
    }
    StringWriter trace = new StringWriter();
    failure.printStackTrace(new PrintWriter(trace));
    err.println(Masking.mask("dbimport: a fault of ours; please report it\n" + trace));
    return ExitCode.INTERNAL_ERROR;
  }

  /** Without a command there is nothing to do but to say what there is. */
  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "which command? " + String.join(", ", spec.subcommands().keySet()));
  }
}
