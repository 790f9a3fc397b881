package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.JobReply;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.Outcome;
import io.dbimport.Outcome.Failed;
import io.dbimport.Reply;
import io.dbimport.event.Delivery;
import io.dbimport.event.RequestDecoder;
import io.dbimport.event.Source;
import io.dbimport.worker.WorkerSettings.Ordering;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A worker with a clock, a ledger and a listener to watch it by. Confined to one thread. */
final class WorkerBench {
  final ManualClock clock;
  final CountingListener listener = new CountingListener();
  final ModelLedger ledger;
  final Worker worker;

  private final Map<Integer, Long> nextOffsets = new HashMap<>();

  /** What lies in the topic, so that it can be read again. */
  private final Map<Source, Delivery> topic;

  private long epochs;
  private long jobIds;

  WorkerBench() {
    this(WorkerSettings.defaults());
  }

  WorkerBench(Ordering ordering) {
    this(settings(256, 32, ordering, 10_000, 64L << 20));
  }

  WorkerBench(WorkerSettings settings) {
    this(settings, new RequestDecoder());
  }

  WorkerBench(WorkerSettings settings, RequestDecoder decoder) {
    clock = new ManualClock();
    ledger = new ModelLedger();
    topic = new HashMap<>();
    worker = new Worker(settings, decoder, FixedRandom.HIGHEST, listener);
  }

  /** Another process, over what an earlier one left. */
  WorkerBench(Ordering ordering, WorkerBench earlier) {
    clock = earlier.clock;
    ledger = earlier.ledger;
    topic = earlier.topic;
    jobIds = earlier.jobIds;
    worker =
        new Worker(
            settings(256, 32, ordering, 10_000, 64L << 20),
            new RequestDecoder(),
            FixedRandom.HIGHEST,
            listener);
  }

  static WorkerSettings settings(
      int maxInFlight,
      int envMaxInFlight,
      Ordering ordering,
      int windowDeliveries,
      long windowBytes) {
    WorkerSettings defaults = WorkerSettings.defaults();
    return new WorkerSettings(
        new Limits(maxInFlight, envMaxInFlight, null, null),
        defaults.retry(),
        ordering,
        defaults.jobTimeout(),
        defaults.remembered(),
        defaults.lease(),
        new WorkerSettings.Window(windowDeliveries, windowBytes),
        defaults.defaultApp());
  }

  /** The partition becomes ours, with what the ledger says about it. */
  void assign(int partition) {
    Restored restored = ledger.restored(partition);
    nextOffsets.put(partition, restored.start());
    worker.assigned(partition, ++epochs, restored, clock.now());
  }

  /** The partition's next delivery comes, made now. */
  Delivery receive(int partition, @Nullable String value) {
    long offset = nextOffsets.getOrDefault(partition, 0L);
    Delivery delivery = Requests.delivery(partition, offset, clock.now().wall(), value);
    receive(delivery);
    return delivery;
  }

  void receive(Delivery delivery) {
    Source source = delivery.source();
    nextOffsets.put(source.partition(), source.offset() + 1);
    ledger.deliveries.add(source);
    topic.put(source, delivery);
    worker.received(delivery, clock.now());
  }

  /** All calls that may be made now, once parked ones are read again and ticks are committed. */
  List<Call> calls() {
    List<Call> calls = new ArrayList<>();
    do {
      fetch();
      for (var call = worker.nextCall(clock.now());
          call.isPresent();
          call = worker.nextCall(clock.now())) {
        calls.add(call.get());
      }
    } while (worker.hasAdmitted() && !commit().isEmpty());
    return calls;
  }

  /** Reads parked deliveries again that may go on now. */
  void fetch() {
    for (var fetch = worker.nextFetch(clock.now());
        fetch.isPresent();
        fetch = worker.nextFetch(clock.now())) {
      Map<Long, Delivery> found = new HashMap<>();
      for (long offset : fetch.get().offsets()) {
        Delivery delivery = topic.get(new Source(Requests.TOPIC, fetch.get().partition(), offset));
        if (delivery != null) {
          found.put(offset, delivery);
        }
      }
      worker.fetched(fetch.get(), Requests.TOPIC, found, clock.now());
    }
  }

  /** The one call that may be made now. */
  Call call() {
    List<Call> calls = calls();
    assertThat(calls).hasSize(1);
    return calls.getFirst();
  }

  void reply(Call call, Reply reply) {
    worker.replied(call, reply, clock.now());
  }

  void accept(Call call) {
    reply(call, new Reply.Accepted(++jobIds));
  }

  /** All looks that are due now. */
  List<Look> looks() {
    List<Look> looks = new ArrayList<>();
    for (var look = worker.nextLook(clock.now());
        look.isPresent();
        look = worker.nextLook(clock.now())) {
      looks.add(look.get());
    }
    return looks;
  }

  void look(Look look, JobStatus status) {
    worker.looked(look, known(status), clock.now());
  }

  static JobReply known(JobStatus status) {
    return new JobReply.Known(new JobState(status, 3, 0, "ok"));
  }

  /** One tick that succeeds; what it committed. */
  List<Entry> commit() {
    List<Entry> taken = worker.entries(Integer.MAX_VALUE);
    Offsets offsets = worker.offsets(taken);
    ledger.commit(taken, offsets.next());
    worker.committed(taken, offsets, clock.now(), clock.now());
    return taken;
  }

  void advance(Duration time) {
    clock.advance(time);
  }

  Outcome outcome(int partition, long offset) {
    return Objects.requireNonNull(
        ledger.outcomes.get(new Source(Requests.TOPIC, partition, offset)),
        () -> "no outcome of " + partition + "-" + offset + " in " + ledger.outcomes);
  }

  Failed failure(int partition, long offset) {
    Outcome outcome = outcome(partition, offset);
    assertThat(outcome).isInstanceOf(Failed.class);
    return (Failed) outcome;
  }

  static long offset(Call call) {
    return call.open.delivery.source().offset();
  }

  static Source source(Call call) {
    return call.open.delivery.source();
  }

  /**
   * Received + restored = outcomes + handed over + queued + in flight + settling + parked, and none
   * is negative.
   */
  void assertBalance() {
    assertBalance(worker, listener);
  }

  static void assertBalance(Worker worker, CountingListener listener) {
    WorkerView view = worker.view();
    int parked = worker.waits().parked();
    assertThat(List.of(view.queued(), view.inFlight(), view.settling(), view.jobs(), parked))
        .as("%s", view)
        .allMatch(count -> count >= 0);
    assertThat(
            listener.outcomes.size()
                + listener.handedOver
                + view.queued()
                + view.inFlight()
                + view.settling()
                + parked)
        .as("the balance of %s", view)
        .isEqualTo(listener.received + listener.restored);
  }

  /** Nothing is open any more, and every delivery that came has its outcome. */
  void assertAllDone() {
    assertThat(worker.view()).isEqualTo(WorkerView.IDLE);
    assertThat(ledger.outcomes.keySet()).isEqualTo(ledger.deliveries);
    assertBalance();
  }
}
