package io.dbimport.bench;

import io.dbimport.bench.Stand.Calls;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One run. Immutable.
 *
 * @param half the first sample with half of the results or more
 * @param end the first sample with all of them
 * @param followed when every job had been seen to end; null for who does not follow jobs
 * @param peakMiB the most memory that the worker had at once
 */
record Measured(
    Contender contender,
    Sample start,
    Sample half,
    Sample end,
    @Nullable Sample followed,
    long peakMiB) {

  /** What was read off at one moment; processor times and calls are since a process's start. */
  record Sample(
      long nanos, int results, Duration worker, Duration stub, Duration broker, Calls calls) {}

  /** Results a second, from the start of the process. */
  double wholeRate() {
    return rate(start, end);
  }

  /** Results a second in the second half; NaN when all came at once. */
  double steadyRate() {
    return rate(half, end);
  }

  /** Microseconds of the worker's processor time for a result, its start included. */
  double workerMicros() {
    return micros(end.worker, end.results);
  }

  /** The same in the second half. */
  double steadyMicros() {
    return micros(end.worker.minus(half.worker), end.results - half.results);
  }

  /** Of the stub, for a call: the same code each time, so it tells how fast the machine is. */
  double stubMicros() {
    Calls calls = calls();
    return micros(end.stub.minus(start.stub), calls.imports() + calls.looks());
  }

  double brokerMicros() {
    return micros(end.broker.minus(start.broker), end.results);
  }

  /** Calls until the last result. */
  Calls calls() {
    return end.calls.minus(start.calls);
  }

  private static double rate(Sample from, Sample to) {
    int results = to.results - from.results;
    return results == 0 ? Double.NaN : results * 1e9 / (to.nanos - from.nanos);
  }

  private static double micros(Duration cpu, long count) {
    return count == 0 ? Double.NaN : cpu.toNanos() / 1e3 / count;
  }
}
