package io.dbimport.cli;

import io.dbimport.cli.Screen.Look;
import io.dbimport.cli.Screen.Part;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Problems for people: a line for each, and what to change under the first of its kind. Confined to
 * one command.
 */
final class ProblemLines {
  private static final int PLACE = 10;

  /** Others name the kinds of what they list: an advice more costs less than memory. */
  private static final int MAX_KINDS = 1_000;

  private final Screen screen;
  private final String indent;
  private final Set<String> advised = new HashSet<>();

  ProblemLines(Screen screen, int indent) {
    this.screen = screen;
    this.indent = " ".repeat(indent);
  }

  void problem(long line, long column, String kind, String what, String advice) {
    screen.line(
        List.of(
            new Part(Look.FAINT, indent + Screen.padded(line + ":" + column, PLACE) + " "),
            new Part(Look.BAD, what),
            new Part(Look.FAINT, "  " + kind)));
    if (!advice.isEmpty() && (advised.size() >= MAX_KINDS || advised.add(kind))) {
      screen.line(
          List.of(Part.of(indent + " ".repeat(PLACE) + " "), new Part(Look.NOTE, "→ " + advice)));
    }
  }
}
