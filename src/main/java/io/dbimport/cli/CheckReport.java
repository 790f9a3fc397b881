package io.dbimport.cli;

import io.dbimport.FileType;
import io.dbimport.engine.FileCheck;
import io.dbimport.engine.FileMending.Mend;
import io.dbimport.engine.Problem;
import java.util.Map;

/** Says what a check finds, while it finds it: nothing is kept. Confined to one command. */
interface CheckReport extends AutoCloseable {
  void begin(String file, FileType type);

  void problem(Problem problem);

  void end(FileCheck check);

  /** What was mended on the way into another file, which is checked next. */
  void mended(String into, Map<Mend, Long> done);

  /** Says what is true of all files. */
  @Override
  void close();
}
