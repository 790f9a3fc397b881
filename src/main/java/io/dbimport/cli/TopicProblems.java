package io.dbimport.cli;

import io.dbimport.kafka.Topics.Problem;
import io.dbimport.kafka.Topics.Severity;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Says what is wrong with topics: once, where several share it. Stateless. */
final class TopicProblems {
  private TopicProblems() {}

  private record Shared(String problem, String change) {}

  /** A sentence for each different problem of this severity. */
  static List<String> sentences(List<Problem> problems, Severity severity) {
    Map<Shared, List<String>> places = new LinkedHashMap<>();
    for (Problem problem : of(problems, severity)) {
      places
          .computeIfAbsent(new Shared(problem.problem(), problem.change()), _ -> new ArrayList<>())
          .add(problem.where());
    }
    List<String> sentences = new ArrayList<>();
    places.forEach((shared, where) -> {
      String each = where.size() == 1 ? where.getFirst() : "each of " + String.join(", ", where);
      sentences.add(each + " " + shared.problem() + ": " + shared.change());
    });
    return sentences;
  }

  static List<Problem> of(List<Problem> problems, Severity severity) {
    return problems.stream().filter(problem -> problem.severity() == severity).toList();
  }
}
