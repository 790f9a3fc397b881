package io.dbimport.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code topics}: what there is to do with them. */
@Command(
    name = "topics",
    mixinStandardHelpOptions = true,
    subcommands = {TopicsCreateCommand.class, TopicsCheckCommand.class},
    description = "Makes the topics, or checks that they are as the worker needs them.")
final class TopicsCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "topics what? " + String.join(", ", spec.subcommands().keySet()));
  }
}
