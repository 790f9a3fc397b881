package io.dbimport.kafka;

import io.dbimport.ErrorClass;
import io.dbimport.Outcome;
import io.dbimport.event.JobEnd;
import io.dbimport.worker.WorkerListener;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * The worker's own meters. They balance: received + restored = requests (all outcomes) + handed
 * over + what is queued, in flight, settling or parked. Tags come from enums only. Thread-safe.
 */
final class WorkerMeters implements WorkerListener {
  private final MeterRegistry registry;
  private final Counter received;
  private final Counter restored;
  private final Counter resolved;
  private final Counter handedOver;
  private final Counter accepted;
  private final Counter failed;
  private final Timer duration;
  private final Timer commits;
  private final Timer restores;
  private final Counter recordsSuccess;
  private final Counter recordsFail;
  private final Map<ErrorClass, Counter> retries = new EnumMap<>(ErrorClass.class);
  private final Map<ErrorClass, Counter> deadLetters = new EnumMap<>(ErrorClass.class);

  WorkerMeters(MeterRegistry registry) {
    this.registry = registry;
    received = counter("dbimport.requests.received", "deliveries taken on");
    restored = counter("dbimport.requests.restored", "parked, and found in the ledger");
    resolved = counter("dbimport.requests.resolved", "unknown outcomes that were corrected");
    handedOver = counter("dbimport.requests.handed.over", "let go with their partition");
    accepted = outcome("accepted");
    failed = outcome("failed");
    duration =
        Timer.builder("dbimport.request.duration")
            .description("from the event's own time to its committed outcome")
            .publishPercentileHistogram()
            .minimumExpectedValue(Duration.ofMillis(5))
            .maximumExpectedValue(Duration.ofHours(1))
            .register(registry);
    commits =
        Timer.builder("dbimport.commit.duration")
            .description("one tick's transaction")
            .publishPercentileHistogram()
            .minimumExpectedValue(Duration.ofMillis(1))
            .maximumExpectedValue(Duration.ofSeconds(20))
            .register(registry);
    restores =
        Timer.builder("dbimport.ledger.restore")
            .description("reading the ledger of an assigned partition")
            .register(registry);
    recordsSuccess = records("success");
    recordsFail = records("fail");
    for (ErrorClass errorClass : ErrorClass.values()) {
      retries.put(errorClass, byClass("dbimport.retries", errorClass, "attempts repeated"));
      deadLetters.put(
          errorClass, byClass("dbimport.dead.letters", errorClass, "requests that failed"));
    }
  }

  /** Gauges over what the loop last said. */
  void watch(Supplier<LoopStatus> status) {
    gauge(
        status,
        "dbimport.pending",
        "not yet polled, queued or in flight, not what waits parked or behind a breaker: scale on"
            + " this",
        s ->
            s.notPolled()
                + s.work().queued()
                - s.waits().behindBreaker()
                + s.work().inFlight()
                + s.work().settling());
    gauge(status, "dbimport.queued", "in memory, not called", s -> s.work().queued());
    gauge(status, "dbimport.settling", "answered, not committed", s -> s.work().settling());
    gauge(status, "dbimport.parked", "wait outside memory", s -> s.waits().parked());
    gauge(status, "dbimport.unknown", "nobody knows their outcome", s -> s.waits().unknown());
    gauge(
        status,
        "dbimport.breaker.open",
        "API addresses and environments that are not called for they do not answer",
        s -> s.waits().openBreakers());
    gauge(
        status,
        "dbimport.throttled",
        "apps and environments that a quota holds back",
        s -> s.waits().throttled());
    gauge(status, "dbimport.in.flight", "calls at once", s -> s.work().inFlight());
    gauge(
        status,
        "dbimport.oldest.pending.age.seconds",
        "age of the oldest request without an outcome",
        s -> {
          Instant oldest = s.work().oldest();
          return oldest == null
              ? 0
              : Math.max(0, Duration.between(oldest, Instant.now()).toMillis() / 1000.0);
        });
    Gauge.builder("dbimport.jobs", () -> status.get().work().jobs())
        .description("accepted jobs that are followed")
        .tag("state", "open")
        .strongReference(true)
        .register(registry);
  }

  void committed(Duration took) {
    commits.record(took);
  }

  void restored(Duration took) {
    restores.record(took);
  }

  @Override
  public void received() {
    received.increment();
  }

  @Override
  public void restored(int deliveries) {
    restored.increment(deliveries);
  }

  @Override
  public void resolved() {
    resolved.increment();
  }

  @Override
  public void handedOver(int deliveries) {
    handedOver.increment(deliveries);
  }

  @Override
  public void settled(Outcome outcome, Duration sinceRequested) {
    duration.record(sinceRequested);
    switch (outcome) {
      case Outcome.JobAccepted _ -> accepted.increment();
      case Outcome.Failed failure -> {
        failed.increment();
        increment(deadLetters, failure.errorClass());
      }
    }
  }

  @Override
  public void retried(ErrorClass why) {
    increment(retries, why);
  }

  @Override
  public void jobOver(JobEnd end) {
    if (end instanceof JobEnd.Ended(var state)) {
      recordsSuccess.increment((double) state.recordSuccess());
      recordsFail.increment((double) state.recordFail());
    }
  }

  private void increment(Map<ErrorClass, Counter> counters, ErrorClass errorClass) {
    Counter counter = counters.get(errorClass);
    if (counter == null) {
      throw new IllegalStateException("no counter for " + errorClass);
    }
    counter.increment();
  }

  private Counter counter(String name, String description) {
    return Counter.builder(name).description(description).register(registry);
  }

  private Counter outcome(String outcome) {
    return Counter.builder("dbimport.requests")
        .description("outcomes committed")
        .tag("outcome", outcome)
        .register(registry);
  }

  private Counter records(String result) {
    return Counter.builder("dbimport.records")
        .description("records of jobs that ended")
        .tag("result", result)
        .register(registry);
  }

  private Counter byClass(String name, ErrorClass errorClass, String description) {
    return Counter.builder(name)
        .description(description)
        .tag("error_class", errorClass.tag())
        .register(registry);
  }

  private void gauge(
      Supplier<LoopStatus> status,
      String name,
      String description,
      ToDoubleFunction<LoopStatus> value) {
    Gauge.builder(name, () -> value.applyAsDouble(status.get()))
        .description(description)
        .strongReference(true)
        .register(registry);
  }
}
