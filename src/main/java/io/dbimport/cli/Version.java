package io.dbimport.cli;

import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints: the jar's version, as its manifest has it. Stateless. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() {
    String version = Version.class.getPackage().getImplementationVersion();
    return new String[] {"dbimport " + (version == null ? "development build" : version)};
  }
}
