package io.dbimport.mutation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Mutants that no test kills: those of a report beside those that are known, with a reason. */
final class Survivors {
  private static final String ROOT = "io.dbimport.";
  private static final Set<String> DEAD =
      Set.of("KILLED", "TIMED_OUT", "MEMORY_ERROR", "NON_VIABLE");

  /** {@code worker.Claims.expire ConditionalsBoundary 1: why no test can tell}. */
  private static final Pattern KNOWN = Pattern.compile("(\\S+) (\\S+) (\\d+): \\S.*");

  /** A lambda bears the name of its method, and a number that moves with every other one. */
  private static final Pattern LAMBDA = Pattern.compile("lambda\\$(.+)\\$\\d+");

  private Survivors() {}

  /**
   * What the report and the list do not agree on, for people; empty when they do. Where something
   * stands in a file does not count: class, method and kind of mutant do, and how many. A known one
   * that ran out of time may live: on a machine that has much to do, some do.
   *
   * @param report PIT's CSV: file, class, mutator, method, line, status, killing test
   * @param list comments and known survivors, a line each
   */
  static List<String> compare(List<String> report, List<String> list) {
    List<String> problems = new ArrayList<>();
    Map<String, List<String>> alive = new TreeMap<>();
    Map<String, Integer> timedOut = new HashMap<>();
    Set<String> classes = new HashSet<>();
    for (String mutant : report) {
      String[] fields = mutant.split(",", 7);
      String type = fields[1].substring(ROOT.length());
      classes.add(type);
      Matcher lambda = LAMBDA.matcher(fields[3]);
      String method = lambda.matches() ? lambda.group(1) : fields[3];
      String what = type + "." + method + " " + mutator(fields[2]);
      if (!DEAD.contains(fields[5])) {
        alive.computeIfAbsent(what, _ -> new ArrayList<>()).add(fields[4]);
      } else if (fields[5].equals("TIMED_OUT")) {
        timedOut.merge(what, 1, Integer::sum);
      }
    }
    Map<String, Integer> known = new TreeMap<>();
    for (String line : list) {
      Matcher entry = KNOWN.matcher(line);
      if (entry.matches()) {
        known.merge(
            entry.group(1) + " " + entry.group(2), Integer.valueOf(entry.group(3)), Integer::sum);
      } else if (!line.isBlank() && !line.startsWith("#")) {
        problems.add("not \"<class>.<method> <mutator> <count>: <reason>\": " + line);
      }
    }
    alive.forEach((mutant, lines) -> {
      int expected = known.getOrDefault(mutant, 0);
      if (lines.size() > expected) {
        problems.add(
            "%s: %d live, at line %s, and %d are known"
                .formatted(mutant, lines.size(), String.join(", ", lines), expected));
      }
    });
    known.forEach((mutant, count) -> {
      int found = alive.getOrDefault(mutant, List.of()).size();
      String type = mutant.substring(0, mutant.lastIndexOf('.', mutant.indexOf(' ')));
      int mayLive = found + timedOut.getOrDefault(mutant, 0);
      if (mayLive < count && classes.contains(type)) {
        problems.add(mutant + ": " + count + " are known, and " + found + " live");
      }
    });
    return problems;
  }

  private static String mutator(String name) {
    return name.substring(name.lastIndexOf('.') + 1).replaceFirst("Mutator$", "");
  }
}
