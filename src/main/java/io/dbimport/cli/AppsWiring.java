package io.dbimport.cli;

import io.dbimport.client.AccessTokens;
import io.dbimport.client.AppTokens;
import io.dbimport.client.ClientSettings;
import io.dbimport.client.FileToken;
import io.dbimport.client.PlainWords;
import io.dbimport.client.RenewedToken;
import io.dbimport.client.SecretText;
import io.dbimport.client.TokenServices;
import io.dbimport.client.TokenSource;
import io.dbimport.client.TokenSource.Fetched.Fresh;
import io.dbimport.kafka.KafkaSettings;
import io.dbimport.kafka.LatestValue;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/** Makes the tokens of the apps of {@code DBIMPORT_APPS}. Confined to one call. */
final class AppsWiring {
  private final TokenServices services;
  private final KafkaSettings kafka;

  private AppsWiring(TokenServices services, KafkaSettings kafka) {
    this.services = services;
    this.kafka = kafka;
  }

  /**
   * The tokens of all apps of the file; the caller closes them.
   *
   * @throws CommandFailed when the file is not as it must be
   */
  static AccessTokens tokens(Path file, ClientSettings client, KafkaSettings kafka) {
    AppsReader.Reading read = AppsReader.read(file);
    if (!read.problems().isEmpty()) {
      String each = "\n  " + Setting.APPS.variable() + ": ";
      throw Wiring.badSettings(Setting.APPS.variable() + ": " + String.join(each, read.problems()));
    }
    AppsWiring wiring = new AppsWiring(new TokenServices(client), kafka);
    Map<String, AppTokens.App> apps = new HashMap<>();
    read.apps()
        .forEach((appId, app) ->
            apps.put(appId, new AppTokens.App(app.family(), wiring.tokens(appId, app.source()))));
    return new MaskedTokens(new AppTokens(apps, read.defaultApp(), wiring.services));
  }

  private AccessTokens tokens(String appId, AppSetting.Source source) {
    return switch (source) {
      case AppSetting.Source.Static(Secret.Given(String token)) -> AccessTokens.fixed(token);
      case AppSetting.Source.Static(Secret.InFile(Path file)) -> new FileToken(file);
      case AppSetting.Source.InFile(Path file) -> new FileToken(file);
      case AppSetting.Source.Component(String appid, Secret secret, AppSetting.Ticket ticket) ->
          renewed(appId, services.component(appid, text("its secret", secret), text(ticket)));
      case AppSetting.Source.Stable(String appid, Secret secret) ->
          renewed(appId, services.stable(appid, text("its secret", secret)));
      case AppSetting.Source.Url url ->
          renewed(
              appId,
              services.url(
                  url.url(),
                  url.post(),
                  url.authorization() == null
                      ? null
                      : text("its authorization", url.authorization())));
    };
  }

  private SecretText text(AppSetting.Ticket ticket) {
    return switch (ticket) {
      case AppSetting.Ticket.InFile(Secret file) -> text("its ticket", file);
      case AppSetting.Ticket.InTopic(String topic) -> {
        LatestValue latest = new LatestValue(kafka, topic);
        yield () -> {
          String value = latest.read();
          Masking.hideToken(value);
          return value;
        };
      }
    };
  }

  private static SecretText text(String what, Secret secret) {
    return () -> {
      try {
        return secret.value();
      } catch (IOException unreadable) {
        throw new IOException(what + " cannot be read: " + PlainWords.of(unreadable), unreadable);
      }
    };
  }

  private static AccessTokens renewed(String appId, TokenSource source) {
    TokenSource masked =
        afterRejection -> {
          TokenSource.Fetched fetched = source.fetch(afterRejection);
          if (fetched instanceof Fresh(String token, var _)) {
            Masking.hideToken(token);
          }
          return fetched;
        };
    return new RenewedToken(appId, masked, System::nanoTime, new SplittableRandom());
  }
}
