package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.ImportRequest;
import io.dbimport.JobReply;
import io.dbimport.JobStatus;
import io.dbimport.Outcome.Failed;
import io.dbimport.Outcome.JobAccepted;
import io.dbimport.Reply;
import io.dbimport.event.Decoding.Valid;
import io.dbimport.event.Delivery;
import io.dbimport.event.LedgerRecord.OpenState;
import io.dbimport.event.RequestDecoder;
import io.dbimport.event.Source;
import io.dbimport.worker.WorkerSettings.Ordering;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;

/**
 * A worker driven by chance, as the loop would drive it: partitions come and go, the process dies,
 * calls come back in any way, commits fail or are not answered. Every step is checked. Confined to
 * one thread. Longer than most: it is the loop, the broker and the API in one.
 */
final class Simulation {
  private static final int PARTITIONS = 3;
  private static final int MAX_IN_FLIGHT = 6;
  private static final int ENV_MAX_IN_FLIGHT = 3;
  private static final int WINDOW = 25;

  /** What a run must have gone through, or it proves little. */
  enum Event {
    ACCEPTED,
    REFUSED,
    THROTTLED,
    UNAVAILABLE,
    UNANSWERED,
    BROKE,
    STALE_REPLY,
    STALE_LOOK,
    COMMITTED,
    INTENT,
    NOT_SENT,
    TAKEN_BACK,
    PARKED,
    AWAITED_JOB,
    FETCHED,
    GONE,
    DUPLICATE,
    OTHER_CONTENT,
    REPLY_LOST,
    RESOLVED,
    COMPACTED,
    PROBED,
    ABORTED,
    UNSURE_COMMITTED,
    UNSURE_ABORTED,
    STALE_COMMIT,
    UNMADE,
    UNMADE_LATE,
    LOST,
    CRASHED,
    SKIPPED_DONE,
    WINDOW_FULL
  }

  static final Set<Event> EVENTS = EnumSet.allOf(Event.class);

  /** What is known of a partition while it is ours. */
  private static final class Assignment {
    long epoch;
    long position;
    boolean closing;

    /** Until when no one else calls in it. */
    long leaseUntilNanos = Long.MIN_VALUE;

    final Map<String, Long> lastCalledOfLane = new HashMap<>();

    /** Accepted deliveries that the worker has heard of, or given out to be committed. */
    final Map<Source, String> laneOfAccepted = new HashMap<>();

    /** Offsets that quotas have held back at some time. */
    final Set<Long> throttled = new HashSet<>();
  }

  /** What becomes of a commit. */
  private enum Fate {
    COMMITTED,
    ABORTED,
    UNSURE_COMMITTED,
    UNSURE_ABORTED
  }

  /** A tick that is being committed, while all else goes on. */
  private static final class InHand {
    final List<Entry> entries;
    final Offsets offsets;
    final Moment began;

    /** Null while its transaction is open; the worker hears of it later. */
    @Nullable Fate fate;

    InHand(List<Entry> entries, Offsets offsets, Moment began) {
      this.entries = entries;
      this.offsets = offsets;
      this.began = began;
    }
  }

  private record OpenCall(Call call, long epoch, String lane) {}

  private record Late(Call call, Reply reply, Instant lostAt) {

    boolean mayBeCarriedOut() {
      return switch (reply) {
        case Reply.Accepted _, Reply.Unanswered _ -> true;
        case Reply.Refused refused -> refused.errorClass() == ErrorClass.OUTCOME_UNKNOWN;
        case Reply.Unavailable _ -> false;
      };
    }
  }

  private final RandomGenerator random;
  private final WorkerSettings settings;
  private final ManualClock clock = new ManualClock();
  private final ModelLedger ledger = new ModelLedger();
  private final List<TreeMap<Long, Delivery>> topic = new ArrayList<>();
  private final Map<Integer, Assignment> assignments = new HashMap<>();

  /** Offsets settled by a reply in this assignment, or committed, by partition. */
  private final Map<Integer, Set<Long>> known = new HashMap<>();

  /** Of each lane the offsets that were called, by whomever, and whether they are rerun-safe. */
  private final Map<String, TreeMap<Long, Boolean>> calledOfLane = new HashMap<>();

  /**
   * Requests that are not rerun-safe and may have been carried out, by partition and id, and by
   * delivery; and when.
   */
  private final Map<String, Instant> carriedOut = new HashMap<>();

  /** Deliveries whose id was used before in their partition. */
  private final Set<Source> reused = new HashSet<>();

  /** Deliveries that were called at some time. */
  private final Set<Source> called = new HashSet<>();

  /** Deliveries whose bytes are not in the topic any more. */
  private final Set<Source> gone = new HashSet<>();

  /** Calls with a committed intent that are never made, as the worker says. */
  private final Set<Call> unmade = new HashSet<>();

  /** Deliveries of which nobody can know that their last call was not made. */
  private final Set<Source> lostWithIntent = new HashSet<>();

  /** Replies that nobody wrote down: their process died, or wakes up late. */
  private final List<Late> lost = new ArrayList<>();

  private final List<Fetch> fetches = new ArrayList<>();
  private final RequestDecoder decoder = new RequestDecoder();
  private final List<OpenCall> calls = new ArrayList<>();
  private final List<Look> looks = new ArrayList<>();
  private final Set<Event> seen = EnumSet.noneOf(Event.class);
  private CountingListener listener = new CountingListener();
  private Worker worker;
  private List<Entry> repeated = List.of();
  private @Nullable InHand inHand;

  /** Nobody answered its commit. */
  private @Nullable InHand doubt;

  private boolean kind;
  private long epochs;
  private long jobIds;
  private int steps;

  Simulation(long seed, Ordering ordering) {
    this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    this.settings =
        WorkerBench.settings(MAX_IN_FLIGHT, ENV_MAX_IN_FLIGHT, ordering, WINDOW, 1 << 20);
    this.worker = new Worker(settings, decoder, random, listener);
    for (int partition = 0; partition < PARTITIONS; partition++) {
      topic.add(new TreeMap<>());
    }
  }

  /** What has happened so far. */
  Set<Event> seen() {
    return seen;
  }

  /** One thing happens, and everything is checked. */
  void step() {
    steps++;
    int partition = random.nextInt(PARTITIONS);
    int dice = random.nextInt(1_000);
    if (dice < 200) {
      produce(partition);
    } else if (dice < 380) {
      poll(partition, 1 + random.nextInt(5));
    } else if (dice < 530) {
      start();
    } else if (dice < 720) {
      answer();
    } else if (dice < 820) {
      lookBack();
    } else if (dice < 850) {
      fetch();
    } else if (dice < 855) {
      writeDownLate();
    } else if (dice < 920) {
      commit();
    } else if (dice < 955) {
      clock.advance(someTime());
    } else if (dice < 988) {
      assign(partition);
    } else if (dice < 992) {
      close(partition);
    } else if (dice < 998) {
      lose(partition);
    } else {
      crash();
    }
    check();
  }

  /** The world becomes kind: everything comes to its end, and the ends are checked. */
  void drain() {
    kind = true;
    for (int partition = 0; partition < PARTITIONS; partition++) {
      Assignment closing = assignments.get(partition);
      if (closing != null && closing.closing) {
        lose(partition);
      }
      assign(partition);
    }
    for (int round = 0; round < 20_000 && !drained(); round++) {
      for (int partition = 0; partition < PARTITIONS; partition++) {
        poll(partition, 100);
      }
      start();
      answer();
      lookBack();
      fetch();
      commit();
      start();
      check();
      clock.advance(untilSomethingIsDue());
    }
    assertThat(ledger.outcomes.keySet()).as("outcomes").isEqualTo(ledger.deliveries);
    assertThat(ledger.ends.keySet()).as("finished jobs").isEqualTo(ledger.jobs());
    assertThat(worker.view()).isEqualTo(WorkerView.IDLE);
    topic.forEach(log -> {
      if (!log.isEmpty()) {
        int partition = log.firstEntry().getValue().source().partition();
        assertThat(ledger.offset(partition)).isEqualTo(log.lastKey() + 1);
      }
    });
  }

  /** A quota window may last a day: where nothing is on its way, time passes fast. */
  private Duration untilSomethingIsDue() {
    boolean idle =
        calls.isEmpty()
            && looks.isEmpty()
            && fetches.isEmpty()
            && !worker.hasEntries()
            && nothingToCommit();
    return idle ? Duration.ofMinutes(1) : Duration.ofMillis(250);
  }

  private boolean drained() {
    return ledger.outcomes.size() == ledger.deliveries.size()
        && ledger.ends.size() == ledger.jobs().size()
        && nothingToCommit()
        && worker.view().equals(WorkerView.IDLE)
        && worker.waits().parked() == 0
        && worker.offsets(List.of()).isEmpty();
  }

  private boolean nothingToCommit() {
    return inHand == null && doubt == null && repeated.isEmpty();
  }

  private void check() {
    WorkerView view = worker.view();
    WorkerBench.assertBalance(worker, listener);
    assertThat(calls).hasSizeLessThanOrEqualTo(MAX_IN_FLIGHT);
    long current = calls.stream().filter(this::isCurrent).count();
    assertThat(view.inFlight())
        .as("admitted, and open calls that are not stale")
        .isBetween((int) current, MAX_IN_FLIGHT);
  }

  private boolean isCurrent(OpenCall open) {
    Assignment assignment = assignments.get(WorkerBench.source(open.call).partition());
    return assignment != null && assignment.epoch == open.epoch;
  }

  private void produce(int partition) {
    TreeMap<Long, Delivery> log = topic.get(partition);
    long offset = log.isEmpty() ? random.nextInt(3) : log.lastKey() + 1;
    offset += random.nextInt(5) == 0 ? 1 + random.nextInt(3) : 0;
    String env = "env-" + random.nextInt(3);
    String collection = "collection-" + random.nextInt(2);
    String deadline = ",\"deadline\":\"" + clock.now().wall().plus(someTime()) + "\"";
    String id = "";
    if (random.nextInt(6) == 0) {
      int number = random.nextInt(40);
      id = ",\"request_id\":\"id-" + number + "\"";
      // Mostly the same request again, sometimes another one under the same id.
      int content = random.nextInt(8) == 0 ? random.nextInt(6) : number % 6;
      env = "env-" + content % 3;
      collection = "collection-" + content / 3;
      deadline = id + deadline;
    }
    String value =
        switch (id.isEmpty() ? random.nextInt(12) : 2 + random.nextInt(2) * 6) {
          case 0 -> "nonsense";
          case 1 -> "{}";
          case 2 -> Requests.json(env, collection, 1, deadline);
          case 3 -> Requests.json(env, collection, 2, deadline);
          case 4, 5, 6, 7 -> Requests.upsert(env, collection);
          default -> Requests.json(env, collection, 1, id);
        };
    Delivery delivery = Requests.delivery(partition, offset, clock.now().wall(), value);
    log.put(offset, delivery);
    ledger.deliveries.add(delivery.source());
    if (!id.isEmpty()) {
      reused.add(delivery.source());
    }
  }

  private void poll(int partition, int most) {
    Assignment assignment = assignments.get(partition);
    if (assignment == null) {
      return;
    }
    for (int polled = 0; polled < most; polled++) {
      if (worker.full(partition, clock.now())) {
        seen.add(Event.WINDOW_FULL);
        return;
      }
      var next = topic.get(partition).ceilingEntry(assignment.position);
      if (next == null) {
        return;
      }
      int received = listener.received;
      worker.received(next.getValue(), clock.now());
      boolean done = ledger.outcomes.containsKey(next.getValue().source());
      assertThat(listener.received - received).isEqualTo(done ? 0 : 1);
      if (done) {
        seen.add(Event.SKIPPED_DONE);
      }
      assignment.position = next.getKey() + 1;
      worker.position(partition, assignment.position);
    }
  }

  private void start() {
    for (var call = worker.nextCall(clock.now());
        call.isPresent();
        call = worker.nextCall(clock.now())) {
      started(call.get());
    }
    writeDownUnmade();
    for (var look = worker.nextLook(clock.now());
        look.isPresent();
        look = worker.nextLook(clock.now())) {
      assertThat(ledger.ends)
          .as("looked at after its end")
          .doesNotContainKey(look.get().job().source());
      looks.add(look.get());
    }
  }

  /** As the loop does it; somebody else may have read the journal before. */
  private void writeDownUnmade() {
    for (var call = worker.nextUnmade(); call.isPresent(); call = worker.nextUnmade()) {
      Call not = call.get();
      Source source = not.source();
      seen.add(Event.UNMADE);
      assertThat(not.intended()).as("%s has an intent", not).isTrue();
      assertThat(unmade.add(not)).as("%s is told of once", not).isTrue();
      ledger.journal(not, null);
      Assignment assignment = assignments.get(source.partition());
      if (assignment != null) {
        if (assignment.epoch != not.lane.epoch) {
          seen.add(Event.UNMADE_LATE);
          lostWithIntent.add(source);
        }
        if (random.nextBoolean()) {
          worker.lateReply(
              source.partition(),
              assignment.epoch,
              source.offset(),
              new Restored.Answer(not.number(), null));
        }
      }
    }
  }

  private void started(Call call) {
    Source source = WorkerBench.source(call);
    assertThat(unmade).as("calls that are never made").doesNotContain(call);
    if (!kind && random.nextInt(25) == 0) {
      seen.add(Event.NOT_SENT);
      if (call.intended()) {
        ledger.journal(call, null);
      }
      worker.notSent(call, clock.now());
      return;
    }
    Assignment assignment = assignments.get(source.partition());
    assertThat(assignment).as("the assignment of %s", source).isNotNull();
    if (assignment == null) {
      return;
    }
    assertThat(clock.now().nanos())
        .as("%s is called while the partition is surely ours", source)
        .isLessThan(assignment.leaseUntilNanos);
    assertThat(assignment.closing).as("%s is called in a closing partition", source).isFalse();
    assertThat(ledger.outcomes).as("called after its outcome").doesNotContainKey(source);
    if (call.intended()) {
      String id = source.partition() + "/" + call.request().requestId();
      Instant carried = carriedOut.get(id);
      assertThat(
              carried != null && carried.isAfter(clock.now().wall().minus(settings.remembered())))
          .as("%s may be carried out already, and is called again", source)
          .isFalse();
      assertThat(carriedOut).doesNotContainKey(source.toString());
      assertThat(calls)
          .as("being called, by whomever")
          .noneMatch(open -> WorkerBench.source(open.call).equals(source));
      assertThat(ledger.intends(call)).as("its intent is committed").isTrue();
    }
    var deadline = call.request().deadline();
    assertThat(deadline == null || clock.now().wall().isBefore(deadline)).isTrue();
    String lane = laneOf(source, call.request());
    assertThat(calls)
        .as("calls open in the lane of %s", source)
        .noneMatch(open -> isCurrent(open) && open.lane.equals(lane));
    assertThat(openJobs(lane)).as("open jobs in the lane of %s", source).isEmpty();
    called.add(source);
    Long last = assignment.lastCalledOfLane.put(lane, source.offset());
    assertThat(last == null || last <= source.offset())
        .as("%s is called after %s of its lane", source, last)
        .isTrue();
    // After a crash one may be called again after a later one only if that one will be, too, as
    // far as it can.
    TreeMap<Long, Boolean> before = calledOfLane.computeIfAbsent(lane, _ -> new TreeMap<>());
    assertThat(before.tailMap(source.offset(), false))
        .as("called after %s of its lane", source)
        .allSatisfy((later, rerunSafe) -> {
          Source after = new Source(Requests.TOPIC, source.partition(), later);
          assertThat(rerunSafe).isTrue();
          assertThat(ledger.outcomes.containsKey(after) && !gone.contains(after)).isFalse();
        });
    before.put(source.offset(), call.request().rerunSafe());
    assertThat(openBefore(call, assignment)).as("open before %s in its lane", source).isEmpty();
    calls.add(new OpenCall(call, assignment.epoch, lane));
    String env = call.request().parameters().env();
    assertThat(calls.stream().filter(c -> c.call.request().parameters().env().equals(env)))
        .hasSizeLessThanOrEqualTo(ENV_MAX_IN_FLIGHT);
  }

  private String laneOf(Source source, ImportRequest request) {
    var parameters = request.parameters();
    String lane = source.partition() + "/" + parameters.env() + "/" + parameters.collectionName();
    return settings.ordering() == Ordering.NONE ? lane + "/" + request.requestId() : lane;
  }

  /**
   * Accepted jobs of the lane whose end is not committed, where calls wait for it: those that the
   * ledger has, whoever put them there, and those that the owner alone knows of yet.
   */
  private List<Source> openJobs(String lane) {
    if (settings.ordering() != Ordering.COMPLETION) {
      return List.of();
    }
    List<Source> open = new ArrayList<>();
    ledger.openJobs().stream()
        .filter(job -> laneOf(job.source(), job.request()).equals(lane))
        .forEach(job -> open.add(job.source()));
    assignments
        .values()
        .forEach(assignment ->
            assignment.laneOfAccepted.forEach((source, of) -> {
              if (of.equals(lane) && !ledger.ends.containsKey(source)) {
                open.add(source);
              }
            }));
    return open;
  }

  private void accepted(Source source, ImportRequest request) {
    Assignment assignment = assignments.get(source.partition());
    if (assignment != null) {
      assignment.laneOfAccepted.put(source, laneOf(source, request));
    }
  }

  /** Deliveries of the same lane that came before and must still be open. */
  private List<Long> openBefore(Call call, Assignment assignment) {
    Source source = WorkerBench.source(call);
    Set<Long> settled = outcomesKnown(source.partition());
    return topic.get(source.partition()).headMap(source.offset()).values().stream()
        .filter(before -> !settled.contains(before.source().offset()))
        .filter(before ->
            decoder.decode(before) instanceof Valid(var request)
                && laneOf(before.source(), request).equals(laneOf(source, call.request()))
                && !mayBeGivenUp(before, request, assignment))
        .map(before -> before.source().offset())
        .toList();
  }

  /** Whether the worker may have settled it without a call, which nobody outside sees at once. */
  private boolean mayBeGivenUp(Delivery delivery, ImportRequest request, Assignment assignment) {
    Instant now = clock.now().wall();
    Instant deadline = request.deadline();
    return (deadline != null && !now.isBefore(deadline))
        || assignment.throttled.contains(delivery.source().offset())
        || reused.contains(delivery.source())
        || called.contains(delivery.source())
        || gone.contains(delivery.source())
        || ledger.intended(delivery.source())
        || delivery.timestamp().isBefore(now.minus(settings.remembered()));
  }

  /** Offsets whose outcome was decided in this assignment, or is committed. */
  private Set<Long> outcomesKnown(int partition) {
    Set<Long> offsets = known.computeIfAbsent(partition, _ -> new HashSet<>());
    ledger.outcomes.keySet().stream()
        .filter(source -> source.partition() == partition)
        .forEach(source -> offsets.add(source.offset()));
    return offsets;
  }

  private void answer() {
    if (calls.isEmpty()) {
      return;
    }
    OpenCall open = calls.remove(random.nextInt(calls.size()));
    Source source = WorkerBench.source(open.call);
    boolean stale = !isCurrent(open);
    if (stale) {
      seen.add(Event.STALE_REPLY);
    }
    int before = worker.view().settling();
    if (!kind && random.nextInt(20) == 0) {
      seen.add(Event.BROKE);
      worker.broke(open.call, "a bug", clock.now());
    } else {
      Reply reply = reply();
      note(reply, open);
      if (open.call.intended()) {
        ledger.journal(open.call, reply);
      }
      if (!stale && reply instanceof Reply.Accepted) {
        accepted(source, open.call.request());
      }
      worker.replied(open.call, reply, clock.now());
    }
    int settled = worker.view().settling() - before;
    assertThat(settled).as("settled by one reply").isBetween(0, stale ? 0 : Integer.MAX_VALUE);
    if (settled > 0) {
      known.computeIfAbsent(source.partition(), _ -> new HashSet<>()).add(source.offset());
    }
  }

  private void note(Reply reply, OpenCall open) {
    Event event =
        switch (reply) {
          case Reply.Accepted _ -> Event.ACCEPTED;
          case Reply.Unavailable _ -> Event.UNAVAILABLE;
          case Reply.Unanswered _ -> Event.UNANSWERED;
          case Reply.Refused refused ->
              switch (refused.errorClass()) {
                case THROTTLED -> Event.THROTTLED;
                case OUTCOME_UNKNOWN -> Event.UNANSWERED;
                default -> Event.REFUSED;
              };
        };
    seen.add(event);
    Source source = WorkerBench.source(open.call);
    if (open.call.intended() && (event == Event.ACCEPTED || event == Event.UNANSWERED)) {
      carriedOut(open.call);
    }
    Assignment assignment = assignments.get(source.partition());
    if (assignment == null || !isCurrent(open)) {
      return;
    }
    if (event == Event.THROTTLED) {
      assignment.throttled.add(source.offset());
    }
  }

  private void carriedOut(Call call) {
    Instant now = clock.now().wall();
    carriedOut.put(call.source().partition() + "/" + call.request().requestId(), now);
    carriedOut.put(call.source().toString(), now);
  }

  private Reply reply() {
    return switch (kind ? 19 : random.nextInt(20)) {
      case 0, 1 -> new Reply.Unavailable(-1, "connection refused");
      case 2 -> new Reply.Unavailable(-502001, "busy");
      case 3, 4 -> new Reply.Unanswered(-1, "read timed out");
      case 5 -> Reply.Refused.of(-501002, "cloud timed out");
      case 6 -> Reply.Refused.of(45011, "slower");
      case 7 -> Reply.Refused.of(45009, "tomorrow");
      case 8 ->
          new Reply.Refused(
              -1, "HTTP 429", ErrorClass.THROTTLED, Duration.ofSeconds(random.nextInt(90)));
      case 9, 10 -> Reply.Refused.of(42001, "expired");
      case 11 -> Reply.Refused.of(-503003, "no file");
      case 12 -> Reply.Refused.of(40097, "bad value");
      case 13 -> Reply.Refused.of(-1, "busy");
      default -> new Reply.Accepted(++jobIds);
    };
  }

  private void lookBack() {
    if (looks.isEmpty()) {
      return;
    }
    Look look = looks.remove(random.nextInt(looks.size()));
    if (look.followed.dropped) {
      seen.add(Event.STALE_LOOK);
    }
    JobReply reply =
        switch (kind ? 0 : random.nextInt(6)) {
          case 0 -> WorkerBench.known(JobStatus.SUCCESS);
          case 1 -> WorkerBench.known(JobStatus.FAIL);
          case 2 -> new JobReply.NotKnown(-1, "read timed out");
          default -> WorkerBench.known(JobStatus.WRITING);
        };
    worker.looked(look, reply, clock.now());
  }

  /** A tick as the loop makes it is begun, or ends. */
  private void commit() {
    InHand begun = inHand;
    if (begun != null) {
      end(begun);
      return;
    }
    if (doubt != null) {
      askTheLedger(doubt);
      return;
    }
    List<Entry> tick =
        repeated.isEmpty() ? worker.entries(1 + random.nextInt(20)) : owned(repeated);
    repeated = List.of();
    Offsets offsets = worker.offsets(tick);
    if (tick.isEmpty() && offsets.isEmpty()) {
      return;
    }
    tick.forEach(this::noteEntry);
    inHand = new InHand(tick, offsets, clock.now());
  }

  private List<Entry> owned(List<Entry> entries) {
    return entries.stream().filter(worker::owned).toList();
  }

  /** Its transaction ends, whoever hears of it. */
  private Fate fate(InHand begun) {
    Fate fate = begun.fate;
    if (fate == null) {
      fate =
          switch (kind ? 9 : random.nextInt(10)) {
            case 0, 1 -> Fate.ABORTED;
            case 2 -> Fate.UNSURE_ABORTED;
            case 3 -> Fate.UNSURE_COMMITTED;
            default -> Fate.COMMITTED;
          };
      begun.fate = fate;
      if (fate == Fate.COMMITTED || fate == Fate.UNSURE_COMMITTED) {
        ledger.commit(begun.entries, begun.offsets.next());
      }
    }
    return fate;
  }

  /** The worker hears what became of it, which may be that nobody knows. */
  private void end(InHand begun) {
    inHand = null;
    switch (fate(begun)) {
      case ABORTED -> {
        seen.add(Event.ABORTED);
        repeated = begun.entries;
      }
      case UNSURE_ABORTED -> {
        seen.add(Event.UNSURE_ABORTED);
        doubt = begun;
      }
      case UNSURE_COMMITTED -> {
        seen.add(Event.UNSURE_COMMITTED);
        doubt = begun;
      }
      case COMMITTED -> {
        seen.add(Event.COMMITTED);
        lease(begun);
        worker.committed(begun.entries, begun.offsets, begun.began, clock.now());
      }
    }
    writeDownUnmade();
  }

  /** No one else may call in its partitions, as long as they belong to the same assignment. */
  private void lease(InHand begun) {
    begun
        .offsets
        .epochs()
        .forEach((partition, epoch) -> {
          Assignment assignment = assignments.get(partition);
          if (assignment != null && assignment.epoch == epoch) {
            assignment.leaseUntilNanos = begun.began.nanosAfter(settings.lease());
          } else if (assignment != null) {
            seen.add(Event.STALE_COMMIT);
          }
        });
  }

  private void askTheLedger(InHand asked) {
    if (!kind && random.nextInt(4) > 0) {
      return; // nobody answers that either
    }
    doubt = null;
    if (asked.fate == Fate.UNSURE_COMMITTED) {
      worker.committed(asked.entries, Offsets.NONE, clock.now(), clock.now());
      writeDownUnmade();
    } else {
      repeated = asked.entries;
    }
  }

  private void assign(int partition) {
    if (assignments.containsKey(partition)) {
      return;
    }
    InHand begun = inHand;
    if (begun != null && begun.offsets.next().containsKey(partition)) {
      // Offsets are read once no transaction that has some of the partition is open.
      fate(begun);
    }
    // A new owner waits until no call of an earlier one is open.
    for (OpenCall open : List.copyOf(calls)) {
      if (WorkerBench.source(open.call).partition() == partition) {
        calls.remove(open);
        endUnseen(open, random.nextInt(4) > 0);
        worker.replied(open.call, new Reply.Unanswered(-1, "nobody listens"), clock.now());
      }
    }
    if (random.nextInt(4) == 0) {
      seen.add(Event.COMPACTED);
      ledger.compact(partition);
    }
    Assignment assignment = new Assignment();
    assignment.epoch = ++epochs;
    assignment.position = ledger.offset(partition);
    assignments.put(partition, assignment);
    known.remove(partition);
    worker.assigned(partition, assignment.epoch, ledger.restored(partition), clock.now());
  }

  /** A call comes to its end at the API; the process that made it may write that down, or not. */
  private void endUnseen(OpenCall open, boolean writtenDown) {
    Reply reply = reply();
    note(reply, open);
    if (!open.call.intended()) {
      return;
    }
    if (writtenDown) {
      ledger.journal(open.call, reply);
    } else {
      seen.add(Event.REPLY_LOST);
      // Nobody can tell any more: it counts as carried out, whatever it was.
      carriedOut(open.call);
      lost.add(new Late(open.call, reply, clock.now().wall()));
    }
  }

  /** A process that was given up wakes up and writes down what its call gave. */
  private void writeDownLate() {
    if (lost.isEmpty()) {
      return;
    }
    Late late = lost.remove(random.nextInt(lost.size()));
    Source source = WorkerBench.source(late.call);
    ledger.journal(late.call, late.reply);
    if (!late.mayBeCarriedOut()) {
      carriedOut.remove(source.toString(), late.lostAt);
      carriedOut.remove(source.partition() + "/" + late.call.request().requestId(), late.lostAt);
    }
    Assignment assignment = assignments.get(source.partition());
    if (assignment != null) {
      worker.lateReply(
          source.partition(),
          assignment.epoch,
          source.offset(),
          new Restored.Answer(late.call.number(), late.reply));
    }
  }

  private void probe() {
    for (var probe = worker.nextProbe(clock.now());
        probe.isPresent();
        probe = worker.nextProbe(clock.now())) {
      seen.add(Event.PROBED);
      worker.probed(probe.get(), kind || random.nextBoolean(), clock.now());
    }
  }

  private void fetch() {
    probe();
    for (var fetch = worker.nextFetch(clock.now());
        fetch.isPresent();
        fetch = worker.nextFetch(clock.now())) {
      fetches.add(fetch.get());
    }
    if (fetches.isEmpty()) {
      return;
    }
    Fetch fetch = fetches.remove(random.nextInt(fetches.size()));
    seen.add(Event.FETCHED);
    Map<Long, Delivery> found = new HashMap<>();
    for (long offset : fetch.offsets()) {
      Delivery delivery = topic.get(fetch.partition()).get(offset);
      assertThat(delivery).as("what is to be read again at %d", offset).isNotNull();
      if (delivery != null && !isGone(delivery.source())) {
        found.put(offset, delivery);
      }
    }
    worker.fetched(fetch, Requests.TOPIC, found, clock.now());
  }

  /** The topic may have let go of what is below the committed offset. */
  private boolean isGone(Source source) {
    if (!kind && source.offset() < ledger.offset(source.partition()) && random.nextInt(30) == 0) {
      seen.add(Event.GONE);
      gone.add(source);
    }
    return gone.contains(source);
  }

  private void noteEntry(Entry entry) {
    switch (entry) {
      case Entry.Admitted(long _, Call call, var _) when call.intended() -> seen.add(Event.INTENT);
      case Entry.Marked marked -> {
        seen.add(marked.state() == OpenState.PARKED ? Event.PARKED : Event.TAKEN_BACK);
        if (!openJobs(laneOf(marked.source(), marked.request())).isEmpty()) {
          seen.add(Event.AWAITED_JOB);
        }
      }
      case Entry.Resolved resolved -> {
        seen.add(Event.RESOLVED);
        accepted(resolved.job().source(), resolved.job().request());
      }
      case Entry.Settled settled when settled.duplicate() -> seen.add(Event.DUPLICATE);
      case Entry.Settled settled
          when settled.outcome() instanceof Failed failed
              && failed.errorClass() == ErrorClass.OUTCOME_UNKNOWN -> {
        Source source = settled.delivery().source();
        assertThat(called.contains(source) || lostWithIntent.contains(source))
            .as("%s is unknown, and was called or nobody can know that it was not", source)
            .isTrue();
      }
      case Entry.Settled settled
          when settled.outcome() instanceof Failed failed
              && failed.detail().contains("stands for another request") ->
          seen.add(Event.OTHER_CONTENT);
      case Entry.Settled settled
          when settled.outcome() instanceof JobAccepted
              && settled.decoding() instanceof Valid(var request) ->
          accepted(settled.delivery().source(), request);
      case Entry.Settled _, Entry.Admitted _, Entry.JobOver _ -> {}
    }
  }

  private void close(int partition) {
    Assignment assignment = assignments.get(partition);
    if (assignment != null) {
      assignment.closing = true;
      worker.closing(partition, clock.now());
    }
  }

  private void lose(int partition) {
    if (assignments.remove(partition) != null) {
      seen.add(Event.LOST);
      worker.dropped(partition);
      known.remove(partition);
      writeDownUnmade();
    }
    repeated = owned(repeated);
  }

  /** The process dies with all it knows; another one begins with the ledger alone. */
  private void crash() {
    seen.add(Event.CRASHED);
    assignments.clear();
    known.clear();
    calls.forEach(open -> endUnseen(open, random.nextBoolean()));
    calls.clear();
    fetches.clear();
    looks.clear();
    InHand begun = inHand;
    if (begun != null) {
      fate(begun);
    }
    inHand = null;
    doubt = null;
    repeated = List.of();
    ledger.deliveries.stream().filter(ledger::intended).forEach(lostWithIntent::add);
    listener = new CountingListener();
    worker = new Worker(settings, decoder, random, listener);
  }

  private Duration someTime() {
    return switch (random.nextInt(10)) {
      case 0 -> Duration.ofHours(random.nextInt(30));
      case 1, 2 -> Duration.ofSeconds(random.nextInt(120));
      default -> Duration.ofMillis(random.nextInt(3_000));
    };
  }

  @Override
  public String toString() {
    return "step "
        + steps
        + ", "
        + worker.view()
        + ", "
        + ledger.outcomes.size()
        + " outcomes of "
        + ledger.deliveries.size()
        + ", "
        + worker.waits()
        + ", due in "
        + (worker.nextDueNanos() - clock.now().nanos())
        + " ns, "
        + fetches.size()
        + " fetches";
  }
}
