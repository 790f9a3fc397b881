package io.dbimport.worker;

import io.dbimport.Reply;
import io.dbimport.Reply.Unavailable;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The breaker of the API's address over those of the environments, and the probes that are due.
 * Confined to the loop thread.
 */
final class Breakers {
  /** Probes of environments at once: after an outage all of them may be due together. */
  static final int MAX_PROBES_AT_ONCE = 16;

  private record Due(long nanos, Tenant tenant) {}

  final Breaker address;
  private final PriorityQueue<Due> probes =
      new PriorityQueue<>(Comparator.comparingLong(Due::nanos));
  private int probesOpen;
  private int notClosed;

  /** An app that had a token: that of the last call that got no answer. */
  private @Nullable String struckApp;

  Breakers(int maxInFlight, RandomGenerator random) {
    this.address = new Breaker(maxInFlight, random);
  }

  /** A call came back. */
  void replied(Turn turn, Reply reply, Moment now) {
    Tenant tenant = turn.tenant();
    News news = News.of(reply);
    boolean explained = false;
    switch (news.address()) {
      case WELL -> address.succeeded(turn.atAddress());
      case ILL -> {
        struckApp = tenant.environment.appId();
        boolean notSent = reply instanceof Unavailable;
        explained = !address.failed(turn.atAddress(), tenant.environment, notSent, now);
      }
      case UNKNOWN -> address.ended(turn.atAddress());
    }
    switch (news.environment()) {
      case WELL -> tenant.breaker.succeeded(turn.own());
      case ILL -> {
        // What was open when the address failed speaks against the address alone.
        if (explained) {
          tenant.breaker.ended(turn.own());
        } else {
          tenant.breaker.failed(turn.own(), tenant.environment, true, now);
        }
      }
      case UNKNOWN -> tenant.breaker.ended(turn.own());
    }
    changed(tenant, now);
  }

  /** When the next probe is due that may be made. */
  long nextProbeNanos() {
    if (address.isOpen()) {
      return address.probeDueNanos();
    }
    Due first = probes.peek();
    return first == null || probesOpen >= MAX_PROBES_AT_ONCE ? Long.MAX_VALUE : first.nanos;
  }

  /**
   * The probe that is due.
   *
   * @param next whose turn it is: an address is probed by the app of someone who wants to call it;
   *     null for nobody
   */
  Probe probe(@Nullable Tenant next) {
    if (address.isOpen()) {
      String appId = next == null ? struckApp : next.environment.appId();
      address.probe();
      return new Probe(appId, null);
    }
    Tenant tenant = probes.remove().tenant;
    tenant.probeQueuedNanos = Long.MAX_VALUE;
    probesOpen++;
    tenant.breaker.probe();
    return new Probe(tenant.environment.appId(), tenant.environment);
  }

  /**
   * A probe came back.
   *
   * @param tenant whose it is; null for the address's, or when it was forgotten meanwhile
   */
  void probed(Probe probe, @Nullable Tenant tenant, boolean answers, Moment now) {
    if (probe.environment == null) {
      address.probed(answers, now);
      return;
    }
    probesOpen--;
    if (tenant != null) {
      tenant.breaker.probed(answers, now);
      changed(tenant, now);
    }
  }

  /** The tenant's breaker was half-open, and nothing came for long. */
  void rest(Tenant tenant, Moment now) {
    tenant.breaker.rest();
    changed(tenant, now);
  }

  /** Breakers that are not closed. */
  int notClosed() {
    return notClosed + (address.isClosed() ? 0 : 1);
  }

  private void changed(Tenant tenant, Moment now) {
    tenant.breakerChanged(address, now);
    boolean isNotClosed = !tenant.breaker.isClosed();
    if (isNotClosed != tenant.countedNotClosed) {
      tenant.countedNotClosed = isNotClosed;
      notClosed += isNotClosed ? 1 : -1;
    }
    long due = tenant.breaker.probeDueNanos();
    if (due != Long.MAX_VALUE && due != tenant.probeQueuedNanos) {
      tenant.probeQueuedNanos = due;
      probes.add(new Due(due, tenant));
    }
  }
}
