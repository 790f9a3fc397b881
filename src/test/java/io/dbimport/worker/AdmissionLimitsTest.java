package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import io.dbimport.Reply;
import io.dbimport.Reply.Accepted;
import io.dbimport.Reply.Refused;
import io.dbimport.Reply.Unanswered;
import io.dbimport.Reply.Unavailable;
import io.dbimport.worker.LaneKey.Environment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rates, quota windows and breakers: what they hold back, for how long, and whom they do not. */
final class AdmissionLimitsTest {
  private static final Environment A = new Environment("app-1", "a");
  private static final Environment A2 = new Environment("app-1", "a2");
  private static final Environment B = new Environment("app-2", "b");
  private static final Reply GOOD = new Accepted(1);
  private static final Reply SILENCE = new Unanswered(-1, "HTTP 503");
  private static final Reply DOWN = Unavailable.notSent(-1, "connection refused");
  private static final Reply BUSY = new Unavailable(-502001, "busy");

  private final ManualClock clock = new ManualClock();
  private final Turns turns = new Turns();
  private Admission admission = new Admission(new Limits(20, 8, null, null), FixedRandom.HIGHEST);

  private void limits(int cap, int envCap, @Nullable Double perEnv, @Nullable Double total) {
    admission = new Admission(new Limits(cap, envCap, perEnv, total), FixedRandom.HIGHEST);
  }

  private static Lane lane(Environment environment, int number) {
    return new Lane(new LaneKey(0, environment, "c-" + number, -1), 1);
  }

  private void ready(Environment environment, int lanes) {
    for (int i = 0; i < lanes; i++) {
      admission.ready(lane(environment, i));
    }
  }

  /** Everything that is admitted now. */
  private List<Environment> admitted() {
    List<Environment> whose = new ArrayList<>();
    for (var turn = next(); turn.isPresent(); turn = next()) {
      whose.add(turns.add(turn.get()));
    }
    return whose;
  }

  private Optional<Turn> next() {
    return admission.next(clock.now());
  }

  private void reply(Environment environment, Reply reply, int times) {
    for (int i = 0; i < times; i++) {
      admission.replied(turns.first(environment), reply, clock.now());
    }
  }

  private void replyLast(Environment environment, Reply reply) {
    admission.replied(turns.last(environment), reply, clock.now());
  }

  private Probe probe() {
    return admission.nextProbe(clock.now()).orElseThrow();
  }

  private void probed(Probe probe, boolean answers) {
    admission.probed(probe, answers, clock.now());
  }

  private Moment in(Duration time) {
    return clock.now().plus(time);
  }

  private Duration dueIn() {
    return Duration.ofNanos(admission.nextDueNanos() - clock.now().nanos());
  }

  /** Opens the environment's breaker; none of its calls is open. */
  private void open(Environment environment) {
    ready(environment, Breaker.STRIKES);
    assertThat(admitted()).hasSize(Breaker.STRIKES).containsOnly(environment);
    reply(environment, BUSY, Breaker.STRIKES);
    assertThat(admission.breakerOpen(environment)).isTrue();
  }

  /** Opens the address's breaker alone; no call is open. */
  private void openAddress() {
    ready(A, Breaker.STRIKES);
    assertThat(admitted()).hasSize(Breaker.STRIKES);
    reply(A, DOWN, Breaker.STRIKES);
    assertThat(admission.openBreakers()).isEqualTo(1);
  }

  // Rates.

  @Test
  void anEnvironmentOverItsRateSleepsUntilItsNextPermitAndOthersDoNot() {
    limits(20, 8, 2.0, null);
    ready(A, 3);
    ready(B, 1);
    assertThat(admitted()).containsExactly(A, B);
    assertThat(admission.blocked(A, clock.now())).isTrue();
    assertThat(dueIn()).isEqualTo(Duration.ofMillis(500));
    clock.advance(Duration.ofMillis(499));
    assertThat(admitted()).isEmpty();
    clock.advance(Duration.ofMillis(1));
    assertThat(admitted()).containsExactly(A);
  }

  @Test
  void theInstanceHasARateOverAllEnvironments() {
    limits(20, 8, null, 2.0);
    ready(A, 3);
    ready(B, 2);
    List<Environment> whose = new ArrayList<>(admitted());
    assertThat(whose).containsExactly(A);
    assertThat(admission.blocked(A, clock.now())).as("it is not its own rate").isFalse();
    while (whose.size() < 5) {
      assertThat(dueIn()).isEqualTo(Duration.ofMillis(500));
      clock.advance(dueIn());
      whose.addAll(admitted());
    }
    assertThat(whose).containsExactly(A, B, A, B, A);
    assertThat(admission.nextDueNanos()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void theRateOfTheInstanceIsNotDueWhileItsSlotsAreTaken() {
    limits(1, 1, null, 2.0);
    ready(A, 2);
    assertThat(admitted()).containsExactly(A);
    assertThat(admission.nextDueNanos()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void aCallThatIsNotMadeCostsNoPermit() {
    limits(20, 8, 1.0, 1.0);
    ready(A, 3);
    admission.release(next().orElseThrow());
    assertThat(next()).isPresent();
    assertThat(next()).isEmpty();
  }

  @Test
  void anEnvironmentAtItsCapIsBlockedOnlyWhileOthersMayCall() {
    limits(3, 2, null, null);
    ready(A, 3);
    assertThat(admitted()).containsExactly(A, A);
    assertThat(admission.blocked(A, clock.now())).isTrue();
    assertThat(admission.blocked(B, clock.now())).isFalse();
    ready(B, 1);
    assertThat(admitted()).containsExactly(B);
    assertThat(admission.blocked(A, clock.now())).as("now the instance is full").isFalse();
  }

  @Test
  void aRateIsNotForgottenWhileItsEnvironmentIsIdle() {
    limits(20, 8, 1.0, null);
    ready(A, 1);
    assertThat(admitted()).hasSize(1);
    reply(A, GOOD, 1);
    assertThat(admitted()).isEmpty();
    ready(A, 1);
    assertThat(admitted()).isEmpty();
    clock.advance(Duration.ofSeconds(1));
    assertThat(admitted()).hasSize(1);
  }

  // Quota windows.

  @Test
  void aHeldAppIsHeldInAllItsEnvironmentsAndNoOtherIs() {
    ready(A, 1);
    ready(A2, 1);
    ready(B, 2);
    admission.holdApp("app-1", in(Duration.ofSeconds(60)));
    assertThat(admitted()).containsExactly(B, B);
    assertThat(admission.heldFor(A, clock.now())).isEqualTo(Duration.ofSeconds(60));
    assertThat(admission.heldFor(B, clock.now())).isZero();
    assertThat(admission.blocked(A2, clock.now())).isTrue();
    assertThat(admission.blocked(B, clock.now())).isFalse();
    assertThat(admission.throttled()).isEqualTo(1);
    assertThat(dueIn()).isEqualTo(Duration.ofSeconds(60));
    clock.advance(dueIn());
    assertThat(admitted()).containsExactly(A, A2);
    assertThat(admission.throttled()).isZero();
    assertThat(admission.nextDueNanos()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void aHeldEnvironmentIsHeldAlone() {
    ready(A, 1);
    ready(A2, 1);
    admission.holdEnvironment(A, in(Duration.ofSeconds(60)));
    assertThat(admitted()).containsExactly(A2);
    ready(A, 1);
    assertThat(admitted()).as("nor is what comes later").isEmpty();
    clock.advance(Duration.ofSeconds(60));
    assertThat(admitted()).containsExactly(A, A);
  }

  @Test
  void theOneAppThereIsCanBeHeldToo() {
    Environment nameless = new Environment(null, "a");
    ready(nameless, 1);
    ready(A, 1);
    admission.holdApp(null, in(Duration.ofSeconds(1)));
    assertThat(admitted()).containsExactly(A);
    clock.advance(Duration.ofSeconds(1));
    assertThat(admitted()).containsExactly(nameless);
  }

  @Test
  void ofTwoHoldsTheLaterEndCounts() {
    ready(A, 1);
    admission.holdEnvironment(A, in(Duration.ofSeconds(10)));
    admission.holdEnvironment(A, in(Duration.ofSeconds(5)));
    admission.holdApp("app-1", in(Duration.ofSeconds(20)));
    assertThat(admission.heldFor(A, clock.now())).isEqualTo(Duration.ofSeconds(20));
    assertThat(admission.heldFor(A2, clock.now())).isEqualTo(Duration.ofSeconds(20));
    assertThat(admission.throttled()).isEqualTo(2);
    clock.advance(Duration.ofSeconds(15));
    assertThat(admitted()).isEmpty();
    assertThat(admission.throttled()).as("the environment's own is over").isEqualTo(1);
    admission.holdApp("app-1", in(Duration.ofSeconds(30)));
    clock.advance(Duration.ofSeconds(29));
    assertThat(admitted()).as("held longer while it slept").isEmpty();
    clock.advance(Duration.ofSeconds(1));
    assertThat(admitted()).containsExactly(A);
  }

  @Test
  void aHoldOutlivesTheWorkOfItsEnvironment() {
    admission.holdEnvironment(A, in(Duration.ofHours(20)));
    assertThat(admitted()).isEmpty();
    assertThat(dueIn()).isEqualTo(Duration.ofHours(20));
    clock.advance(Duration.ofHours(19));
    ready(A, 1);
    assertThat(admitted()).isEmpty();
    assertThat(admission.heldFor(A, clock.now())).isEqualTo(Duration.ofHours(1));
  }

  @Test
  void manyHeldEnvironmentsCostNoTimeAgainAndAgain() {
    for (int i = 0; i < 5_000; i++) {
      ready(new Environment("app-1", "env-" + i), 2);
    }
    admission.holdApp("app-1", in(Duration.ofHours(1)));
    assertTimeout(
        Duration.ofSeconds(10),
        () -> {
          for (int i = 0; i < 200_000; i++) {
            assertThat(next()).isEmpty();
          }
        });
    clock.advance(Duration.ofHours(1));
    assertThat(admitted()).hasSize(20).doesNotHaveDuplicates();
  }

  // Breakers of environments.

  @Test
  void anEnvironmentThatFailsIsNotCalledAndAllOthersAre() {
    open(A);
    ready(A, 3);
    ready(A2, 20);
    ready(B, 2);
    assertThat(admitted()).hasSize(10).doesNotContain(A);
    assertThat(admission.blocked(A, clock.now())).isTrue();
    assertThat(admission.breakerOpen(A2)).isFalse();
    assertThat(admission.openBreakers()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"-1", "-501001", "-502001", "-502015", "-503001"})
  void theApisOwnTroubleStrikesTheEnvironmentAlone(int errcode) {
    ready(A, 20);
    assertThat(admitted()).hasSize(8);
    reply(A, new Unavailable(errcode, "busy"), 8);
    assertThat(admission.breakerOpen(A)).isTrue();
    assertThat(admission.breakerOpen(B)).isFalse();
    assertThat(admission.openBreakers()).isEqualTo(1);
  }

  @Test
  void anyOtherAnswerClearsTheStrikesOfItsEnvironment() {
    ready(A, 100);
    for (int errcode : new int[] {40001, 45011, -501003, -503003}) {
      admitted();
      reply(A, BUSY, 4);
      reply(A, GOOD, 1);
      assertThat(admitted()).as("its own slot alone").hasSize(1);
      replyLast(A, Refused.of(errcode, "no"));
      admitted();
      assertThat(admission.inFlight()).as("all its slots after %d", errcode).isEqualTo(8);
    }
  }

  @Test
  void aStrikeKeepsASlotOfItsEnvironmentBack() {
    ready(A, 20);
    assertThat(admitted()).hasSize(8);
    reply(A, BUSY, 3);
    assertThat(admitted()).isEmpty();
    assertThat(admission.blocked(A, clock.now())).isTrue();
    reply(A, GOOD, 1);
    assertThat(admitted()).hasSize(1);
    replyLast(A, GOOD);
    assertThat(admitted()).hasSize(4);
  }

  @Test
  void anOpenEnvironmentIsProbedByItsOwnAppAndComesBackSlowly() {
    open(A);
    ready(A, 20);
    Probe probe = probe();
    assertThat(probe.appId()).isEqualTo("app-1");
    assertThat(probe.env()).isEqualTo("a");
    assertThat(probe).hasToString("a probe of Environment[appId=app-1, env=a]");
    assertThat(admission.nextProbe(clock.now())).as("one at a time").isEmpty();
    probed(probe, false);
    assertThat(dueIn()).isEqualTo(Duration.ofSeconds(1));
    assertThat(admission.nextProbe(clock.now())).isEmpty();
    assertThat(admitted()).isEmpty();
    clock.advance(Duration.ofSeconds(1));
    probed(probe(), true);
    assertThat(admission.breakerOpen(A)).isFalse();
    assertThat(admission.openBreakers()).as("half-open is not closed").isEqualTo(1);
    assertThat(admitted()).hasSize(1);
    assertThat(admission.blocked(A, clock.now())).isTrue();
    reply(A, GOOD, 1);
    assertThat(admitted()).hasSize(2);
    reply(A, GOOD, 2);
    assertThat(admission.openBreakers()).isZero();
    assertThat(admitted()).hasSize(8);
  }

  @Test
  void anEnvironmentThatFailsAfterItsProbeGetsOneCallAndNoBurst() {
    open(A);
    ready(A, 100);
    int calls = 0;
    for (int i = 0; i < 10; i++) {
      probed(probe(), true);
      List<Environment> whose = admitted();
      calls += whose.size();
      reply(A, SILENCE, whose.size());
      clock.advance(Breaker.LONGEST_PAUSE);
    }
    assertThat(calls).isEqualTo(10);
  }

  @Test
  void anEnvironmentThatOpensAgainIsProbedAgain() {
    ready(A, 13);
    assertThat(admitted()).hasSize(8);
    reply(A, BUSY, 5);
    assertThat(dueIn()).isZero();
    probed(probe(), true);
    assertThat(admission.nextDueNanos()).as("half-open needs no probe").isEqualTo(Long.MAX_VALUE);
    assertThat(admitted()).hasSize(1);
    replyLast(A, BUSY);
    clock.advance(dueIn());
    assertThat(probe().env()).isEqualTo("a");
  }

  @Test
  void onlySoManyEnvironmentsAreProbedAtOnce() {
    for (int i = 0; i < 2 * Breakers.MAX_PROBES_AT_ONCE; i++) {
      open(new Environment("app-1", "env-" + i));
    }
    List<Probe> probes = new ArrayList<>();
    for (var probe = admission.nextProbe(clock.now());
        probe.isPresent();
        probe = admission.nextProbe(clock.now())) {
      probes.add(probe.get());
    }
    assertThat(probes).hasSize(Breakers.MAX_PROBES_AT_ONCE);
    assertThat(admission.nextDueNanos()).as("none can be made now").isEqualTo(Long.MAX_VALUE);
    probes.forEach(probe -> probed(probe, true));
    assertThat(dueIn()).isZero();
    assertThat(admission.openBreakers()).isEqualTo(2 * Breakers.MAX_PROBES_AT_ONCE);
  }

  // The breaker of the address.

  @Test
  void whileTheAddressIsOpenNobodyIsCalled() {
    openAddress();
    ready(A, 1);
    ready(B, 1);
    assertThat(admitted()).isEmpty();
    assertThat(admission.breakerOpen(B)).isTrue();
    assertThat(admission.blocked(B, clock.now())).isTrue();
    Probe probe = probe();
    assertThat(probe.env()).isNull();
    assertThat(probe).hasToString("a probe of the API");
    assertThat(admission.nextProbe(clock.now())).as("one at a time").isEmpty();
    probed(probe, true);
    assertThat(admission.breakerOpen(B)).isFalse();
    assertThat(admitted()).hasSize(1);
    assertThat(admission.blocked(B, clock.now())).as("it is not B that is full").isFalse();
  }

  @Test
  void whatDidNotReachTheApiIsNotHeldAgainstTheEnvironment() {
    openAddress();
    probed(probe(), true);
    ready(A, 1);
    assertThat(admitted()).containsExactly(A);
    reply(A, GOOD, 1);
    ready(A, 7);
    for (int round = 0; round < 4; round++) {
      reply(A, GOOD, admitted().size());
    }
    assertThat(admission.openBreakers()).isZero();
  }

  @Test
  void anyErrcodeOfTheApisOwnClearsTheStrikesOfTheAddress() {
    ready(A, 6);
    ready(B, 6);
    assertThat(admitted()).hasSize(12);
    reply(A, DOWN, 4);
    reply(B, BUSY, 1);
    reply(A, DOWN, 2);
    reply(B, new Unanswered(-501002, "late"), 1);
    reply(B, DOWN, 4);
    assertThat(admission.openBreakers()).isZero();
  }

  @Test
  void theApisOwnBusyDoesNotStrikeTheAddress() {
    for (Environment environment : List.of(A, A2, B)) {
      ready(environment, 4);
      admitted();
      reply(environment, new Unavailable(-1, "system busy"), 4);
    }
    assertThat(admission.openBreakers()).isZero();
  }

  @Test
  void anEnvironmentWhoseCallsHangDoesNotStopOthersThatGetThrough() {
    ready(A, 100);
    ready(B, 100);
    assertThat(admitted()).hasSize(16);
    for (int i = 0; i < 8; i++) {
      reply(A, SILENCE, 1);
      reply(B, GOOD, 1);
    }
    assertThat(admission.breakerOpen(A)).isTrue();
    assertThat(admission.breakerOpen(B)).isFalse();
    assertThat(admitted()).hasSize(8).containsOnly(B);
  }

  @Test
  void anEnvironmentWhoseCallsHangDoesNotStopOthersThatComeLater() {
    ready(A, 100);
    assertThat(admitted()).hasSize(8);
    reply(A, SILENCE, 8);
    for (int i = 0; i < 30; i++) {
      probed(probe(), true);
      assertThat(admitted()).containsExactly(A);
      reply(A, SILENCE, 1);
      clock.advance(Breaker.LONGEST_PAUSE);
    }
    ready(B, 100);
    assertThat(admitted()).containsExactly(B);
    reply(B, GOOD, 1);
    assertThat(admitted()).as("all of B's slots").hasSize(8).containsOnly(B);
  }

  @Test
  void whenAllCallsHangTheAddressIsOpenedAndNoMoreFailThanWereOpen() {
    limits(20, 8, null, null);
    List<Environment> all = List.of(A, A2, B);
    all.forEach(environment -> ready(environment, 100));
    List<Environment> open = admitted();
    assertThat(open).hasSize(20);
    int ended = 0;
    while (!open.isEmpty()) {
      reply(open.removeFirst(), SILENCE, 1);
      ended++;
      open.addAll(admitted());
    }
    assertThat(ended).isEqualTo(20);
    assertThat(admission.breakerOpen(B)).isTrue();
    assertThat(probe().env()).as("the address's").isNull();
  }

  @Test
  void callsOpenWhenTheAddressFailedSayNothingOfTheirEnvironments() {
    ready(A, 7);
    ready(B, 7);
    assertThat(admitted()).hasSize(14);
    reply(A, SILENCE, 3);
    reply(B, SILENCE, 2);
    assertThat(admission.openBreakers()).as("the address's").isEqualTo(1);
    reply(A, SILENCE, 4);
    reply(B, SILENCE, 5);
    assertThat(admission.openBreakers()).isEqualTo(1);
  }

  @Test
  void whileTheAddressIsOpenNoEnvironmentIsProbed() {
    open(A);
    ready(B, 5);
    assertThat(admitted()).hasSize(5);
    reply(B, DOWN, 5);
    Probe address = probe();
    assertThat(address.env()).isNull();
    assertThat(admission.nextProbe(clock.now())).isEmpty();
    assertThat(admission.nextDueNanos()).isEqualTo(Long.MAX_VALUE);
    probed(address, true);
    assertThat(probe().env()).isEqualTo("a");
  }

  @Test
  void theAddressIsProbedByTheAppsOfThoseWhoWait() {
    openAddress();
    Probe first = probe();
    assertThat(first.appId()).as("that which found it closed").isEqualTo("app-1");
    ready(B, 1);
    ready(A, 1);
    List<@Nullable String> apps = new ArrayList<>();
    Probe probe = first;
    for (int i = 0; i < 3; i++) {
      probed(probe, false);
      clock.advance(Breaker.LONGEST_PAUSE);
      probe = probe();
      apps.add(probe.appId());
    }
    assertThat(apps).as("one that has no token does not stop them all").contains("app-1", "app-2");
  }

  // Time that does not count.

  @Test
  void theTimeEitherBreakerIsOpenCountsOnce() {
    open(A);
    ready(B, 5);
    assertThat(admitted()).hasSize(5);
    clock.advance(Duration.ofSeconds(1));
    reply(B, DOWN, 5);
    clock.advance(Duration.ofSeconds(2));
    assertThat(admission.breakerOpenTotal(A, clock.now())).isEqualTo(Duration.ofSeconds(3));
    assertThat(admission.breakerOpenTotal(B, clock.now())).isEqualTo(Duration.ofSeconds(2));
    probed(probe(), true);
    clock.advance(Duration.ofSeconds(4));
    assertThat(admission.breakerOpenTotal(A, clock.now())).isEqualTo(Duration.ofSeconds(7));
    probed(probe(), true);
    clock.advance(Duration.ofSeconds(8));
    assertThat(admission.breakerOpenTotal(A, clock.now())).isEqualTo(Duration.ofSeconds(7));
    assertThat(admission.breakerOpenTotal(B, clock.now())).isEqualTo(Duration.ofSeconds(2));
    assertThat(admission.breakerOpenTotal(new Environment(null, "new"), clock.now()))
        .isEqualTo(Duration.ofSeconds(2));
  }

  // What is forgotten.

  @Test
  void anEnvironmentWithoutWorkIsForgotten() {
    for (int i = 0; i < 10; i++) {
      Environment environment = new Environment("app-1", "env-" + i);
      ready(environment, 1);
      admitted();
      reply(environment, GOOD, 1);
    }
    admitted();
    assertThat(admission.remembered()).isZero();
  }

  @Test
  void strikesAreRememberedBetweenTwoCalls() {
    for (int i = 0; i < Breaker.STRIKES; i++) {
      ready(A, 1);
      assertThat(admitted()).containsExactly(A);
      reply(A, BUSY, 1);
      clock.advance(Duration.ofHours(24));
      admitted();
    }
    assertThat(admission.breakerOpen(A)).isTrue();
  }

  @Test
  void whatWasOnceOpenIsForgottenAfterADayAndNotBefore() {
    open(A);
    clock.advance(Duration.ofSeconds(1));
    probed(probe(), true);
    admitted();
    assertThat(admission.openBreakers()).as("somebody may come").isEqualTo(1);
    clock.advance(Admission.HALF_OPEN_AT_MOST);
    admitted();
    assertThat(admission.openBreakers()).as("nobody came").isZero();
    clock.advance(Duration.ofHours(24));
    admitted();
    assertThat(admission.breakerOpenTotal(A, clock.now())).isEqualTo(Duration.ofSeconds(1));
    clock.advance(Admission.REMEMBERED);
    admitted();
    assertThat(admission.remembered()).isZero();
  }

  @Test
  void aLateAnswerMakesNoSecondProbe() {
    ready(A, Breaker.STRIKES + 1);
    assertThat(admitted()).hasSize(Breaker.STRIKES + 1);
    reply(A, BUSY, Breaker.STRIKES);
    Probe probe = probe();
    reply(A, GOOD, 1);
    assertThat(admission.nextProbe(clock.now())).isEmpty();
    assertThat(admission.nextDueNanos()).isEqualTo(Long.MAX_VALUE);
    probed(probe, false);
    assertThat(dueIn()).isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void anOpenBreakerIsProbedOnThoughNobodyWaits() {
    open(A);
    for (int i = 0; i < 20; i++) {
      probed(probe(), false);
      clock.advance(Duration.ofHours(5));
      assertThat(admitted()).isEmpty();
    }
    assertThat(admission.breakerOpen(A)).isTrue();
  }

  @Test
  void droppedLanesAreLetGoOf() {
    Lane dropped = lane(A, 0);
    admission.ready(dropped);
    admission.holdEnvironment(A, in(Duration.ofHours(1)));
    assertThat(admitted()).isEmpty();
    dropped.dropped = true;
    admission.ready(lane(A, 1));
    Lane inRing = lane(B, 0);
    admission.ready(inRing);
    inRing.dropped = true;
    assertThat(admission.readyLanes()).isEqualTo(3);
    admission.forgetDropped();
    assertThat(admission.readyLanes()).isEqualTo(1);
    assertThat(admission.remembered()).isEqualTo(2);
    assertThat(admitted()).isEmpty();
    ready(B, 1);
    assertThat(admitted()).containsExactly(B);
    reply(B, GOOD, 1);
    clock.advance(Duration.ofHours(1));
    assertThat(admitted()).as("the one that was not dropped").containsExactly(A);
    reply(A, GOOD, 1);
    admitted();
    assertThat(admission.remembered()).isZero();
  }

  @Test
  void anEnvironmentWhoseLanesWereDroppedIsForgottenAtItsTurn() {
    Lane dropped = lane(A, 0);
    admission.ready(dropped);
    dropped.dropped = true;
    admission.forgetDropped();
    assertThat(admitted()).isEmpty();
    assertThat(admission.remembered()).isEqualTo(1);
    assertThat(admitted()).isEmpty();
    assertThat(admission.remembered()).isZero();
  }

  @Test
  void anEnvironmentWhoseLanesWereDroppedWhileItWasHeldIsForgottenAfterwards() {
    Lane dropped = lane(A, 0);
    admission.ready(dropped);
    admission.holdEnvironment(A, in(Duration.ofHours(1)));
    assertThat(admitted()).isEmpty();
    dropped.dropped = true;
    admission.forgetDropped();
    clock.advance(Duration.ofHours(1));
    assertThat(admitted()).isEmpty();
    assertThat(admission.remembered()).isZero();
  }

  @Test
  void anEnvironmentWhoseLanesWereDroppedWhileItsBreakerWasOpenIsForgottenToo() {
    open(A);
    Lane dropped = lane(A, 0);
    admission.ready(dropped);
    clock.advance(Admission.HALF_OPEN_AT_MOST);
    assertThat(admitted()).isEmpty();
    dropped.dropped = true;
    admission.forgetDropped();
    probed(probe(), true);
    for (int looks = 0; looks < 3; looks++) {
      assertThat(admitted()).isEmpty();
      assertThat(admission.remembered()).isEqualTo(1);
      clock.advance(looks < 2 ? Admission.HALF_OPEN_AT_MOST : Admission.REMEMBERED);
    }
    assertThat(admitted()).isEmpty();
    assertThat(admission.remembered()).isZero();
  }

  @Test
  void anEnvironmentWhoseOnlyCallIsNotMadeIsForgotten() {
    ready(A, 1);
    admission.release(next().orElseThrow());
    assertThat(admitted()).isEmpty();
    assertThat(admission.remembered()).isZero();
  }

  @Test
  void anEnvironmentWithARateIsForgottenOnceThatHasRested() {
    limits(20, 8, 1.0, null);
    ready(A, 1);
    assertThat(admitted()).containsExactly(A);
    reply(A, GOOD, 1);
    clock.advance(Duration.ofSeconds(1).minusNanos(1));
    assertThat(admitted()).isEmpty();
    assertThat(admission.remembered()).isEqualTo(1);
    clock.advance(Duration.ofNanos(1));
    assertThat(admitted()).isEmpty();
    assertThat(admission.remembered()).isZero();
  }

  @Test
  void aReplyToNoCallIsABug() {
    ready(A, 1);
    Turn turn = next().orElseThrow();
    admission.replied(turn, GOOD, clock.now());
    assertThatIllegalStateException().isThrownBy(() -> admission.replied(turn, GOOD, clock.now()));
  }
}
