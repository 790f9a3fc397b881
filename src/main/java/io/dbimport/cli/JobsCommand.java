package io.dbimport.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code jobs}: what accepted requests became. */
@Command(
    name = "jobs",
    mixinStandardHelpOptions = true,
    description = "Accepted jobs, and how far they are.",
    subcommands = JobsShowCommand.class)
final class JobsCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "jobs what? " + String.join(", ", spec.subcommands().keySet()));
  }
}
