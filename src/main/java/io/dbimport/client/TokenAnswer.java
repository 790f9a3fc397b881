package io.dbimport.client;

import io.dbimport.client.TokenSource.Fetched;
import io.dbimport.client.TokenSource.Fetched.Failed;
import io.dbimport.client.TokenSource.Fetched.Fresh;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads what a token service answers. Stateless. */
final class TokenAnswer {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** What can stand in a query; the API's pages ask for room for 512 characters. */
  private static final Pattern TOKEN = Pattern.compile("[\\x21-\\x7e]{1,4096}");

  private static final long LONGEST_SECONDS = Duration.ofDays(30).toSeconds();
  private static final int MAX_MESSAGE_CHARS = 200;

  private TokenAnswer() {}

  /**
   * The token, or what is wrong with the answer.
   *
   * @param field the name of the token in it
   * @param secrets what was sent, and must not be in any text even if the service quotes it
   */
  static Fetched read(String address, int status, String body, String field, List<String> secrets) {
    JsonNode json;
    try {
      json = JSON.readTree(body);
    } catch (JacksonException notJson) {
      return failed(address, status, "no JSON");
    }
    if (json.path("errcode").asInt(0) != 0) {
      String message = json.path("errmsg").asString("");
      for (String secret : secrets) {
        message = message.replace(secret, "***");
      }
      message = message.substring(0, Math.min(message.length(), MAX_MESSAGE_CHARS));
      return failed(address, status, "errcode " + json.path("errcode").asInt(0) + " " + message);
    }
    JsonNode token = json.path(field);
    JsonNode seconds = json.path("expires_in");
    if (status != 200) {
      return failed(address, status, "no errcode");
    }
    if (!token.isString() || !TOKEN.matcher(token.stringValue()).matches()) {
      return failed(address, status, "no usable " + field);
    }
    if (!seconds.isIntegralNumber() || !seconds.canConvertToLong() || seconds.longValue() <= 0) {
      return failed(address, status, "no expires_in that is a positive number of seconds");
    }
    long life = Math.min(seconds.longValue(), LONGEST_SECONDS);
    return new Fresh(token.stringValue(), Duration.ofSeconds(life));
  }

  private static Failed failed(String address, int status, String what) {
    return new Failed(address + " answered HTTP " + status + " with " + what);
  }
}
