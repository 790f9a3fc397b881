package io.dbimport.worker;

import io.dbimport.ErrorClass;
import io.dbimport.Outcome;
import io.dbimport.event.JobEnd;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Counts what the worker tells. Confined to one thread. */
final class CountingListener implements WorkerListener {
  int received;
  int restored;
  int resolved;
  int handedOver;
  final List<Outcome> outcomes = new ArrayList<>();
  final List<Duration> durations = new ArrayList<>();
  final List<ErrorClass> retries = new ArrayList<>();
  final List<JobEnd> ends = new ArrayList<>();

  @Override
  public void received() {
    received++;
  }

  @Override
  public void restored(int deliveries) {
    restored += deliveries;
  }

  @Override
  public void resolved() {
    resolved++;
  }

  @Override
  public void handedOver(int deliveries) {
    handedOver += deliveries;
  }

  @Override
  public void settled(Outcome outcome, Duration sinceRequested) {
    outcomes.add(outcome);
    durations.add(sinceRequested);
  }

  @Override
  public void retried(ErrorClass why) {
    retries.add(why);
  }

  @Override
  public void jobOver(JobEnd end) {
    ends.add(end);
  }
}
