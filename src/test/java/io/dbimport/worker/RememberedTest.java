package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.dbimport.worker.Remembered.Entry;
import io.dbimport.worker.Remembered.State;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RememberedTest {
  private static final Instant NOON = Instant.parse("2026-11-25T12:00:00Z");
  private static final RequestKey KEY = RequestKey.of("order-7", 42);

  private static final int MILLION = 1_000_000;
  private static final long MILLION_AT_MOST_BYTES = 64_000_000;

  private final Remembered remembered = new Remembered();

  @Test
  void whatWasNeverSeenIsNotKnown() {
    assertThat(remembered.find(KEY)).isNull();
    assertThat(remembered.size()).isZero();
    remembered.forget(KEY);
    assertThat(remembered.expire(Instant.MAX)).isZero();
  }

  @Test
  void aClaimIsOpenUntilItIsAnswered() {
    remembered.open(KEY, 17);
    assertThat(remembered.find(KEY)).isEqualTo(new Entry(State.OPEN, 42, 17, 0, Instant.EPOCH, 0));
    remembered.accepted(KEY, 17, -5, NOON.plusMillis(3), 2);
    assertThat(remembered.find(KEY))
        .isEqualTo(new Entry(State.ACCEPTED, 42, 17, -5, NOON.plusMillis(3), 2));
    assertThat(remembered.size()).isEqualTo(1);
  }

  @Test
  void whatIsUnknownCanBeResolved() {
    remembered.unknown(KEY, 17, NOON, 1);
    assertThat(remembered.find(KEY)).isEqualTo(new Entry(State.UNKNOWN, 42, 17, 0, NOON, 1));
    remembered.accepted(KEY, 17, Long.MAX_VALUE, NOON.plusSeconds(1), 1);
    assertThat(remembered.find(KEY))
        .isEqualTo(new Entry(State.ACCEPTED, 42, 17, Long.MAX_VALUE, NOON.plusSeconds(1), 1));
    assertThat(remembered.size()).isEqualTo(1);
  }

  @Test
  void anIdIsClaimedOnce() {
    remembered.open(KEY, 17);
    assertThatIllegalStateException()
        .isThrownBy(() -> remembered.open(RequestKey.of("order-7", 43), 18))
        .withMessageContaining("offset 18")
        .withMessageContaining("offset=17");
    remembered.accepted(KEY, 17, 1, NOON, 1);
    assertThatIllegalStateException().isThrownBy(() -> remembered.open(KEY, 18));
    remembered.forget(KEY);
    remembered.open(KEY, 18);
    assertThat(remembered.find(KEY)).extracting(Entry::offset).isEqualTo(18L);
  }

  @Test
  void theContentIsThatOfTheFirstWhoeverAsks() {
    remembered.open(KEY, 17);
    assertThat(remembered.find(RequestKey.of("order-7", 99)))
        .extracting(Entry::content)
        .isEqualTo(42L);
  }

  @Test
  void onlyAnOpenClaimGoesWithItsDelivery() {
    for (int i = 0; i < 2_000; i++) {
      remembered.open(RequestKey.of("r" + i, 0), i);
    }
    remembered.accepted(RequestKey.of("r1500", 0), 1_500, 1, NOON, 1);
    remembered.forgetOpen(1_499);
    remembered.forgetOpen(1_500);
    remembered.forgetOpen(2_000);
    assertThat(remembered.size()).isEqualTo(1_999);
    assertThat(remembered.find(RequestKey.of("r1499", 0))).isNull();
    assertThat(remembered.find(RequestKey.of("r1500", 0))).isNotNull();
  }

  @Test
  void idsAreToldByAll128Bits() {
    List<RequestKey> keys =
        List.of(
            new RequestKey(1, 1, 0), new RequestKey(1, 2, 0), new RequestKey(1L << 63 | 1, 1, 0));
    for (int i = 0; i < keys.size(); i++) {
      remembered.open(keys.get(i), i);
    }
    for (int i = 0; i < keys.size(); i++) {
      assertThat(remembered.find(keys.get(i))).extracting(Entry::offset).isEqualTo((long) i);
    }
  }

  @Test
  void zeroIsAnIdLikeAnyOther() {
    RequestKey zero = new RequestKey(0, 0, 0);
    assertThat(remembered.find(zero)).isNull();
    remembered.open(zero, 0);
    assertThat(remembered.find(zero)).isNotNull();
    remembered.forget(zero);
    assertThat(remembered.find(zero)).isNull();
  }

  @Test
  void onlyWhatWasAnsweredBeforeTheInstantExpires() {
    remembered.open(RequestKey.of("open", 0), 1);
    remembered.accepted(RequestKey.of("before", 0), 2, 1, NOON.minusMillis(1), 1);
    remembered.accepted(RequestKey.of("at", 0), 3, 1, NOON, 1);
    remembered.unknown(RequestKey.of("unknown before", 0), 4, NOON.minusMillis(1), 1);
    remembered.unknown(RequestKey.of("unknown at", 0), 5, NOON, 1);
    assertThat(remembered.expire(NOON.minusMillis(1))).isZero();
    assertThat(remembered.expire(NOON)).isEqualTo(2);
    assertThat(remembered.expire(NOON)).isZero();
    assertThat(remembered.find(RequestKey.of("before", 0))).isNull();
    assertThat(remembered.find(RequestKey.of("unknown before", 0))).isNull();
    assertThat(remembered.expire(NOON.plusMillis(1))).isEqualTo(2);
    assertThat(remembered.expire(Instant.MAX)).isZero();
    assertThat(remembered.find(RequestKey.of("open", 0))).isNotNull();
    assertThat(remembered.size()).isEqualTo(1);
  }

  /** A clock that was set back, or a ledger that is read again, does not come in order. */
  @Test
  void whatWasAnsweredOutOfOrderExpiresInTime() {
    for (int i = 0; i < 5_000; i++) {
      int second = i * 7_919 % 5_000;
      remembered.accepted(RequestKey.of("r" + second, 0), i, 1, NOON.plusSeconds(second), 1);
    }
    for (int second = 0; second <= 5_000; second += 100) {
      assertThat(remembered.expire(NOON.plusSeconds(second))).isEqualTo(second == 0 ? 0 : 100);
      assertThat(remembered.size()).isEqualTo(5_000 - second);
    }
  }

  @Test
  void anAnswerTakesTheTimeOfTheLast() {
    remembered.unknown(KEY, 17, NOON, 1);
    remembered.accepted(KEY, 17, 1, NOON.plusSeconds(9), 1);
    assertThat(remembered.expire(NOON.plusSeconds(9))).isZero();
    remembered.unknown(KEY, 17, NOON.minusSeconds(9), 1);
    assertThat(remembered.expire(NOON.minusSeconds(8))).isEqualTo(1);
  }

  @Test
  void whatDoesNotFitIsTheNearestThatDoes() {
    Instant last = Instant.ofEpochMilli((1L << 44) - 1);
    remembered.accepted(KEY, 1, 1, last, (1 << 18) - 1);
    Entry most = new Entry(State.ACCEPTED, 42, 1, 1, last, (1 << 18) - 1);
    assertThat(remembered.find(KEY)).isEqualTo(most);
    remembered.accepted(KEY, 1, 1, last.plusMillis(1), 1 << 18);
    assertThat(remembered.find(KEY)).isEqualTo(most);
    remembered.accepted(KEY, 1, 1, Instant.MAX, Integer.MAX_VALUE);
    assertThat(remembered.find(KEY)).isEqualTo(most);
    Entry least = new Entry(State.ACCEPTED, 42, 1, 1, Instant.EPOCH, 0);
    remembered.accepted(KEY, 1, 1, Instant.MIN, 0);
    assertThat(remembered.find(KEY)).isEqualTo(least);
    remembered.accepted(KEY, 1, 1, Instant.EPOCH.minusNanos(1), 0);
    assertThat(remembered.find(KEY)).isEqualTo(least);
  }

  @Test
  void nanosecondsNeverMakeItExpireEarly() {
    Instant answered = NOON.plusNanos(1_999_999);
    remembered.accepted(KEY, 1, 1, answered, 1);
    assertThat(remembered.find(KEY)).extracting(Entry::acceptedAt).isEqualTo(NOON.plusMillis(1));
    assertThat(remembered.expire(answered)).isZero();
    assertThat(remembered.expire(NOON.plusMillis(2))).isEqualTo(1);
  }

  /** Ids whose searches all begin at one of a few places, the end of the table among them. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void crowdedTablesGiveWhatAMapGives(long seed) {
    Random random = new Random(seed);
    assertLikeAMap(
        seed,
        20_000,
        () -> {
          long home = random.nextInt(3) - 1L;
          return new RequestKey(home & 0xffff_ffffL, random.nextInt(100), random.nextLong());
        },
        random);
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14})
  void anyHistoryGivesWhatAMapGives(long seed) {
    Random random = new Random(seed);
    assertLikeAMap(
        seed, 60_000, () -> RequestKey.of("r" + random.nextInt(6_000), random.nextLong()), random);
  }

  private record Id(long high, long low) {
    static Id of(RequestKey key) {
      return new Id(key.high(), key.low());
    }
  }

  private void assertLikeAMap(long seed, int steps, Supplier<RequestKey> keys, Random random) {
    Map<Id, Entry> model = new HashMap<>();
    Instant now = NOON;
    // Fills up, drains by expiring early, and fills up again.
    for (int step = 0; step < steps; step++) {
      String when = "seed " + seed + " step " + step;
      RequestKey key = keys.get();
      Id id = Id.of(key);
      assertThat(remembered.find(key)).as("%s", when).isEqualTo(model.get(id));
      Instant at = now.plusMillis(random.nextInt(-500, 500));
      int what = random.nextInt(100);
      if (what < 40) {
        if (!model.containsKey(id)) {
          remembered.open(key, step);
          model.put(id, new Entry(State.OPEN, key.content(), step, 0, Instant.EPOCH, 0));
        }
      } else if (what < 60) {
        remembered.accepted(key, step, key.low(), at, step);
        model.put(id, new Entry(State.ACCEPTED, key.content(), step, key.low(), at, step));
      } else if (what < 70) {
        remembered.unknown(key, step, at, 1);
        model.put(id, new Entry(State.UNKNOWN, key.content(), step, 0, at, 1));
      } else if (what < 98) {
        remembered.forget(key);
        model.remove(id);
      } else {
        Instant before = now.minusMillis(random.nextInt(steps));
        int size = model.size();
        model.values().removeIf(e -> e.state() != State.OPEN && e.acceptedAt().isBefore(before));
        assertThat(remembered.expire(before)).as("%s", when).isEqualTo(size - model.size());
        if (random.nextInt(50) == 0) {
          model.keySet().forEach(each -> remembered.forget(new RequestKey(each.high, each.low, 0)));
          model.clear();
        }
      }
      assertThat(remembered.find(key)).as("%s", when).isEqualTo(model.get(id));
      assertThat(remembered.size()).as("%s", when).isEqualTo(model.size());
      now = now.plusMillis(random.nextInt(3));
    }
    model.forEach((id, entry) ->
        assertThat(remembered.find(new RequestKey(id.high, id.low, 0)))
            .as("seed %d", seed)
            .isEqualTo(entry));
  }

  @Test
  void aMillionTakeNoMoreThanTheyMay() {
    Heap.Kept<Remembered> kept = Heap.keptBy(RememberedTest::million, MILLION_AT_MOST_BYTES);
    Remembered million = kept.made();
    assertThat(million.size()).isEqualTo(MILLION);
    System.out.printf("remembered: %,d requests take %,d bytes%n", MILLION, kept.bytes());
    assertThat(kept.bytes()).isBetween(40L * MILLION, MILLION_AT_MOST_BYTES);

    long filledBytes = Heap.usedBytes();
    assertThat(million.expire(NOON.plusMillis(MILLION))).isEqualTo(MILLION);
    assertThat(million.size()).isZero();
    // The table gives half of itself back each time.
    for (int time = 0; time < 30; time++) {
      assertThat(million.expire(NOON)).isZero();
    }
    assertThat(filledBytes - Heap.usedBytes()).as("given back").isGreaterThan(40L * MILLION);
    million.open(KEY, 17);
    assertThat(million.find(KEY)).extracting(Entry::offset).isEqualTo(17L);
  }

  @Test
  void theRoomOfWhatIsForgottenIsUsedAgain() {
    Heap.Kept<Remembered> kept =
        Heap.keptBy(
            () -> {
              Remembered churned = new Remembered();
              for (int i = 0; i < MILLION; i++) {
                churned.open(RequestKey.of("r" + i, 0), i);
                churned.forget(RequestKey.of("r" + (i - 5_000), 0));
              }
              return churned;
            },
            1_000_000);
    assertThat(kept.made().size()).isEqualTo(5_000);
    assertThat(kept.bytes()).isLessThan(1_000_000);
  }

  private static Remembered million() {
    SplittableRandom random = new SplittableRandom(7);
    Remembered filled = new Remembered();
    for (int i = 0; i < MILLION; i++) {
      RequestKey key = new RequestKey(random.nextLong(), random.nextLong(), i);
      filled.open(key, i);
      filled.accepted(key, i, i, NOON.plusMillis(i), 1);
    }
    return filled;
  }
}
