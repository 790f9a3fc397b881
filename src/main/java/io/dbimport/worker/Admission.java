package io.dbimport.worker;

import io.dbimport.worker.LaneKey.Environment;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Who may call next: round robin over the environments with work, within the caps of the instance
 * and of each environment; lanes of one environment in the order in which they became ready.
 * Confined to the loop thread.
 */
final class Admission {

  /** One environment's ready lanes and open calls. */
  private static final class Tenant {
    final ArrayDeque<Lane> ready = new ArrayDeque<>();
    int inFlight;
    boolean inRing;
  }

  private final int maxInFlight;
  private final int envMaxInFlight;
  private final Map<Environment, Tenant> tenants = new HashMap<>();
  private final ArrayDeque<Environment> ring = new ArrayDeque<>();
  private int inFlight;

  Admission(int maxInFlight, int envMaxInFlight) {
    this.maxInFlight = maxInFlight;
    this.envMaxInFlight = envMaxInFlight;
  }

  /** The lane's first request may be called as soon as it is its turn. */
  void ready(Lane lane) {
    Tenant tenant = tenants.computeIfAbsent(lane.key.environment(), _ -> new Tenant());
    tenant.ready.addLast(lane);
    enterRing(lane.key.environment(), tenant);
  }

  /** The lane whose turn it is, with the slots for its call taken; empty when there is none. */
  Optional<Lane> next() {
    while (inFlight < maxInFlight && !ring.isEmpty()) {
      Environment environment = ring.removeFirst();
      Tenant tenant = tenants.get(environment);
      if (tenant == null) {
        continue;
      }
      tenant.inRing = false;
      Lane lane = tenant.ready.pollFirst();
      while (lane != null && lane.dropped) {
        lane = tenant.ready.pollFirst();
      }
      if (lane == null) {
        forgetIfIdle(environment, tenant);
        continue;
      }
      inFlight++;
      tenant.inFlight++;
      enterRing(environment, tenant);
      return Optional.of(lane);
    }
    return Optional.empty();
  }

  /** A call that {@link #next} admitted has been answered. */
  void release(Environment environment) {
    Tenant tenant = tenants.get(environment);
    if (tenant == null) {
      throw new IllegalStateException("no call is open for " + environment);
    }
    inFlight--;
    tenant.inFlight--;
    enterRing(environment, tenant);
    forgetIfIdle(environment, tenant);
  }

  /** Calls that are open now. */
  int inFlight() {
    return inFlight;
  }

  private void enterRing(Environment environment, Tenant tenant) {
    if (!tenant.inRing && !tenant.ready.isEmpty() && tenant.inFlight < envMaxInFlight) {
      tenant.inRing = true;
      ring.addLast(environment);
    }
  }

  private void forgetIfIdle(Environment environment, Tenant tenant) {
    if (tenant.inFlight == 0 && tenant.ready.isEmpty()) {
      tenants.remove(environment);
    }
  }
}
