package io.dbimport.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Text that is read in a terminal as well as on a page of Markdown. Confined to one thread. */
final class Report {
  private final StringBuilder text = new StringBuilder();

  /** A title, and the machine. */
  Report(String title) throws IOException {
    line("# " + title);
    line("");
    line(
        "%s, %d processors (%s), %s %s, Java %s."
            .formatted(
                Instant.now().truncatedTo(ChronoUnit.SECONDS),
                Runtime.getRuntime().availableProcessors(),
                processor(),
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                Runtime.version()));
  }

  void line(String line) {
    text.append(line).append('\n');
  }

  /** Rows under the first one; every column but the first stands on the right. */
  void table(List<List<String>> rows) {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    rows.forEach(row -> {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    });
    List<String> rule = new ArrayList<>();
    for (int i = 0; i < columns; i++) {
      rule.add(i == 0 ? "-".repeat(widths[i]) : "-".repeat(widths[i] - 1) + ":");
    }
    line("");
    Stream.of(List.of(rows.getFirst(), rule), rows.subList(1, rows.size()))
        .flatMap(List::stream)
        .forEach(row -> line(row(row, widths)));
    line("");
  }

  String text() {
    return text.toString();
  }

  private static String row(List<String> cells, int[] widths) {
    StringBuilder row = new StringBuilder("|");
    for (int i = 0; i < widths.length; i++) {
      String blanks = " ".repeat(widths[i] - cells.get(i).length());
      row.append(' ').append(i == 0 ? cells.get(i) + blanks : blanks + cells.get(i)).append(" |");
    }
    return row.toString();
  }

  private static String processor() throws IOException {
    Path info = Path.of("/proc/cpuinfo");
    if (!Files.exists(info)) {
      return System.getProperty("os.arch");
    }
    try (Stream<String> lines = Files.lines(info)) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse(System.getProperty("os.arch"));
    }
  }
}
