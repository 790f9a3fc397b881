package io.dbimport.engine;

import io.dbimport.engine.CsvRows.Row;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * The keys that a CSV file's first row names: a dotted name nests, and what a row writes is nested
 * alike. Immutable.
 *
 * @param columns how many there are, useless ones included
 * @param fields of a document
 * @param problems of single names, whose columns are in no field
 * @param otherSeparator what seems to separate the cells though it does not, a semicolon or a tab;
 *     empty for nothing
 */
record CsvHeader(int columns, List<Field> fields, List<Problem> problems, String otherSeparator) {
  static final CsvHeader NONE = new CsvHeader(0, List.of(), List.of(), "");
  private static final Pattern SEPARATOR = Pattern.compile("[;\t]");
  private static final int NO_COLUMN = -1;

  /**
   * A key of a document or of an object in it.
   *
   * @param name the key as JSON
   * @param column of its value; below 0 for an object
   * @param inside the fields of an object
   */
  record Field(String name, int column, List<Field> inside) {
    boolean isObject() {
      return column < 0;
    }

    boolean isId() {
      return name.equals("\"_id\"");
    }
  }

  static CsvHeader of(Row row) {
    List<Problem> problems = new ArrayList<>();
    Set<String> names = new HashSet<>();
    Places places = new Places();
    Tree tree = new Tree(NO_COLUMN, new LinkedHashMap<>());
    for (int i = 0; i < row.cells(); i++) {
      int column = i;
      Optional<Problem> bytes = badBytes(row, i);
      String name = bytes.isPresent() ? "" : text(row, i);
      Optional<Problem> problem = bytes.or(() -> badName(row, column, name, names, places));
      if (problem.isPresent()) {
        problems.add(problem.get());
      } else {
        tree.add(name, i);
      }
    }
    return new CsvHeader(row.cells(), tree.fields(), List.copyOf(problems), otherSeparator(row));
  }

  /** Of a single name that nobody put in quotes. */
  private static String otherSeparator(Row row) {
    return row.cells() == 1 && !row.quoted(0)
        ? SEPARATOR.matcher(text(row, 0)).results().map(MatchResult::group).findFirst().orElse("")
        : "";
  }

  private static Optional<Problem> badBytes(Row row, int cell) {
    byte[] in = row.buffer();
    for (int i = row.from(cell); i < row.to(cell); i++) {
      if (in[i] == 0) {
        return Optional.of(row.problem(ProblemKind.NUL, i, "the character NUL in a column's name"));
      }
      if (in[i] < 0) {
        int length = Utf8.length(in, i, row.to(cell));
        if (length == 0) {
          return Optional.of(
              row.problem(
                  ProblemKind.NOT_UTF_8,
                  i,
                  "the byte 0x%02X is not UTF-8".formatted(in[i])
                      + Encodings.likely(in, row.from(0), row.end())));
        }
        i += length - 1;
      }
    }
    return Optional.empty();
  }

  private static Optional<Problem> badName(
      Row row, int cell, String name, Set<String> names, Places places) {
    String column = "the name of column " + (cell + 1);
    if (name.isEmpty()) {
      return problem(row, cell, ProblemKind.EMPTY_HEADER, column + " is empty");
    }
    if (name.startsWith(".") || name.endsWith(".") || name.contains("..")) {
      return problem(row, cell, ProblemKind.KEY_DOTS, column + ": \"" + name + "\"");
    }
    if (name.startsWith("$") || name.contains(".$")) {
      return problem(row, cell, ProblemKind.KEY_DOLLAR, column + ": \"" + name + "\"");
    }
    if (!names.add(name)) {
      return problem(
          row, cell, ProblemKind.REPEATED_KEY, column + ": \"" + name + "\" a second time");
    }
    return places.at(name, false).isPresent()
        ? Optional.empty()
        : problem(
            row,
            cell,
            ProblemKind.AMBIGUOUS_KEY,
            column + ": \"" + name + "\" names a place that is named already");
  }

  private static Optional<Problem> problem(Row row, int cell, ProblemKind kind, String what) {
    return Optional.of(row.problem(kind, row.at(cell), what));
  }

  private static String text(Row row, int cell) {
    int from = row.from(cell);
    String text = new String(row.buffer(), from, row.to(cell) - from, StandardCharsets.UTF_8);
    return row.quoted(cell) ? text.replace("\"\"", "\"") : text;
  }

  /** Columns by the parts of their names, in the order in which those come first. */
  private record Tree(int column, Map<String, Tree> inside) {
    void add(String name, int leaf) {
      Tree tree = this;
      String[] parts = name.split("\\.", -1);
      for (int i = 0; i < parts.length; i++) {
        int at = i == parts.length - 1 ? leaf : NO_COLUMN;
        tree = tree.inside.computeIfAbsent(parts[i], _ -> new Tree(at, new LinkedHashMap<>()));
      }
    }

    List<Field> fields() {
      List<Field> fields = new ArrayList<>();
      inside.forEach((name, tree) ->
          fields.add(
              new Field(JsonRecords.JSON.writeValueAsString(name), tree.column, tree.fields())));
      return List.copyOf(fields);
    }
  }
}
