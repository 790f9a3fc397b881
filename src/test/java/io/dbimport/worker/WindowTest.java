package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.Reply;
import io.dbimport.event.Delivery;
import io.dbimport.worker.WorkerSettings.Ordering;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is kept in memory, what is put aside, and when that is read again: to the last one. */
final class WindowTest {
  private static final int WINDOW = 1_000;
  private static final long AMPLE = 64L << 20;

  private static WorkerBench bench(int deliveries, long bytes) {
    WorkerBench bench =
        new WorkerBench(WorkerBench.settings(256, 32, Ordering.REQUEST, deliveries, bytes));
    bench.assign(0);
    return bench;
  }

  private static void receive(WorkerBench bench, int count, String env, String collection) {
    for (int i = 0; i < count; i++) {
      bench.receive(0, Requests.upsert(env, collection));
    }
  }

  private static long size(String value) {
    return Requests.delivery(0, 0, ManualClock.START, value).sizeBytes();
  }

  private static Reply slower(Duration window) {
    return new Reply.Refused(-501003, "slower", ErrorClass.THROTTLED, window);
  }

  /** One delivery of the environment is parked, for an hour. */
  private static void parkOne(WorkerBench bench, String env) {
    bench.receive(0, Requests.upsert(env, "parked"));
    bench.reply(bench.call(), slower(Duration.ofHours(1)));
    bench.commit();
    assertThat(bench.worker.waits().parked()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"PT30S, 0", "PT30.000000001S, 2"})
  void aWaitOfMoreThanThirtySecondsIsWaitedForOutsideMemory(Duration window, int parked) {
    WorkerBench bench = bench(WINDOW, AMPLE);
    bench.receive(0, Requests.upsert("env", "books"));
    Call call = bench.call();
    bench.receive(0, Requests.upsert("env", "books"));
    bench.reply(call, slower(window));
    assertThat(bench.worker.waits().parked()).isEqualTo(parked);
    bench.assertBalance();
  }

  @ParameterizedTest
  @CsvSource({"PT30S, 0", "PT40S, 1"})
  void soIsALongWaitBetweenTwoAttempts(Duration wait, int parked) {
    WorkerSettings defaults = WorkerSettings.defaults();
    WorkerBench bench =
        new WorkerBench(
            new WorkerSettings(
                defaults.limits(),
                new WorkerSettings.Retry(Duration.ofMinutes(15), wait, wait, false),
                defaults.ordering(),
                defaults.jobTimeout(),
                defaults.remembered(),
                defaults.lease(),
                defaults.window(),
                defaults.defaultApp()));
    bench.assign(0);
    bench.receive(0, Requests.upsert("env", "books"));
    bench.reply(bench.call(), new Reply.Unavailable(-1, "down"));
    assertThat(bench.worker.waits().parked()).isEqualTo(parked);
    bench.assertBalance();
  }

  @ParameterizedTest
  @CsvSource({"PT30S, 0", "PT30.000000001S, 1"})
  void whatComesToAnEnvironmentThatWaitsLongIsParkedAtOnce(Duration window, int parked) {
    WorkerBench bench = bench(WINDOW, AMPLE);
    bench.receive(0, Requests.upsert("env", "books"));
    bench.reply(bench.call(), slower(window));
    int before = bench.worker.waits().parked();
    bench.receive(0, Requests.upsert("env", "music"));
    assertThat(bench.worker.waits().parked() - before).isEqualTo(parked);
  }

  @Test
  void aFullWindowKeepsAFewOfALaneThatCanGoOn() {
    WorkerBench bench = bench(WINDOW, AMPLE);
    receive(bench, WINDOW - 1, "env", "books");
    assertThat(bench.worker.full(0, bench.clock.now())).isFalse();
    receive(bench, 1, "env", "books");
    Call call = bench.call();
    assertThat(bench.worker.full(0, bench.clock.now())).isTrue();
    assertThat(bench.worker.waits().parked()).isEqualTo(500);
    assertThat(bench.worker.full(0, bench.clock.now())).as("there is room").isFalse();
    receive(bench, 1, "env", "books");
    assertThat(bench.worker.waits().parked()).as("behind those that are").isEqualTo(501);

    receive(bench, 600, "env", "music");
    assertThat(bench.worker.full(0, bench.clock.now())).isTrue();
    assertThat(bench.worker.waits().parked()).as("not twice at a time").isEqualTo(501);
    bench.advance(Duration.ofMillis(100).minusNanos(1));
    assertThat(bench.worker.full(0, bench.clock.now())).isTrue();
    assertThat(bench.worker.waits().parked()).isEqualTo(501);
    bench.advance(Duration.ofNanos(1));
    assertThat(bench.worker.full(0, bench.clock.now())).isTrue();
    assertThat(bench.worker.waits().parked()).isEqualTo(601);
    bench.accept(call);
    bench.assertBalance();
  }

  @Test
  void aFullWindowKeepsNothingOfAnEnvironmentThatCannotGoOnButWhatIsCalled() {
    WorkerBench bench = bench(WINDOW, AMPLE);
    for (int lane = 0; lane < 40; lane++) {
      receive(bench, 25, "env", "c" + lane);
    }
    assertThat(bench.calls()).as("its cap").hasSize(32);
    assertThat(bench.worker.full(0, bench.clock.now())).isTrue();
    assertThat(bench.worker.waits().parked()).isEqualTo(WINDOW - 32);
    bench.assertBalance();
  }

  @Test
  void aWindowIsFullByBytesToo() {
    long size = size(Requests.upsert("env", "books"));
    WorkerBench bench = bench(WINDOW, 10 * size);
    receive(bench, 9, "env", "books");
    assertThat(bench.worker.full(0, bench.clock.now())).isFalse();
    receive(bench, 1, "env", "books");
    assertThat(bench.worker.full(0, bench.clock.now())).isTrue();
  }

  @Test
  void theFrontierMayBeTenWindowsBehind() {
    WorkerBench bench = bench(10, AMPLE);
    bench.receive(0, Requests.upsert("slow", "books"));
    bench.call();
    for (int i = 0; i < 98; i++) {
      bench.receive(0, Requests.upsert("env", "books"));
      bench.accept(bench.call());
      bench.commit();
    }
    assertThat(bench.worker.full(0, bench.clock.now())).isFalse();
    bench.receive(0, Requests.upsert("env", "books"));
    bench.accept(bench.call());
    bench.commit();
    assertThat(bench.worker.full(0, bench.clock.now())).isTrue();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void parkedOnesAreReadAgainWhileTheWindowIsLessThanHalfFull(boolean byCount) {
    long size = size(Requests.upsert("other", "books"));
    WorkerBench bench = bench(byCount ? WINDOW : 10 * WINDOW, byCount ? AMPLE : WINDOW * size);
    parkOne(bench, "held");
    receive(bench, WINDOW / 2, "other", "books");
    Call call = bench.call();
    bench.advance(Duration.ofHours(1));
    assertThat(bench.worker.nextFetch(bench.clock.now())).isEmpty();
    bench.accept(call);
    bench.commit();
    bench.advance(Duration.ofMillis(20).minusNanos(1));
    assertThat(bench.worker.nextFetch(bench.clock.now())).as("not looked again yet").isEmpty();
    bench.advance(Duration.ofNanos(1));
    assertThat(bench.worker.nextFetch(bench.clock.now()).map(Fetch::offsets))
        .hasValueSatisfying(offsets -> assertThat(offsets).containsExactly(0));
  }

  @Test
  void ofManyLanesEachIsReadAgainByItsShareAndOfALaneTheOldestFirst() {
    WorkerBench bench = bench(10_000, AMPLE);
    bench.receive(0, Requests.upsert("env", "c0"));
    bench.reply(bench.call(), slower(Duration.ofHours(1)));
    for (int i = 1; i < 3_000; i++) {
      bench.receive(0, Requests.upsert("env", "c" + i % 3));
    }
    bench.commit();
    assertThat(bench.worker.waits().parked()).isEqualTo(3_000);
    bench.advance(Duration.ofHours(1));
    Fetch fetch = bench.worker.nextFetch(bench.clock.now()).orElseThrow();
    assertThat(fetch.offsets()).as("a third of a thousand each").hasSize(3 * 333).isSorted();
    assertThat(fetch.offsets()).startsWith(0, 1, 2, 3).endsWith(3 * 333 - 1);
    assertThat(bench.worker.nextFetch(bench.clock.now())).as("one at a time").isEmpty();
  }

  @Test
  void aThousandAndTheRestOfALanesShareAreReadAgainAtOnce() {
    WorkerBench bench = bench(10_000, AMPLE);
    bench.receive(0, Requests.upsert("env", "c0"));
    bench.reply(bench.call(), slower(Duration.ofHours(1)));
    for (int i = 1; i < 1_600; i++) {
      bench.receive(0, Requests.upsert("env", "c" + i % 100));
    }
    bench.commit();
    bench.advance(Duration.ofHours(1));
    assertThat(bench.worker.nextFetch(bench.clock.now()).map(Fetch::offsets))
        .hasValueSatisfying(offsets -> assertThat(offsets).hasSize(63 * 16));
  }

  @Test
  void aLaneIsReadAgainWhenFewOfItAreLeftInMemory() {
    WorkerBench bench = bench(1_200, AMPLE);
    receive(bench, 1_200, "env", "books");
    Call call = bench.call();
    assertThat(bench.worker.full(0, bench.clock.now())).isTrue();
    assertThat(bench.worker.waits().parked()).isEqualTo(700);
    for (int left = 500; left > 16; left--) {
      bench.accept(call);
      bench.commit();
      bench.advance(Duration.ofMillis(20));
      call = bench.call();
      assertThat(bench.worker.waits().parked()).as("with %d left", left - 1).isEqualTo(700);
    }
    bench.accept(call);
    bench.commit();
    bench.advance(Duration.ofMillis(20));
    assertThat(bench.worker.nextFetch(bench.clock.now()).map(Fetch::offsets))
        .hasValueSatisfying(offsets -> assertThat(offsets).hasSize(700).startsWith(500));
  }

  @Test
  void whatComesWhileALaneIsReadAgainStaysBehindIt() {
    WorkerBench bench = bench(WINDOW, AMPLE);
    parkOne(bench, "env");
    bench.advance(Duration.ofHours(1));
    Fetch fetch = bench.worker.nextFetch(bench.clock.now()).orElseThrow();
    Delivery parked = Requests.delivery(0, 0, ManualClock.START, Requests.upsert("env", "parked"));
    bench.receive(0, Requests.upsert("env", "parked"));
    assertThat(bench.worker.nextCall(bench.clock.now())).isEmpty();
    assertThat(bench.worker.hasEntries()).as("it is parked").isTrue();
    bench.worker.fetched(fetch, Requests.TOPIC, Map.of(0L, parked), bench.clock.now());
    assertThat(bench.calls()).extracting(WorkerBench::offset).containsExactly(0L);
  }

  @Test
  void whatComesAfterALaneRanDryInMemoryStaysBehindWhatIsParked() {
    WorkerBench bench = bench(WINDOW, AMPLE);
    receive(bench, WINDOW, "env", "books");
    Call call = bench.call();
    assertThat(bench.worker.full(0, bench.clock.now())).isTrue();
    for (int left = 500; left > 1; left--) {
      bench.accept(call);
      call = bench.worker.nextCall(bench.clock.now()).orElseThrow();
    }
    bench.accept(call);
    receive(bench, 1, "env", "books");
    assertThat(bench.worker.waits().parked()).isEqualTo(501);
    assertThat(bench.worker.nextCall(bench.clock.now())).isEmpty();
    bench.commit();
    assertThat(bench.calls()).extracting(WorkerBench::offset).containsExactly(500L);
  }

  @Test
  void aLongWindowPutsAllLanesOfTheEnvironmentAsideAndNoOther() {
    WorkerBench bench =
        new WorkerBench(WorkerBench.settings(256, 1, Ordering.REQUEST, WINDOW, AMPLE));
    bench.assign(0);
    receive(bench, 1, "env", "books");
    receive(bench, 1, "env", "music");
    receive(bench, 3, "other", "books");
    List<Call> calls = bench.calls();
    assertThat(calls).extracting(WorkerBench::offset).containsExactlyInAnyOrder(0L, 2L);
    bench.reply(calls.getFirst(), slower(Duration.ofHours(1)));
    assertThat(bench.worker.waits().parked()).isEqualTo(2);
    bench.assertBalance();
  }

  @Test
  void whatIsReadAgainIsCalledInItsOrder() {
    WorkerBench bench = bench(40, AMPLE);
    receive(bench, 40, "env", "books");
    Call first = bench.call();
    bench.reply(first, slower(Duration.ofHours(1)));
    bench.commit();
    assertThat(bench.worker.waits().parked()).isEqualTo(40);
    bench.advance(Duration.ofHours(1));
    List<Long> called = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      Call call = bench.call();
      called.add(WorkerBench.offset(call));
      bench.accept(call);
      bench.commit();
      bench.advance(Duration.ofMillis(20));
    }
    assertThat(called).hasSize(40).isSorted().doesNotHaveDuplicates();
    bench.assertBalance();
  }
}
