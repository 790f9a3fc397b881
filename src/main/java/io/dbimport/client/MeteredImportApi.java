package io.dbimport.client;

import io.dbimport.ImportApi;
import io.dbimport.ImportRequest;
import io.dbimport.JobReply;
import io.dbimport.Presence;
import io.dbimport.Reply;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Counts and times the calls of another body. Thread-safe. */
public final class MeteredImportApi implements ImportApi {
  private final ImportApi api;
  private final Timer imports;
  private final Timer states;
  private final Counter accepted;
  private final Counter refused;
  private final Counter unavailable;
  private final Counter unanswered;
  private final Counter known;
  private final Counter notKnown;
  private final Timer environments;
  private final Counter answered;
  private final Counter notAnswered;

  public MeteredImportApi(ImportApi api, MeterRegistry registry) {
    this.api = api;
    this.imports = timer(registry, "import");
    this.states = timer(registry, "state");
    this.accepted = counter(registry, "import", "accepted");
    this.refused = counter(registry, "import", "refused");
    this.unavailable = counter(registry, "import", "unavailable");
    this.unanswered = counter(registry, "import", "unanswered");
    this.known = counter(registry, "state", "known");
    this.notKnown = counter(registry, "state", "not_known");
    this.environments = timer(registry, "environments");
    this.answered = counter(registry, "environments", "answered");
    this.notAnswered = counter(registry, "environments", "not_answered");
  }

  @Override
  public Reply submit(ImportRequest request) throws InterruptedException {
    long began = System.nanoTime();
    Reply reply = api.submit(request);
    imports.record(Duration.ofNanos(System.nanoTime() - began));
    switch (reply) {
      case Reply.Accepted _ -> accepted.increment();
      case Reply.Refused _ -> refused.increment();
      case Reply.Unavailable _ -> unavailable.increment();
      case Reply.Unanswered _ -> unanswered.increment();
    }
    return reply;
  }

  @Override
  public JobReply state(@Nullable String appId, String env, long jobId)
      throws InterruptedException {
    long began = System.nanoTime();
    JobReply reply = api.state(appId, env, jobId);
    states.record(Duration.ofNanos(System.nanoTime() - began));
    switch (reply) {
      case JobReply.Known _ -> known.increment();
      case JobReply.NotKnown _ -> notKnown.increment();
    }
    return reply;
  }

  @Override
  public Presence presence(@Nullable String appId) throws InterruptedException {
    long began = System.nanoTime();
    Presence found = api.presence(appId);
    environments.record(Duration.ofNanos(System.nanoTime() - began));
    (found == Presence.ABSENT ? notAnswered : answered).increment();
    return found;
  }

  private static Timer timer(MeterRegistry registry, String call) {
    return Timer.builder("dbimport.api.call.duration")
        .description("one call of the API")
        .tag("call", call)
        .publishPercentileHistogram()
        .minimumExpectedValue(Duration.ofMillis(1))
        .maximumExpectedValue(Duration.ofMinutes(1))
        .register(registry);
  }

  private static Counter counter(MeterRegistry registry, String call, String reply) {
    return Counter.builder("dbimport.api.calls")
        .description("calls of the API by what they gave")
        .tag("call", call)
        .tag("reply", reply)
        .register(registry);
  }
}
