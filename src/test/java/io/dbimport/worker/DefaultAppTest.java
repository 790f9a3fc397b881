package io.dbimport.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ErrorClass;
import io.dbimport.Reply;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The app that is meant when none is named is one tenant, named or not. */
final class DefaultAppTest {
  private static final String NAMELESS = Requests.insert("env", "books");
  private static final String NAMED = named("shop", "books");

  private final WorkerBench bench = new WorkerBench(settings());

  DefaultAppTest() {
    bench.assign(0);
  }

  private static WorkerSettings settings() {
    WorkerSettings defaults = WorkerSettings.defaults();
    return new WorkerSettings(
        defaults.limits(),
        defaults.retry(),
        defaults.ordering(),
        defaults.jobTimeout(),
        defaults.remembered(),
        defaults.lease(),
        defaults.window(),
        "shop");
  }

  private static String named(String app, String collection) {
    return Requests.json("env", collection, 1, ",\"app_id\":\"" + app + "\"");
  }

  @Test
  void itsRequestsKeepTheirOrder() {
    bench.receive(0, NAMELESS);
    bench.receive(0, NAMED);
    bench.receive(0, NAMELESS);
    bench.receive(0, named("blog", "books"));
    assertThat(bench.calls()).extracting(WorkerBench::offset).containsExactly(0L, 3L);
  }

  @Test
  void itsQuotaHoldsAllOfItsRequestsAndNoOthers() {
    bench.receive(0, NAMED);
    bench.reply(bench.call(), Reply.Refused.of(45011, "slower"));
    bench.receive(0, Requests.insert("env", "music"));
    bench.receive(0, named("blog", "music"));
    assertThat(bench.calls()).extracting(WorkerBench::offset).containsExactly(2L);
    assertThat(bench.worker.waits().throttled()).isEqualTo(1);
  }

  @Test
  void whatWasParkedByAnEarlierOwnerIsBeforeWhatIsNamed() {
    bench.receive(0, NAMELESS);
    bench.reply(
        bench.call(),
        new Reply.Refused(-501003, "slower", ErrorClass.THROTTLED, Duration.ofHours(1)));
    bench.commit();
    assertThat(bench.ledger.offset(0)).isEqualTo(1);
    bench.worker.dropped(0);
    bench.assign(0);
    bench.receive(0, NAMED);
    bench.advance(Duration.ofHours(1));
    assertThat(bench.calls()).extracting(WorkerBench::offset).containsExactly(0L);
  }

  /** Its token and its events go by what the request says. */
  @Test
  void aRequestThatNamesNoneIsCalledWithoutAName() {
    bench.receive(0, NAMELESS);
    assertThat(bench.call().request().appId()).isNull();
  }
}
