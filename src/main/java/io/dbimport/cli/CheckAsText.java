package io.dbimport.cli;

import io.dbimport.FileType;
import io.dbimport.cli.Screen.Look;
import io.dbimport.cli.Screen.Part;
import io.dbimport.engine.FileCheck;
import io.dbimport.engine.FileMending.Mend;
import io.dbimport.engine.Problem;
import io.dbimport.engine.ProblemKind;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A check for people: a line for each problem, and what to change under the first of its kind.
 * Confined to one command.
 */
final class CheckAsText implements CheckReport {
  private static final int INDENT = 2;

  private final Screen screen;
  private ProblemLines lines;
  private int files;
  private int bad;

  CheckAsText(Screen screen) {
    this.screen = screen;
    this.lines = new ProblemLines(screen, INDENT);
  }

  @Override
  public void begin(String file, FileType type) {
    if (files++ > 0) {
      screen.line("");
    }
    lines = new ProblemLines(screen, INDENT);
    screen.line(List.of(new Part(Look.STRONG, file), new Part(Look.FAINT, "  " + type)));
  }

  @Override
  public void problem(Problem problem) {
    lines.problem(
        problem.line(),
        problem.column(),
        problem.kind().tag(),
        problem.what(),
        problem.kind().advice());
  }

  @Override
  public void end(FileCheck check) {
    bad += check.good() ? 0 : 1;
    if (check.good()) {
      screen.line(Look.GOOD, "  %s, nothing wrong".formatted(records(check.records())));
    } else {
      screen.line(Look.BAD, "  " + counted(check));
    }
    if (check.problems().containsKey(ProblemKind.NOT_UTF_8)) {
      screen.line(
          Look.NOTE,
          "  check FILE --fix OUT turns UTF-16 into UTF-8, and with --encoding gbk GBK as well");
    }
    separatorNote(check).ifPresent(note -> screen.line(Look.NOTE, "  " + note));
    if (check.withoutId() > 0) {
      screen.line(
          Look.NOTE,
          "  %s without _id: each import of them makes new documents"
              .formatted(records(check.withoutId())));
    }
    if (check.repeated() > 0 && !check.problems().containsKey(ProblemKind.ID_TAKEN)) {
      screen.line(
          Look.NOTE,
          "  %s with the _id of an earlier one: an upsert writes over that"
              .formatted(records(check.repeated())));
    }
    if (check.unremembered() > 0) {
      screen.line(
          Look.NOTE,
          "  %,d _ids were compared with the first %,d alone, not with one another"
              .formatted(check.unremembered(), FileCheck.IDS_REMEMBERED));
    }
  }

  /** What is legal, and almost surely not meant. */
  static Optional<String> separatorNote(FileCheck check) {
    return check.otherSeparator().isEmpty()
        ? Optional.empty()
        : Optional.of(
            "line 1: the header is one column, with a %s in its name; cells are separated by commas,"
                    .formatted(check.otherSeparator().equals(";") ? "semicolon" : "tab")
                + " so save the file with commas if these are several columns");
  }

  @Override
  public void mended(String into, Map<Mend, Long> done) {
    screen.line("");
    screen.line(List.of(Part.of("mended into "), new Part(Look.STRONG, into)));
    if (done.isEmpty()) {
      screen.line(
          bad == 0
              ? "  nothing to mend: it has the same content"
              : "  none of this can be mended here: it has the same content");
    }
    new TreeMap<>(done)
        .forEach((mend, times) ->
            screen.line(
                "  %s%s".formatted(mend.done(), times == 1 ? "" : " (%,d)".formatted(times))));
    // The file that it was made of is no longer what counts.
    files = 0;
    bad = 0;
  }

  private static String counted(FileCheck check) {
    String kinds =
        check.problems().entrySet().stream()
            .sorted(
                Map.Entry.<ProblemKind, Long>comparingByValue(Comparator.reverseOrder())
                    .thenComparing(Map.Entry.comparingByKey()))
            .map(kind -> "%,d %s".formatted(kind.getValue(), kind.getKey().tag()))
            .collect(Collectors.joining(", "));
    String then =
        check.readable()
            ? "%,d of %s would be refused".formatted(check.bad(), records(check.records()))
            : "an import would stop before the end";
    return kinds + ": " + then;
  }

  static String records(long count) {
    return count == 1 ? "1 record" : "%,d records".formatted(count);
  }

  @Override
  public void close() {
    if (files > 1) {
      screen.line("");
      screen.line(
          bad == 0 ? Look.GOOD : Look.BAD,
          bad == 0
              ? "%,d files, nothing wrong".formatted(files)
              : "%,d of %,d files have problems".formatted(bad, files));
    }
  }
}
