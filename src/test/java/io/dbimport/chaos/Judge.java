package io.dbimport.chaos;

import io.dbimport.chaos.Answer.Effect;
import io.dbimport.chaos.Evidence.At;
import io.dbimport.chaos.Evidence.Delivery;
import io.dbimport.chaos.Evidence.Finished;
import io.dbimport.chaos.Evidence.Intent;
import io.dbimport.chaos.Evidence.Journalled;
import io.dbimport.chaos.Evidence.Letter;
import io.dbimport.chaos.Evidence.Outcome;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Finds everything in the evidence of a trial that breaks a promise. Longer than most: the promises
 * stand here one after another. Confined to one judgement.
 */
final class Judge {
  /** Between a reply's coming into the journal and an unknown outcome that ignores it. */
  private static final long JOURNAL_SEEN_WITHIN_MILLIS = 3_000;

  /** What is promised. */
  enum Promise {
    /** A request that is not rerun-safe is called once, unless the API said it did not take it. */
    CALLED_ONCE,
    /** Every delivery has one outcome. */
    ONE_OUTCOME,
    /** Unknown is what nobody can know, and nothing else. */
    UNKNOWN_IS_UNKNOWN,
    /** The calls of a lane come in the partition's order; where jobs count, after their ends. */
    LANE_ORDER,
    /** Every accepted job has one end. */
    ONE_END,
    /** The meters of a worker balance. */
    BALANCE,
    /** Everything is committed. */
    OFFSETS
  }

  /** A broken promise. Immutable. */
  record Violation(Promise promise, String requestId, String what) {
    @Override
    public String toString() {
      return promise + " " + requestId + ": " + what;
    }
  }

  private final Evidence evidence;
  private final Map<At, Delivery> deliveries = new TreeMap<>();
  private final Map<String, List<Delivery>> byPath;
  private final Map<String, List<Post>> posts;
  private final Map<At, List<Outcome>> outcomes;
  private final List<Violation> violations = new ArrayList<>();

  private Judge(Evidence evidence) {
    this.evidence = evidence;
    evidence.deliveries().forEach(delivery -> deliveries.put(delivery.at(), delivery));
    this.byPath = grouped(deliveries.values().stream().toList(), Delivery::path);
    this.posts = grouped(evidence.posts(), Post::path);
    this.outcomes = grouped(evidence.outcomes(), Outcome::at);
  }

  /** All violations, by promise and request. */
  static List<Violation> violations(Evidence evidence) {
    Judge judge = new Judge(evidence);
    judge.calledOnce();
    judge.oneOutcome();
    judge.unknownIsUnknown();
    judge.laneOrder();
    judge.completionOrder();
    judge.oneEnd();
    judge.balance();
    judge.offsets();
    return judge.violations.stream()
        .sorted(Comparator.comparing(Violation::promise).thenComparing(Violation::requestId))
        .toList();
  }

  private void calledOnce() {
    posts.forEach((path, all) -> {
      List<Delivery> asked = byPath.getOrDefault(path, List.of());
      if (asked.isEmpty()) {
        violate(Promise.CALLED_ONCE, path, "called, but never asked for: " + all);
        return;
      }
      Delivery first = asked.getFirst();
      for (int i = 1; i < all.size() && !first.rerunSafe(); i++) {
        Effect before = all.get(i - 1).answer().effect();
        // An outcome that is an error frees the id: the next delivery of it is a fresh request.
        boolean mayFollow =
            before == Effect.NOT_TAKEN || (before == Effect.REFUSED && asked.size() > 1);
        if (!mayFollow) {
          violate(
              Promise.CALLED_ONCE,
              first.requestId(),
              "POST %d came after one that was answered %s: %s"
                  .formatted(i + 1, all.get(i - 1).answer(), all));
        }
      }
    });
  }

  private void oneOutcome() {
    Map<At, List<Letter>> letters = grouped(evidence.letters(), Letter::at);
    for (Delivery delivery : deliveries.values()) {
      List<Outcome> all = outcomes.getOrDefault(delivery.at(), List.of());
      List<Outcome> own = all.stream().filter(o -> o.resolves().isEmpty()).toList();
      List<Outcome> corrections = all.stream().filter(o -> !o.resolves().isEmpty()).toList();
      if (own.size() != 1) {
        violate(delivery, "has " + own.size() + " outcomes: " + own);
      }
      boolean unknown = own.size() == 1 && own.getFirst().unknown();
      if (corrections.size() > 1 || (!corrections.isEmpty() && !unknown)) {
        violate(delivery, own + " is corrected by " + corrections);
      }
      all.stream()
          .filter(o -> !o.requestId().equals(delivery.requestId()))
          .forEach(o -> violate(delivery, "has an outcome of another id: " + o));
      deadLetters(
          delivery,
          own.stream().filter(o -> !o.accepted()).toList(),
          letters.getOrDefault(delivery.at(), List.of()));
    }
    outcomes.keySet().stream()
        .filter(at -> !deliveries.containsKey(at))
        .forEach(at -> violate(Promise.ONE_OUTCOME, at.toString(), "outcome of no delivery"));
    letters.keySet().stream()
        .filter(at -> !deliveries.containsKey(at))
        .forEach(at -> violate(Promise.ONE_OUTCOME, at.toString(), "dead letter of no delivery"));
  }

  private void deadLetters(Delivery delivery, List<Outcome> errors, List<Letter> letters) {
    if (letters.size() != errors.size()) {
      violate(
          delivery, "has %d errors and %d dead letters".formatted(errors.size(), letters.size()));
      return;
    }
    for (Letter letter : letters) {
      if (!letter.original().equals(delivery.original())) {
        violate(delivery, "its dead letter is not what came: " + letter.original());
      }
      if (letter.partition() != delivery.at().partition()) {
        violate(delivery, "its dead letter is in partition " + letter.partition());
      }
      if (errors.stream().noneMatch(e -> e.errorClass().equals(letter.errorClass()))) {
        violate(delivery, "its dead letter is of class " + letter.errorClass());
      }
    }
  }

  private void unknownIsUnknown() {
    Map<At, List<Intent>> intents = grouped(evidence.intents(), Intent::at);
    Map<At, List<Journalled>> journal = grouped(evidence.journal(), Journalled::at);
    for (Delivery delivery : deliveries.values()) {
      List<Outcome> all = outcomes.getOrDefault(delivery.at(), List.of());
      boolean corrected = all.stream().anyMatch(o -> !o.resolves().isEmpty());
      for (Outcome outcome : all) {
        if (outcome.accepted()) {
          knownJob(delivery, outcome);
        } else if (!outcome.duplicate() && !delivery.rerunSafe()) {
          if (outcome.unknown()) {
            mayBeUnknown(
                delivery,
                outcome,
                intents.getOrDefault(delivery.at(), List.of()),
                journal.getOrDefault(delivery.at(), List.of()),
                corrected);
          } else {
            notGuessed(delivery, outcome);
          }
        }
      }
    }
  }

  private void mayBeUnknown(
      Delivery delivery,
      Outcome outcome,
      List<Intent> intents,
      List<Journalled> replies,
      boolean corrected) {
    if (intents.isEmpty()) {
      violate(
          Promise.UNKNOWN_IS_UNKNOWN,
          delivery.requestId(),
          "said to be unknown, but no intent of it was committed");
      return;
    }
    int last = intents.stream().mapToInt(Intent::call).max().orElseThrow();
    for (Journalled reply : replies) {
      boolean seen = reply.epochMillis() + JOURNAL_SEEN_WITHIN_MILLIS < outcome.epochMillis();
      boolean told = reply.reply().equals("accepted") && !corrected;
      if (reply.call() == last && reply.definite() && (seen || told)) {
        violate(
            Promise.UNKNOWN_IS_UNKNOWN,
            delivery.requestId(),
            "said to be unknown at %d, but the journal has %s"
                .formatted(outcome.epochMillis(), reply));
      }
    }
  }

  private void knownJob(Delivery delivery, Outcome outcome) {
    boolean given =
        posts.getOrDefault(delivery.path(), List.of()).stream()
            .filter(p -> p.answer().effect() == Effect.TOLD || p.answer().effect() == Effect.OPEN)
            .anyMatch(p -> Objects.equals(p.jobId(), outcome.jobId()));
    if (!given) {
      violate(
          Promise.UNKNOWN_IS_UNKNOWN,
          delivery.requestId(),
          "the API never gave it the job of " + outcome);
    }
  }

  private void notGuessed(Delivery delivery, Outcome outcome) {
    List<Post> called = posts.getOrDefault(delivery.path(), List.of());
    boolean perhapsTaken =
        !called.isEmpty()
            && (called.getLast().answer().effect() == Effect.TOLD
                || called.getLast().answer().effect() == Effect.OPEN);
    if (perhapsTaken && byPath.getOrDefault(delivery.path(), List.of()).size() == 1) {
      violate(
          Promise.UNKNOWN_IS_UNKNOWN,
          delivery.requestId(),
          "may have been carried out (%s), but is said to be %s"
              .formatted(called, outcome.errorClass()));
    }
  }

  private void laneOrder() {
    Set<String> called = new HashSet<>();
    inOrder(evidence.posts().stream().filter(post -> called.add(post.path())).toList(), false);
    // A lane may be gone through again from some upsert on, so long as all of it is: then the last
    // calls are in order too. An upsert that comes again after a newer request undoes that one.
    Set<String> calledLater = new HashSet<>();
    List<Post> last =
        evidence.posts().reversed().stream()
            .filter(post -> calledLater.add(post.path()))
            .toList()
            .reversed();
    inOrder(last, true);
  }

  /**
   * Looks at one call for each request.
   *
   * @param repeated whether to look at upserts that were called more than once, and only at those
   */
  private void inOrder(List<Post> calls, boolean repeated) {
    Map<String, Post> newest = new HashMap<>();
    for (Post post : calls) {
      List<Delivery> asked = byPath.getOrDefault(post.path(), List.of());
      if (asked.isEmpty()) {
        continue; // a violation of another promise
      }
      Delivery delivery = asked.getFirst();
      String lane = lane(delivery);
      Post before = newest.get(lane);
      if (before == null || offset(before) <= delivery.at().offset()) {
        newest.put(lane, post);
        continue;
      }
      boolean upsertAgain =
          delivery.upsert()
              && asked.size() == 1
              && posts.getOrDefault(post.path(), List.of()).size() > 1;
      if (upsertAgain || !repeated) {
        violate(
            Promise.LANE_ORDER,
            delivery.requestId(),
            "%s call of offset %d of %s came after the one of offset %d: %s, %s"
                .formatted(
                    repeated ? "another" : "the first",
                    delivery.at().offset(),
                    lane,
                    offset(before),
                    post,
                    before));
      }
    }
  }

  /** An upsert may be called again, with all that followed it: its last job and calls count. */
  private void completionOrder() {
    Map<Long, Long> ended = evidence.jobEnds();
    if (ended == null) {
      return;
    }
    Map<String, List<Outcome>> jobs = new HashMap<>();
    for (Delivery delivery : deliveries.values()) {
      outcomes.getOrDefault(delivery.at(), List.of()).stream()
          .filter(o -> o.accepted() && !o.duplicate() && o.resolves().isEmpty())
          .forEach(o -> jobs.computeIfAbsent(lane(delivery), _ -> new ArrayList<>()).add(o));
    }
    posts.forEach((path, calls) -> {
      List<Delivery> asked = byPath.getOrDefault(path, List.of());
      if (asked.isEmpty()) {
        return; // a violation of another promise
      }
      Post last = calls.getLast();
      Delivery delivery = asked.getFirst();
      for (Outcome earlier : jobs.getOrDefault(lane(delivery), List.of())) {
        boolean running = ended.getOrDefault(earlier.jobId(), Long.MAX_VALUE) > last.epochNanos();
        if (earlier.at().offset() < delivery.at().offset() && running) {
          violate(
              Promise.LANE_ORDER,
              delivery.requestId(),
              "called while a job of its lane was running: %s, %s".formatted(last, earlier));
          return;
        }
      }
    });
  }

  private static String lane(Delivery delivery) {
    return delivery.at().partition() + "/" + delivery.lane();
  }

  private long offset(Post post) {
    return byPath.getOrDefault(post.path(), List.of()).getFirst().at().offset();
  }

  private void oneEnd() {
    Map<Long, List<Finished>> ends = grouped(evidence.finished(), Finished::jobId);
    Map<Long, Outcome> jobs = new HashMap<>();
    for (Outcome outcome : evidence.outcomes()) {
      Long jobId = outcome.jobId();
      if (jobId == null || outcome.duplicate()) {
        continue;
      }
      Outcome other = jobs.put(jobId, outcome);
      if (other != null && !other.at().equals(outcome.at())) {
        violate(Promise.ONE_END, outcome.requestId(), "has the job of " + other);
      }
    }
    jobs.forEach((jobId, outcome) -> {
      List<Finished> ended = ends.getOrDefault(jobId, List.of());
      if (ended.size() != 1 || !ended.getFirst().requestId().equals(outcome.requestId())) {
        violate(Promise.ONE_END, outcome.requestId(), "job " + jobId + " has the ends " + ended);
      }
    });
    ends.forEach((jobId, ended) -> {
      if (!jobs.containsKey(jobId)) {
        violate(Promise.ONE_END, ended.getFirst().requestId(), "no accepted event for " + ended);
      }
    });
    for (Outcome outcome : evidence.outcomes()) {
      Long jobId = outcome.jobId();
      if (jobId != null && outcome.duplicate() && !jobs.containsKey(jobId)) {
        violate(Promise.ONE_END, outcome.requestId(), "a duplicate of no job: " + outcome);
      }
    }
  }

  private void balance() {
    evidence.balances().stream()
        .filter(b ->
            b.received() + b.restored() != b.accepted() + b.failed() + b.handedOver() + b.open())
        .forEach(b -> violate(Promise.BALANCE, b.worker(), b.toString()));
  }

  private void offsets() {
    evidence
        .ends()
        .forEach((partition, end) -> {
          long at = evidence.committed().getOrDefault(partition, 0L);
          if (at != end) {
            violate(
                Promise.OFFSETS, "partition " + partition, "committed %d of %d".formatted(at, end));
          }
        });
  }

  private void violate(Delivery delivery, String what) {
    violate(Promise.ONE_OUTCOME, delivery.requestId(), "(at " + delivery.at() + ") " + what);
  }

  private void violate(Promise promise, String requestId, String what) {
    violations.add(new Violation(promise, requestId, what));
  }

  private static <K, T> Map<K, List<T>> grouped(List<T> all, Function<T, K> by) {
    return all.stream().collect(Collectors.groupingBy(by));
  }
}
