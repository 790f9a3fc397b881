package io.dbimport.server;

import io.dbimport.ErrorCode;
import io.dbimport.server.IssuedTokens.Issue;
import io.dbimport.server.IssuedTokens.Kind;
import io.helidon.http.Method;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.InstantSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The three calls that give an app a token for its secret. As the pages have it, an answer with a
 * token carries no errcode. What the pages leave open: a forced refresh within 30 s of the last is
 * 45011, the 21st within 24 hours 45009, so that a client does not take the token again that it
 * wanted to be rid of; an old component token is taken for 5 minutes more, like a plain one.
 * Thread-safe.
 */
final class TokenRoutes {
  private final ApiRoutes api;
  private final Apps apps;
  private final IssuedTokens tokens;
  private final InstantSource clock;
  private final WrongSecrets wrong = new WrongSecrets();

  TokenRoutes(ApiRoutes api, Apps apps, IssuedTokens tokens, InstantSource clock) {
    this.api = api;
    this.apps = apps;
    this.tokens = tokens;
    this.clock = clock;
  }

  /** What a call does. */
  private interface Call {
    ObjectNode answer(ServerRequest request) throws ApiFault;
  }

  void addTo(HttpRouting.Builder routing) {
    route(routing, "/cgi-bin/component/api_component_token", this::component);
    route(routing, "/cgi-bin/stable_token", this::stable);
    route(routing, "/cgi-bin/token", this::plain);
  }

  private void route(HttpRouting.Builder routing, String path, Call call) {
    routing.any(
        path,
        (request, response) ->
            ApiRoutes.send(request, response, api.guarded(request, () -> call.answer(request))));
  }

  private ObjectNode component(ServerRequest request) throws ApiFault {
    JsonNode body = body(request);
    String appid = given(body, "component_appid", ErrorCode.COMPONENT_APPID_MISSING);
    String secret = given(body, "component_appsecret", ErrorCode.APPSECRET_MISSING);
    App app = app(appid, secret, request);
    App.Token ticket = app.ticket();
    if (ticket != null) {
      String sent = given(body, "component_verify_ticket", ErrorCode.INVALID_COMPONENT_TICKET);
      Instant expires = ticket.expiresAt();
      if (!same(sent, ticket.value())) {
        throw new ApiFault(ErrorCode.INVALID_COMPONENT_TICKET, "");
      }
      if (expires != null && !clock.instant().isBefore(expires)) {
        throw new ApiFault(ErrorCode.COMPONENT_TICKET_EXPIRED, "");
      }
    }
    return answer("component_access_token", tokens.fresh(appid, Kind.COMPONENT));
  }

  private ObjectNode stable(ServerRequest request) throws ApiFault {
    JsonNode body = body(request);
    grantType(text(body, "grant_type"));
    App app =
        app(
            given(body, "appid", ErrorCode.APPID_MISSING),
            given(body, "secret", ErrorCode.APPSECRET_MISSING),
            request);
    JsonNode force = body.path("force_refresh");
    if (!force.isMissingNode() && !force.isNull() && !force.isBoolean()) {
      throw Parameters.notAllowed("force_refresh", "true or false");
    }
    return answer("access_token", tokens.stable(app.appid(), force.asBoolean(false)));
  }

  private ObjectNode plain(ServerRequest request) throws ApiFault {
    if (!request.prologue().method().equals(Method.GET)) {
      throw new ApiFault(ErrorCode.GET_REQUIRED, "");
    }
    grantType(query(request, "grant_type"));
    App app =
        app(
            given(query(request, "appid"), ErrorCode.APPID_MISSING),
            given(query(request, "secret"), ErrorCode.APPSECRET_MISSING),
            request);
    return answer("access_token", tokens.fresh(app.appid(), Kind.PLAIN));
  }

  private App app(String appid, String secret, ServerRequest request) throws ApiFault {
    String address = request.remotePeer().host();
    Instant now = clock.instant();
    App app = apps.app(appid).orElseThrow(() -> new ApiFault(ErrorCode.INVALID_APPID, ""));
    if (wrong.tooMany(appid, address, now)) {
      throw new ApiFault(ErrorCode.MINUTE_QUOTA_REACHED, "too many wrong secrets");
    }
    String right = app.secret();
    if (right == null || !same(secret, right)) {
      wrong.count(appid, address, now);
      throw new ApiFault(ErrorCode.INVALID_APPSECRET, "");
    }
    return app;
  }

  /** In a time that does not tell how much of it was right. */
  private static boolean same(String given, String right) {
    return MessageDigest.isEqual(
        given.getBytes(StandardCharsets.UTF_8), right.getBytes(StandardCharsets.UTF_8));
  }

  private static ObjectNode answer(String field, Issue issue) throws ApiFault {
    return switch (issue) {
      case Issue.Given(String token, long seconds) ->
          JsonNodeFactory.instance.objectNode().put(field, token).put("expires_in", seconds);
      case Issue.TooSoon() ->
          throw new ApiFault(
              ErrorCode.MINUTE_QUOTA_REACHED,
              "one forced refresh every %d s".formatted(IssuedTokens.FORCED_APART_SECONDS));
      case Issue.TooMany() -> throw new ApiFault(ErrorCode.DAILY_QUOTA_REACHED, "");
    };
  }

  private static void grantType(String given) throws ApiFault {
    if (!given.equals("client_credential")) {
      throw new ApiFault(ErrorCode.INVALID_GRANT_TYPE, "it must be client_credential");
    }
  }

  private static JsonNode body(ServerRequest request) throws ApiFault {
    byte[] body = ApiRoutes.bodyOf(request);
    if (!request.prologue().method().equals(Method.POST)) {
      throw new ApiFault(ErrorCode.POST_REQUIRED, "");
    }
    if (body.length > ApiRoutes.MAX_BODY_BYTES) {
      throw new ApiFault(
          ErrorCode.INVALID_ARGS, "the body is longer than " + ApiRoutes.MAX_BODY_BYTES + " bytes");
    }
    return Parameters.read(body).json();
  }

  private static String query(ServerRequest request, String name) {
    return request.query().first(name).orElse("");
  }

  private static String text(JsonNode body, String name) {
    return body.path(name).isString() ? body.path(name).stringValue() : "";
  }

  private static String given(JsonNode body, String name, ErrorCode missing) throws ApiFault {
    return given(text(body, name), missing);
  }

  private static String given(String text, ErrorCode missing) throws ApiFault {
    if (text.isEmpty()) {
      throw new ApiFault(missing, "");
    }
    return text;
  }
}
