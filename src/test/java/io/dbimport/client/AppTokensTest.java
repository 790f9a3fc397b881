package io.dbimport.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.ConflictMode;
import io.dbimport.ErrorClass;
import io.dbimport.FileType;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.Presence;
import io.dbimport.Reply;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several apps through the client: each under its family's paths, with its own token. */
@Timeout(60)
class AppTokensTest {
  private static final Duration PATIENT = Duration.ofSeconds(20);
  private static final String ACCEPTED = "{\"errcode\":0,\"errmsg\":\"ok\",\"job_id\":7}";

  private final AtomicInteger minted = new AtomicInteger();

  /** A token service and the API in one: it takes the last token it gave, and the fixed one. */
  private final ScriptedPeer peer =
      ScriptedPeer.http((request, stage) -> {
        if (request.line().contains("/cgi-bin/stable_token")) {
          stage.answer(
              200,
              "{\"access_token\":\"minted-%d\",\"expires_in\":7200}"
                  .formatted(minted.incrementAndGet()));
        } else if (request.line().contains("=minted-" + minted.get())
            || request.line().contains("=fixed")) {
          stage.answer(200, ACCEPTED);
        } else {
          stage.answer(200, "{\"errcode\":40001,\"errmsg\":\"not latest\"}");
        }
      });

  private final ClientSettings settings =
      new ClientSettings(peer.uri(), ApiFamily.COMPONENT, PATIENT, null);
  private final TokenServices services = new TokenServices(settings);
  private @Nullable HttpImportApi api;

  @AfterEach
  void close() {
    if (api != null) {
      api.close();
    }
    services.close();
    peer.close();
  }

  private HttpImportApi api(@Nullable String defaultApp) {
    var tokens =
        new AppTokens(
            Map.of(
                "platform",
                new AppTokens.App(ApiFamily.COMPONENT, AccessTokens.fixed("fixed")),
                "shop",
                new AppTokens.App(
                    ApiFamily.APP,
                    new RenewedToken(
                        "shop",
                        services.stable("wx1", () -> "s3cret"),
                        System::nanoTime,
                        new SplittableRandom(1)))),
            defaultApp,
            services);
    api = new HttpImportApi(settings, tokens);
    return api;
  }

  private static ImportRequest request(@Nullable String appId) {
    return new ImportRequest(
        "r",
        appId,
        new ImportParameters("e", "c", "f", FileType.JSON, true, ConflictMode.INSERT),
        null,
        false);
  }

  private List<String> calls() {
    return peer.requests().stream()
        .map(sent -> sent.line().replaceAll("^POST | HTTP.*$", ""))
        .toList();
  }

  @Test
  void eachAppHasItsOwnPathsAndToken() throws InterruptedException {
    HttpImportApi apps = api("shop");
    assertThat(apps.submit(request("platform"))).isEqualTo(new Reply.Accepted(7));
    assertThat(apps.submit(request("shop"))).isEqualTo(new Reply.Accepted(7));
    assertThat(apps.submit(request(null))).isEqualTo(new Reply.Accepted(7));
    assertThat(apps.presence("platform")).isEqualTo(Presence.WELL);
    assertThat(apps.presence("shop")).isEqualTo(Presence.WELL);
    assertThat(calls())
        .containsExactly(
            "/componenttcb/dbimport?access_token=fixed",
            "/cgi-bin/stable_token",
            "/tcb/databasemigrateimport?access_token=minted-1",
            "/tcb/databasemigrateimport?access_token=minted-1",
            "/componenttcb/describeenvs?access_token=fixed",
            "/tcb/getenvinfo?access_token=minted-1");
  }

  @Test
  void aTokenThatIsNotTakenIsAnotherAtTheNextAttempt() throws InterruptedException {
    HttpImportApi apps = api(null);
    assertThat(apps.submit(request("shop"))).isEqualTo(new Reply.Accepted(7));
    minted.incrementAndGet(); // somebody else asked, and voided ours
    assertThat(apps.submit(request("shop"))).isEqualTo(Reply.Refused.of(40001, "not latest"));
    assertThat(apps.submit(request("shop"))).isEqualTo(new Reply.Accepted(7));
    assertThat(minted.get()).isEqualTo(3);
  }

  @Test
  void withoutADefaultARequestThatNamesNoAppIsInvalidAndNothingIsSent()
      throws InterruptedException {
    HttpImportApi apps = api(null);
    for (String appId : new @Nullable String[] {null, "other"}) {
      assertThat(apps.submit(request(appId)))
          .isInstanceOfSatisfying(
              Reply.Refused.class,
              refused -> {
                assertThat(refused.errcode()).isEqualTo(40013);
                assertThat(refused.errorClass()).isEqualTo(ErrorClass.INVALID);
              });
    }
    assertThat(peer.connections()).isZero();
  }

  @Test
  void aTokenServiceThatIsSilentIsUnavailableWithinTheTimeOfOneCall() throws InterruptedException {
    try (ScriptedPeer silent = ScriptedPeer.http((_, stage) -> stage.pause(60_000))) {
      var hasty = new ClientSettings(silent.uri(), ApiFamily.APP, Duration.ofMillis(300), null);
      try (TokenServices asked = new TokenServices(hasty);
          HttpImportApi waiting =
              new HttpImportApi(
                  hasty,
                  new RenewedToken(
                      "shop",
                      asked.stable("wx1", () -> "s3cret"),
                      System::nanoTime,
                      new SplittableRandom(1)))) {
        Reply reply = waiting.submit(request(null));
        assertThat(reply).isInstanceOf(Reply.Unavailable.class);
        assertThat(reply.toString()).contains("shop").doesNotContain("s3cret");
        assertThat(silent.requests()).hasSize(1);
      }
    }
  }
}
