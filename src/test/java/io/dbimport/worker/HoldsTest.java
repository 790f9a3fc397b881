package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.worker.LaneKey.Environment;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class HoldsTest {
  private static final Environment SHOP = new Environment("shop", "env");
  private static final Environment SHOPS_OTHER = new Environment("shop", "other");
  private static final Environment NAMELESS = new Environment(null, "env");
  private static final Moment NOW = new ManualClock().now();
  private static final long MINUTE = NOW.nanosAfter(Duration.ofMinutes(1));
  private static final long HOUR = NOW.nanosAfter(Duration.ofHours(1));

  private final Holds holds = new Holds();

  private static Moment at(long nanos) {
    return NOW.plus(Duration.ofNanos(nanos - NOW.nanos()));
  }

  private boolean held(Environment environment) {
    return holds.untilNanos(environment) > NOW.nanos();
  }

  @Test
  void anEnvironmentIsHeldAlone() {
    holds.hold(SHOP, at(MINUTE));
    assertThat(holds.untilNanos(SHOP)).isEqualTo(MINUTE);
    assertThat(held(SHOPS_OTHER)).isFalse();
    assertThat(held(NAMELESS)).isFalse();
    assertThat(holds.count()).isEqualTo(1);
  }

  @Test
  void anAppIsHeldInAllItsEnvironments() {
    holds.hold("shop", at(MINUTE));
    assertThat(holds.untilNanos(SHOP)).isEqualTo(MINUTE);
    assertThat(holds.untilNanos(SHOPS_OTHER)).isEqualTo(MINUTE);
    assertThat(held(NAMELESS)).isFalse();
    holds.hold((String) null, at(HOUR));
    assertThat(holds.untilNanos(NAMELESS)).isEqualTo(HOUR);
    assertThat(holds.untilNanos(SHOP)).isEqualTo(MINUTE);
    assertThat(holds.count()).isEqualTo(2);
  }

  @Test
  void ofItsOwnHoldAndItsAppsTheLaterEndCounts() {
    holds.hold(SHOP, at(MINUTE));
    holds.hold("shop", at(HOUR));
    holds.hold(SHOPS_OTHER, at(HOUR + 1));
    assertThat(holds.untilNanos(SHOP)).isEqualTo(HOUR);
    assertThat(holds.untilNanos(SHOPS_OTHER)).isEqualTo(HOUR + 1);
  }

  @Test
  void ofTwoHoldsTheLaterEndCountsWhicheverComesFirst() {
    holds.hold(SHOP, at(MINUTE));
    holds.hold(SHOP, at(HOUR));
    holds.hold(SHOP, at(MINUTE));
    assertThat(holds.untilNanos(SHOP)).isEqualTo(HOUR);
    holds.pass(at(MINUTE));
    assertThat(holds.untilNanos(SHOP)).isEqualTo(HOUR);
    assertThat(holds.nextNanos()).isEqualTo(HOUR);
    assertThat(holds.count()).isEqualTo(1);
  }

  @Test
  void whatIsOverIsForgottenInTheOrderOfTheEnds() {
    holds.hold(NAMELESS, at(HOUR));
    holds.hold(SHOP, at(MINUTE));
    assertThat(holds.nextNanos()).isEqualTo(MINUTE);
    holds.pass(at(MINUTE - 1));
    assertThat(holds.count()).isEqualTo(2);
    holds.pass(at(MINUTE));
    assertThat(holds.count()).isEqualTo(1);
    assertThat(held(SHOP)).isFalse();
    assertThat(held(NAMELESS)).isTrue();
    assertThat(holds.nextNanos()).isEqualTo(HOUR);
    holds.pass(at(HOUR));
    assertThat(holds.count()).isZero();
    assertThat(holds.nextNanos()).isEqualTo(Long.MAX_VALUE);
  }
}
