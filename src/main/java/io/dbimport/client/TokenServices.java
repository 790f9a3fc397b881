package io.dbimport.client;

import io.dbimport.client.TokenSource.Fetched;
import io.dbimport.client.TokenSource.Fetched.Failed;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Asks for tokens over HTTP: WeChat's own two services at the API's address, or a company's
 * anywhere. One request each time, with the timeout and the trusted certificates of the API's
 * client. Thread-safe.
 */
public final class TokenServices implements AutoCloseable {
  private final ClientSettings settings;
  private final Map<URI, Poster> posters = new ConcurrentHashMap<>();

  public TokenServices(ClientSettings settings) {
    this.settings = settings;
  }

  /**
   * A platform's token: {@code api_component_token}.
   *
   * @param ticket the {@code component_verify_ticket} that WeChat pushes every ten minutes
   */
  public TokenSource component(String appid, SecretText secret, SecretText ticket) {
    return _ -> {
      try {
        String appsecret = secret.read();
        String verifyTicket = ticket.read();
        byte[] body =
            ApiCalls.json(json -> {
              json.writeStringProperty("component_appid", appid);
              json.writeStringProperty("component_appsecret", appsecret);
              json.writeStringProperty("component_verify_ticket", verifyTicket);
            });
        return ask(
            settings.url(),
            new Outgoing(false, "/cgi-bin/component/api_component_token", null, null, body),
            "component_access_token",
            List.of(appsecret, verifyTicket));
      } catch (IOException unreadable) {
        return new Failed(String.valueOf(unreadable.getMessage()));
      }
    };
  }

  /**
   * One app's token: {@code stable_token}, which gives the same token to all who ask. Only after a
   * rejection is another one forced: the API allows that 20 times a day.
   */
  public TokenSource stable(String appid, SecretText secret) {
    return afterRejection -> {
      try {
        String appsecret = secret.read();
        byte[] body =
            ApiCalls.json(json -> {
              json.writeStringProperty("grant_type", "client_credential");
              json.writeStringProperty("appid", appid);
              json.writeStringProperty("secret", appsecret);
              json.writeBooleanProperty("force_refresh", afterRejection);
            });
        return ask(
            settings.url(),
            new Outgoing(false, "/cgi-bin/stable_token", null, null, body),
            "access_token",
            List.of(appsecret));
      } catch (IOException unreadable) {
        return new Failed(String.valueOf(unreadable.getMessage()));
      }
    };
  }

  /**
   * A company's own service, which answers {@code access_token} and {@code expires_in}.
   *
   * @param post a POST of an empty JSON object instead of a GET
   * @param authorization value of the header of that name; null for none
   */
  public TokenSource url(URI url, boolean post, @Nullable SecretText authorization) {
    String query = url.getRawQuery() == null ? "" : "?" + url.getRawQuery();
    URI address = URI.create(url.getScheme() + "://" + url.getRawAuthority());
    return _ -> {
      try {
        String header = authorization == null ? null : authorization.read();
        if (header != null && !header.matches("[\\x20-\\x7e]+")) {
          return new Failed("the authorization header must be one line of plain ASCII");
        }
        return ask(
            address,
            new Outgoing(!post, path(url) + query, null, header, ApiCalls.json(_ -> {})),
            "access_token",
            header == null ? List.of() : List.of(header));
      } catch (IOException unreadable) {
        return new Failed(String.valueOf(unreadable.getMessage()));
      }
    };
  }

  private static String path(URI url) {
    return url.getRawPath() == null || url.getRawPath().isEmpty() ? "/" : url.getRawPath();
  }

  private Fetched ask(URI address, Outgoing request, String field, List<String> secrets)
      throws InterruptedException {
    Poster poster =
        posters.computeIfAbsent(
            address,
            url ->
                new Poster(
                    new ClientSettings(url, settings.family(), settings.timeout(), settings.ca())));
    return switch (poster.exchange(request, poster.nanoTime())) {
      case Exchange.NotSent(String why) -> new Failed(why);
      case Exchange.NoAnswer(String why) -> new Failed(why);
      case Exchange.Answer(int status, String _, String body) ->
          TokenAnswer.read(poster.address(), status, body, field, secrets);
    };
  }

  @Override
  public void close() {
    posters.values().forEach(Poster::close);
  }
}
