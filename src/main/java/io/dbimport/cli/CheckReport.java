package io.dbimport.cli;

import io.dbimport.FileType;
import io.dbimport.engine.FileCheck;
import io.dbimport.engine.Problem;

/** Says what a check finds, while it finds it: nothing is kept. Confined to one command. */
interface CheckReport extends AutoCloseable {
  void begin(String file, FileType type);

  void problem(Problem problem);

  void end(FileCheck check);

  /** Says what is true of all files. */
  @Override
  void close();
}
