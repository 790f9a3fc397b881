package io.dbimport.dev;

import io.dbimport.cli.CommandProvider;
import java.util.List;

/** Brings {@code demo} and {@code dev}. Stateless. */
public final class DevCommands implements CommandProvider {
  @Override
  public List<Object> commands() {
    return List.of(new DemoCommand(), new DevCommand());
  }
}
