package io.dbimport.client;

import io.dbimport.ErrorClass;
import io.dbimport.ErrorCode;
import io.dbimport.client.AccessTokens.TokenReply;
import java.io.ByteArrayOutputStream;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Calls of the API with a token, and what they answer in the API's own terms. Thread-safe. */
final class ApiCalls implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final int MAX_MESSAGE_CHARS = 1024;
  private static final Duration LONGEST_RETRY_AFTER = Duration.ofDays(1);

  /** What a call gave. Immutable. */
  sealed interface ApiReply {

    /** It was not made: there is no token for it. */
    record NoToken(TokenReply why) implements ApiReply {}

    /** Nothing was sent. */
    record NotSent(String why) implements ApiReply {}

    /** Something was sent, and no whole answer came. */
    record NoAnswer(String why) implements ApiReply {}

    /** An answer whose body says nothing in the API's terms. */
    record NoErrcode(int status, @Nullable Duration retryAfter) implements ApiReply {}

    /** The API's answer, whatever the HTTP status. */
    record Errcode(int code, String message, JsonNode answer) implements ApiReply {}
  }

  private final Poster poster;
  private final AccessTokens tokens;
  private final ApiFamily family;
  private final Duration timeout;

  ApiCalls(ClientSettings settings, AccessTokens tokens) {
    this.poster = new Poster(settings);
    this.tokens = tokens;
    this.family = settings.family();
    this.timeout = settings.timeout();
  }

  /** A JSON object in UTF-8, text unescaped: the API refuses {@code \\u} escapes (40033, 47002). */
  static byte[] json(Consumer<JsonGenerator> fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      fields.accept(json);
      json.writeEndObject();
    }
    return bytes.toByteArray();
  }

  /**
   * Makes one call; waiting for a token counts as a part of it, half of it at most: a call that was
   * sent with no time left would end as an unknown outcome that nobody needed. A token that is not
   * taken is reported to its source, not tried again.
   *
   * @param path which of the family's; the family is the app's
   */
  ApiReply call(@Nullable String appId, Function<ApiFamily, String> path, byte[] body)
      throws InterruptedException {
    long began = poster.nanoTime();
    TokenReply token = tokens.token(appId, timeout.dividedBy(2));
    if (!(token instanceof TokenReply.Token(String secret))) {
      return new ApiReply.NoToken(token);
    }
    return switch (poster.exchange(
        Outgoing.call(path.apply(tokens.family(appId).orElse(family)), secret, body), began)) {
      case Exchange.NotSent(String why) -> new ApiReply.NotSent(why);
      case Exchange.NoAnswer(String why) -> new ApiReply.NoAnswer(why);
      case Exchange.Answer answer -> {
        ApiReply reply = read(answer, secret);
        if (reply instanceof ApiReply.Errcode(int code, String _, JsonNode _)
            && ErrorCode.classOf(code) == ErrorClass.TOKEN) {
          tokens.rejected(appId, secret);
        }
        yield reply;
      }
    };
  }

  /** Why there is no token, for people. */
  static String text(TokenReply why) {
    return switch (why) {
      case TokenReply.Token _ -> throw new IllegalStateException("there is a token");
      case TokenReply.UnknownApp(String appId) when appId == null ->
          "app_id is missing, and no app is the default";
      case TokenReply.UnknownApp(String appId) -> "no app is configured with app_id " + appId;
      case TokenReply.NoToken(String reason) -> reason;
    };
  }

  private static ApiReply read(Exchange.Answer answer, String token) {
    try {
      JsonNode json = JSON.readTree(answer.body());
      JsonNode errcode = json.path("errcode");
      if (json.isObject() && errcode.isIntegralNumber() && errcode.canConvertToInt()) {
        String message = json.path("errmsg").asString("");
        return new ApiReply.Errcode(errcode.intValue(), bounded(message, token), json);
      }
    } catch (JacksonException notJson) {
      return new ApiReply.NoErrcode(answer.status(), retryAfter(answer.retryAfter()));
    }
    return new ApiReply.NoErrcode(answer.status(), retryAfter(answer.retryAfter()));
  }

  private static String bounded(String message, String token) {
    String masked = message.replace(token, "***");
    return masked.length() <= MAX_MESSAGE_CHARS ? masked : masked.substring(0, MAX_MESSAGE_CHARS);
  }

  /** Seconds or an HTTP date; null for anything else, and never more than a day. */
  private static @Nullable Duration retryAfter(@Nullable String header) {
    if (header == null) {
      return null;
    }
    Duration wait;
    try {
      wait =
          header.strip().chars().allMatch(Character::isDigit)
              ? Duration.ofSeconds(Long.parseLong(header.strip()))
              : Duration.between(
                  Instant.now(),
                  ZonedDateTime.parse(header.strip(), DateTimeFormatter.RFC_1123_DATE_TIME));
    } catch (DateTimeException | NumberFormatException unreadable) {
      return null;
    }
    if (wait.isNegative()) {
      return Duration.ZERO;
    }
    return wait.compareTo(LONGEST_RETRY_AFTER) > 0 ? LONGEST_RETRY_AFTER : wait;
  }

  @Override
  public void close() {
    poster.close();
  }
}
