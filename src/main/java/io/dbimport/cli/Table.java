package io.dbimport.cli;

import io.dbimport.cli.Screen.Look;
import io.dbimport.cli.Screen.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Rows under headings, each column as wide as its widest cell. Confined to one command. */
public final class Table {
  private static final String GAP = "  ";

  /** A cell; numbers stand on the right. */
  public record Cell(String text, Look look, boolean right) {
    public static Cell of(String text) {
      return new Cell(text, Look.PLAIN, false);
    }

    public static Cell of(String text, Look look) {
      return new Cell(text, look, false);
    }

    public static Cell number(long number) {
      return new Cell(Long.toString(number), Look.PLAIN, true);
    }
  }

  private final List<String> headings;
  private final List<List<Cell>> rows = new ArrayList<>();

  public Table(List<String> headings) {
    this.headings = List.copyOf(headings);
  }

  /** Adds a row with a cell for each heading. */
  public void row(List<Cell> cells) {
    if (cells.size() != headings.size()) {
      throw new IllegalArgumentException(cells.size() + " cells for " + headings.size());
    }
    rows.add(List.copyOf(cells));
  }

  /**
   * Prints it, indented by two. A row that a terminal would break is printed as a list instead: its
   * first cell, and under that each other behind its heading.
   */
  public void print(Screen screen) {
    printWithin(screen, screen.columns());
  }

  void printWithin(Screen screen, int columns) {
    int[] widths = new int[headings.size()];
    for (int i = 0; i < widths.length; i++) {
      widths[i] = Screen.columns(headings.get(i));
      for (List<Cell> row : rows) {
        widths[i] = Math.max(widths[i], Screen.columns(row.get(i).text()));
      }
    }
    if (IntStream.of(widths).sum() + GAP.length() * widths.length > columns) {
      rows.forEach(row -> printAsList(screen, row, columns));
      return;
    }
    List<Cell> heads = new ArrayList<>();
    for (int i = 0; i < widths.length; i++) {
      int column = i;
      boolean right = !rows.isEmpty() && rows.stream().allMatch(row -> row.get(column).right());
      heads.add(new Cell(headings.get(i), Look.FAINT, right));
    }
    print(screen, heads, widths);
    rows.forEach(row -> print(screen, row, widths));
  }

  private void printAsList(Screen screen, List<Cell> row, int columns) {
    int label = headings.stream().skip(1).mapToInt(Screen::columns).max().orElse(0);
    int indent = 3 * GAP.length() + label;
    screen.line(List.of(Part.of(GAP), new Part(row.getFirst().look(), row.getFirst().text())));
    for (int i = 1; i < row.size(); i++) {
      String before = GAP + GAP + Screen.padded(headings.get(i), label) + GAP;
      for (String line : Screen.lines(row.get(i).text(), Math.max(20, columns - indent))) {
        screen.line(List.of(new Part(Look.FAINT, before), new Part(row.get(i).look(), line)));
        before = " ".repeat(indent);
      }
    }
  }

  private static void print(Screen screen, List<Cell> row, int[] widths) {
    List<Part> parts = new ArrayList<>();
    for (int i = 0; i < widths.length; i++) {
      Cell cell = row.get(i);
      String blanks = " ".repeat(Math.max(0, widths[i] - Screen.columns(cell.text())));
      parts.add(Part.of(GAP + (cell.right() ? blanks : "")));
      parts.add(new Part(cell.look(), cell.text()));
      parts.add(Part.of(cell.right() || i == widths.length - 1 ? "" : blanks));
    }
    screen.line(parts);
  }
}
