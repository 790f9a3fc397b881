package io.dbimport.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.JobReply;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.Presence;
import io.dbimport.Reply;
import io.dbimport.ScriptedImportApi;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.junit.jupiter.api.Test;

class MeteredImportApiTest {
  private final ScriptedImportApi api = new ScriptedImportApi();
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final MeteredImportApi metered = new MeteredImportApi(api, registry);

  @Test
  void everyCallIsPassedOnAndCountedByItsReply() throws InterruptedException {
    ImportRequest request =
        new ImportRequest(
            "r",
            null,
            new ImportParameters("e", "c", "f", FileType.JSON, true, ConflictMode.INSERT),
            null,
            false);
    Reply[] replies = {
      new Reply.Accepted(1),
      new Reply.Accepted(2),
      Reply.Refused.of(40097, "no"),
      new Reply.Unavailable(-1, "busy"),
      new Reply.Unanswered(-1, "late")
    };
    api.script("r", replies);
    for (Reply reply : replies) {
      assertThat(metered.submit(request)).isEqualTo(reply);
    }
    api.scriptEnd("e", 1, new JobState(JobStatus.SUCCESS, 1, 0, ""));
    assertThat(metered.state(null, "e", 1)).isInstanceOf(JobReply.Known.class);
    assertThat(metered.state(null, "e", 2)).isInstanceOf(JobReply.NotKnown.class);
    for (Presence found : Presence.values()) {
      api.found(found);
      assertThat(metered.presence(null)).isEqualTo(found);
    }
    assertThat(registry.scrape().lines())
        .contains(
            "dbimport_api_calls_total{call=\"import\",reply=\"accepted\"} 2.0",
            "dbimport_api_calls_total{call=\"import\",reply=\"refused\"} 1.0",
            "dbimport_api_calls_total{call=\"import\",reply=\"unavailable\"} 1.0",
            "dbimport_api_calls_total{call=\"import\",reply=\"unanswered\"} 1.0",
            "dbimport_api_calls_total{call=\"state\",reply=\"known\"} 1.0",
            "dbimport_api_calls_total{call=\"state\",reply=\"not_known\"} 1.0",
            "dbimport_api_calls_total{call=\"environments\",reply=\"answered\"} 2.0",
            "dbimport_api_calls_total{call=\"environments\",reply=\"not_answered\"} 1.0",
            "dbimport_api_call_duration_seconds_count{call=\"environments\"} 3",
            "dbimport_api_call_duration_seconds_count{call=\"import\"} 5",
            "dbimport_api_call_duration_seconds_count{call=\"state\"} 2");
  }
}
