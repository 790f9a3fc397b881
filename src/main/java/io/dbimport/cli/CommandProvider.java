package io.dbimport.cli;

import java.util.List;

/**
 * Brings more commands when its jar is there: {@code demo} and {@code dev} come this way, so that a
 * production copy can do without them and what they need.
 */
public interface CommandProvider {

  /** Commands, annotated with picocli's {@code @Command}. */
  List<Object> commands();
}
