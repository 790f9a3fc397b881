package io.dbimport.worker;

import io.dbimport.Reply;
import io.dbimport.worker.LaneKey.Environment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Who may call next: round robin over the environments with work, within the caps and rates of the
 * instance and of each environment, quota windows and breakers; lanes of one environment in the
 * order in which they became ready. Confined to the loop thread.
 *
 * <p>An environment that may not call leaves the ring. It comes back when what it waits for is
 * over: a point in time, a reply, or a probe. So {@link #next} looks at none of them twice.
 */
final class Admission {
  /** How long an environment without work stays half-open. */
  static final Duration HALF_OPEN_AT_MOST = Duration.ofMinutes(5);

  /**
   * How long an environment without work is remembered once a call of it failed: longer than any
   * request waits between two calls, so that {@link #breakerOpenTotal} never falls for it.
   */
  static final Duration REMEMBERED = Duration.ofHours(25);

  private record Due(long nanos, Tenant tenant) {}

  private final Limits limits;
  private final RandomGenerator random;
  private final Map<Environment, Tenant> tenants = new HashMap<>();
  private final ArrayDeque<Tenant> ring = new ArrayDeque<>();
  private final PriorityQueue<Due> asleep = queue();
  private final PriorityQueue<Due> resting = queue();
  private final Holds holds = new Holds();
  private final Breakers breakers;
  private final Breaker address;
  private final Rate total;

  /** The rate of the instance is all that {@link #next} waited for. */
  private boolean overTotalRate;

  Admission(Limits limits, RandomGenerator random) {
    this.limits = limits;
    this.random = random;
    this.breakers = new Breakers(limits.maxInFlight(), random);
    this.address = breakers.address;
    this.total = new Rate(limits.rateTotal());
  }

  /** The lane's first request may be called as soon as it is its turn. */
  void ready(Lane lane) {
    Tenant tenant =
        tenants.computeIfAbsent(
            lane.key.environment(),
            environment ->
                new Tenant(
                    environment,
                    new Breaker(Math.min(limits.envMaxInFlight(), limits.maxInFlight()), random),
                    new Rate(limits.ratePerEnv())));
    tenant.ready.addLast(lane);
    tenant.rested = false;
    enterRing(tenant);
  }

  /** Lets go of lanes that were dropped. They are never called, but are kept until their turn. */
  void forgetDropped() {
    for (Tenant tenant : tenants.values()) {
      tenant.ready.removeIf(lane -> lane.dropped);
      restIfIdle(tenant);
    }
  }

  /**
   * Whose turn it is, with the slots and permits for the call taken; empty when nothing may be
   * called now.
   */
  Optional<Turn> next(Moment now) {
    wake(now);
    overTotalRate = false;
    while (!ring.isEmpty() && address.admits() && total.allows(now)) {
      Tenant tenant = ring.removeFirst();
      tenant.inRing = false;
      Lane lane = tenant.first();
      if (lane == null) {
        restIfIdle(tenant);
        continue;
      }
      if (!tenant.breaker.admits() || sleeps(tenant, now)) {
        continue;
      }
      tenant.ready.removeFirst();
      Turn turn = new Turn(lane, tenant, tenant.breaker.take(), address.take());
      tenant.rate.take(now);
      total.take(now);
      enterRing(tenant);
      return Optional.of(turn);
    }
    overTotalRate = !ring.isEmpty() && address.admits();
    return Optional.empty();
  }

  /** A call that {@link #next} admitted is not made, or broke by a fault of ours. */
  void release(Turn turn) {
    Tenant tenant = turn.tenant();
    tenant.breaker.ended(turn.own());
    address.ended(turn.atAddress());
    tenant.rate.giveBack();
    total.giveBack();
    enterRing(tenant);
    restIfIdle(tenant);
  }

  /** A call that {@link #next} admitted came back. */
  void replied(Turn turn, Reply reply, Moment now) {
    breakers.replied(turn, reply, now);
    enterRing(turn.tenant());
    restIfIdle(turn.tenant());
  }

  /** Holds back exactly that app; null means the one app there is. */
  void holdApp(@Nullable String appId, Moment until) {
    holds.hold(appId, until);
  }

  /** Holds back exactly that environment. */
  void holdEnvironment(Environment environment, Moment until) {
    holds.hold(environment, until);
  }

  /**
   * How long quota windows, its own or its app's, surely hold the environment back from now; zero
   * when they do not. Breakers do not count: nobody knows how long they stay open.
   */
  Duration heldFor(Environment environment, Moment now) {
    long until = holds.untilNanos(environment);
    return until <= now.nanos() ? Duration.ZERO : Duration.ofNanos(until - now.nanos());
  }

  /** Whether more of the environment's requests in memory would bring nothing now. */
  boolean blocked(Environment environment, Moment now) {
    if (breakerOpen(environment) || holds.untilNanos(environment) > now.nanos()) {
      return true;
    }
    Tenant tenant = tenants.get(environment);
    return tenant != null
        && address.admits()
        && (!tenant.breaker.admits() || !tenant.rate.allows(now));
  }

  /** Whether the environment's breaker or the address's is open; half-open is not. */
  boolean breakerOpen(Environment environment) {
    Tenant tenant = tenants.get(environment);
    return address.isOpen() || (tenant != null && tenant.breaker.isOpen());
  }

  /**
   * The next probe to make now; empty when none is due. What it finds must be brought to {@link
   * #probed}. While the address's breaker is open no environment is probed.
   */
  Optional<Probe> nextProbe(Moment now) {
    if (breakers.nextProbeNanos() > now.nanos()) {
      return Optional.empty();
    }
    // Whose turn it is goes to the end: an app without a token must not stop all probes.
    Tenant next = address.isOpen() ? ring.pollFirst() : null;
    if (next != null) {
      ring.addLast(next);
    }
    return Optional.of(breakers.probe(next));
  }

  /**
   * A probe came back.
   *
   * @param answers whether the API answered it
   */
  void probed(Probe probe, boolean answers, Moment now) {
    Tenant tenant = probe.environment == null ? null : tenants.get(probe.environment);
    breakers.probed(probe, tenant, answers, now);
    if (tenant != null) {
      enterRing(tenant);
    }
  }

  /**
   * How long the environment's breaker or the address's has been open in all. Never falls between
   * two calls of a request: what was open meanwhile is the difference.
   */
  Duration breakerOpenTotal(Environment environment, Moment now) {
    Tenant tenant = tenants.get(environment);
    return Duration.ofNanos(
        tenant == null ? address.openNanos(now) : tenant.openNanos(address, now));
  }

  /** Calls that are open now. */
  int inFlight() {
    return address.inFlight();
  }

  /** Lanes that wait for their turn. Counts them one by one. */
  int readyLanes() {
    return tenants.values().stream().mapToInt(tenant -> tenant.ready.size()).sum();
  }

  /** Breakers that are not closed. */
  int openBreakers() {
    return breakers.notClosed();
  }

  /** Apps and environments that quota windows hold back. */
  int throttled() {
    return holds.count();
  }

  /** Environments that are remembered. */
  int remembered() {
    return tenants.size();
  }

  /**
   * When something may change by time alone, by the monotonic clock: a hold ends, a permit comes, a
   * probe is due. {@code Long.MAX_VALUE} for never. What is past stays until {@link #next} and
   * {@link #nextProbe} were asked.
   */
  long nextDueNanos() {
    Due sleeper = asleep.peek();
    long due = Math.min(holds.nextNanos(), breakers.nextProbeNanos());
    if (sleeper != null) {
      due = Math.min(due, sleeper.nanos);
    }
    return overTotalRate ? Math.min(due, total.nextNanos()) : due;
  }

  private static PriorityQueue<Due> queue() {
    return new PriorityQueue<>(Comparator.comparingLong(Due::nanos));
  }

  private void enterRing(Tenant tenant) {
    if (!tenant.inRing && !tenant.asleep && !tenant.ready.isEmpty() && tenant.breaker.admits()) {
      tenant.inRing = true;
      ring.addLast(tenant);
    }
  }

  /** Puts the tenant to sleep when it may not call before some point in time. */
  private boolean sleeps(Tenant tenant, Moment now) {
    long until = Math.max(holds.untilNanos(tenant.environment), tenant.rate.nextNanos());
    tenant.asleep = until > now.nanos();
    if (tenant.asleep) {
      asleep.add(new Due(until, tenant));
    }
    return tenant.asleep;
  }

  private void wake(Moment now) {
    holds.pass(now);
    for (Tenant tenant = poll(asleep, now); tenant != null; tenant = poll(asleep, now)) {
      tenant.asleep = false;
      enterRing(tenant);
      restIfIdle(tenant);
    }
    for (Tenant tenant = poll(resting, now); tenant != null; tenant = poll(resting, now)) {
      tenant.resting = false;
      if (tenant.idle()) {
        forget(tenant, now);
      }
    }
  }

  private static @Nullable Tenant poll(PriorityQueue<Due> queue, Moment now) {
    Due first = queue.peek();
    return first == null || first.nanos > now.nanos() ? null : queue.remove().tenant;
  }

  private void restIfIdle(Tenant tenant) {
    if (tenant.idle() && !tenant.resting) {
      rest(tenant, Long.MIN_VALUE);
    }
  }

  private void rest(Tenant tenant, long untilNanos) {
    tenant.resting = true;
    resting.add(new Due(untilNanos, tenant));
  }

  /** Forgets a tenant without work, or sees to it that it is looked at again. */
  private void forget(Tenant tenant, Moment now) {
    Breaker breaker = tenant.breaker;
    if (tenant.rested && !breaker.isClosed()) {
      breakers.rest(tenant, now);
      tenant.rested = false;
    }
    if (breaker.isPristine() || (tenant.rested && breaker.isClosed())) {
      if (tenant.rate.restedNanos() <= now.nanos()) {
        // Not another one of that name: this one may have been forgotten in the ring before.
        tenants.remove(tenant.environment, tenant);
      } else {
        rest(tenant, tenant.rate.restedNanos());
      }
      return;
    }
    tenant.rested = !breaker.isOpen();
    rest(tenant, now.nanosAfter(breaker.isClosed() ? REMEMBERED : HALF_OPEN_AT_MOST));
  }
}
