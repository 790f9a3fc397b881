package io.dbimport;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The errcodes that are known, with the class that decides what happens next and what a person can
 * do about them. Texts and codes are those of the API's pages. Immutable.
 */
public enum ErrorCode {
  OK(0, "ok", ErrorClass.REFUSED, "Nothing to do."),
  SYSTEM_ERROR(
      -1,
      "system error",
      ErrorClass.UNAVAILABLE,
      "The service is busy. Send the request again later."),
  INTERNAL_ERROR(
      -1000,
      "system error",
      ErrorClass.UNAVAILABLE,
      "The service failed. Send the request again later."),
  INVALID_CREDENTIAL(
      40001,
      "invalid credential, access_token is invalid or not latest",
      ErrorClass.TOKEN,
      "Check the app's secret, and that nothing else renews its token."),
  INVALID_GRANT_TYPE(
      40002, "invalid grant_type", ErrorClass.REFUSED, "Ask with client_credential."),
  INVALID_APPID(40013, "invalid appid", ErrorClass.FORBIDDEN, "Check the appid."),
  INVALID_ACCESS_TOKEN(
      40014,
      "invalid access_token",
      ErrorClass.TOKEN,
      "Check the access token and that it is of the kind that this API takes."),
  INVALID_ARGS(
      40097, "invalid args", ErrorClass.INVALID, "Correct the value that the detail names."),
  MISSING_PARAMETER(
      40101, "missing parameter", ErrorClass.INVALID, "Give the parameter that the detail names."),
  INVALID_APPSECRET(40125, "invalid appsecret", ErrorClass.REFUSED, "Check the app's secret."),
  ACCESS_TOKEN_MISSING(
      41001, "access_token missing", ErrorClass.TOKEN, "Configure an access token."),
  APPID_MISSING(41002, "appid missing", ErrorClass.REFUSED, "Give the appid."),
  APPSECRET_MISSING(41004, "appsecret missing", ErrorClass.REFUSED, "Give the app's secret."),
  COMPONENT_APPID_MISSING(
      41018, "component_appid missing", ErrorClass.REFUSED, "Give the platform's appid."),
  ACCESS_TOKEN_EXPIRED(
      42001,
      "access_token expired",
      ErrorClass.TOKEN,
      "Configure a token source that renews the token."),
  COMPONENT_ACCESS_TOKEN_EXPIRED(
      42006,
      "component_access_token expired",
      ErrorClass.TOKEN,
      "Configure a token source that renews the token."),
  GET_REQUIRED(43001, "require GET method", ErrorClass.REFUSED, "Call it with GET."),
  POST_REQUIRED(43002, "require POST method", ErrorClass.INVALID, "Call it with POST."),
  EMPTY_POST_DATA(44002, "empty post data", ErrorClass.MALFORMED, "Send a JSON object."),
  DAILY_QUOTA_REACHED(
      45009,
      "reach max api daily quota limit",
      ErrorClass.THROTTLED,
      "Wait for the next day, China time, or ask for a larger quota."),
  MINUTE_QUOTA_REACHED(
      45011,
      "api minute-quota reach limit, must slower, retry next minute",
      ErrorClass.THROTTLED,
      "Call less often."),
  DATA_FORMAT_ERROR(
      47001, "data format error", ErrorClass.MALFORMED, "Send one JSON object in UTF-8."),
  API_UNAUTHORIZED(
      48001, "api unauthorized", ErrorClass.FORBIDDEN, "Ask for the permission to call this API."),
  API_FORBIDDEN(
      48004,
      "api forbidden for irregularities",
      ErrorClass.FORBIDDEN,
      "The API is banned for this app: see the app's notices."),
  USER_UNAUTHORIZED(
      50001,
      "api unauthorized or user unauthorized",
      ErrorClass.FORBIDDEN,
      "Ask for the authorisation again."),
  USER_LIMITED(
      50002,
      "user limited",
      ErrorClass.FORBIDDEN,
      "The account is frozen: see the account's notices."),
  COMPONENT_NOT_AUTHORIZED(
      61003,
      "component is not authorized by this account",
      ErrorClass.FORBIDDEN,
      "Ask the account for the authorisation."),
  CLIENT_IP_NOT_REGISTERED(
      61004,
      "access clientip is not registered",
      ErrorClass.FORBIDDEN,
      "Add this machine's address to the platform's list."),
  COMPONENT_TICKET_EXPIRED(
      61005, "component ticket is expired", ErrorClass.REFUSED, "Wait for the next ticket."),
  INVALID_COMPONENT_TICKET(
      61006,
      "component ticket is invalid",
      ErrorClass.REFUSED,
      "Use the ticket that was pushed last."),
  API_UNAUTHORIZED_TO_COMPONENT(
      61007,
      "api is unauthorized to component",
      ErrorClass.FORBIDDEN,
      "Ask the account for the permission set."),
  INVALID_COMPONENT(
      61011, "invalid component", ErrorClass.FORBIDDEN, "Check the platform's appid."),
  INVALID_REFRESH_TOKEN(
      61023,
      "refresh_token is invalid",
      ErrorClass.FORBIDDEN,
      "Ask the account for the authorisation again."),
  WRONG_TOKEN_KIND(
      61024,
      "must use api(api_component_token) to get token",
      ErrorClass.FORBIDDEN,
      "Use the platform's own token."),
  NO_CLOUD_PRIVILEGE(
      85088, "no qbase privilege", ErrorClass.FORBIDDEN, "Turn Cloud Development on for this app."),
  ENVIRONMENT_ABSENT(
      -501000, "environment not found", ErrorClass.MISSING, "Check the environment's id."),
  CLOUD_SYSTEM_ERROR(
      -501001, "cloud system error", ErrorClass.UNAVAILABLE, "Send the request again later."),
  CLOUD_TIMED_OUT(
      -501002,
      "cloud timed out",
      ErrorClass.OUTCOME_UNKNOWN,
      "Look into the collection before sending the request again."),
  ENVIRONMENT_REQUESTS_EXCEEDED(
      -501003,
      "request count over the environment's quota",
      ErrorClass.THROTTLED,
      "Call this environment less often."),
  ENVIRONMENT_CONCURRENCY_EXCEEDED(
      -501004,
      "concurrency over the environment's quota",
      ErrorClass.THROTTLED,
      "Call this environment with fewer calls at once."),
  BAD_CLOUD_PARAMETER(
      -501007,
      "bad parameter",
      ErrorClass.MISSING,
      "Check the environment, the collection and the file."),
  RESOURCE_ABSENT(
      -501009,
      "resource invalid or absent",
      ErrorClass.MISSING,
      "Check the collection and the file."),
  READ_QUOTA_REACHED(
      -501015,
      "read quota used up",
      ErrorClass.THROTTLED,
      "Wait for the quota, or ask for a larger one."),
  WRITE_QUOTA_REACHED(
      -501016,
      "write quota used up",
      ErrorClass.THROTTLED,
      "Wait for the quota, or ask for a larger one."),
  DATABASE_REQUEST_FAILED(
      -502001, "database request failed", ErrorClass.UNAVAILABLE, "Send the request again later."),
  COLLECTION_ABSENT(
      -502005, "collection not found", ErrorClass.MISSING, "Create the collection first."),
  DATABASE_OPERATION_FAILED(
      -502010,
      "database operation failed",
      ErrorClass.UNAVAILABLE,
      "Send the request again later."),
  DATABASE_OPERATION_TIMED_OUT(
      -502011,
      "database operation timed out",
      ErrorClass.OUTCOME_UNKNOWN,
      "Look into the collection before sending the request again."),
  DATABASE_INSERT_FAILED(
      -502012, "database insert failed", ErrorClass.UNAVAILABLE, "Send the request again later."),
  COLLECTION_CREATE_FAILED(
      -502013, "create collection failed", ErrorClass.UNAVAILABLE, "Send the request again later."),
  DATABASE_DELETE_FAILED(
      -502014, "database delete failed", ErrorClass.UNAVAILABLE, "Send the request again later."),
  DATABASE_QUERY_FAILED(
      -502015, "database query failed", ErrorClass.UNAVAILABLE, "Send the request again later."),
  FILE_REQUEST_FAILED(
      -503001, "file request failed", ErrorClass.UNAVAILABLE, "Send the request again later."),
  FILE_FORBIDDEN(
      -503002,
      "no permission for the file",
      ErrorClass.MISSING,
      "Upload the file to the same environment, with this app."),
  FILE_ABSENT(
      -503003,
      "file not found",
      ErrorClass.MISSING,
      "Upload the file first, to the same environment."),
  WECHAT_SYSTEM_ERROR(
      -601001, "system error", ErrorClass.UNAVAILABLE, "Send the request again later."),
  WECHAT_NETWORK_ERROR(
      -601003, "network error", ErrorClass.UNAVAILABLE, "Send the request again later.");

  private static final Map<Integer, ErrorCode> BY_CODE =
      Arrays.stream(values()).collect(Collectors.toMap(ErrorCode::code, Function.identity()));

  private final int code;
  private final String message;
  private final ErrorClass errorClass;
  private final String solution;

  ErrorCode(int code, String message, ErrorClass errorClass, String solution) {
    this.code = code;
    this.message = message;
    this.errorClass = errorClass;
    this.solution = solution;
  }

  /** The number: {@code errcode}. */
  public int code() {
    return code;
  }

  /** The API page's text for it: how an {@code errmsg} begins. */
  public String message() {
    return message;
  }

  /** What the worker makes of it when the API answers it. */
  public ErrorClass errorClass() {
    return errorClass;
  }

  /** What a person can do about it: one sentence. */
  public String solution() {
    return solution;
  }

  /** Whether a quota code is about the environment that was called, not about its whole app. */
  public static boolean ofEnvironment(int code) {
    return of(code).stream()
        .anyMatch(known ->
            switch (known) {
              case ENVIRONMENT_REQUESTS_EXCEEDED,
                  ENVIRONMENT_CONCURRENCY_EXCEEDED,
                  READ_QUOTA_REACHED,
                  WRITE_QUOTA_REACHED ->
                  true;
              default -> false;
            });
  }

  /** The code with this number; empty for one that no page lists. */
  public static Optional<ErrorCode> of(int code) {
    return Optional.ofNullable(BY_CODE.get(code));
  }

  /**
   * The class of an errcode that the API answered; {@link ErrorClass#REFUSED} for one that no page
   * lists. The codes that the decoder uses for an event that never reached the API are {@link
   * ErrorClass#INVALID} when the API itself says them: the event was well formed.
   */
  public static ErrorClass classOf(int code) {
    ErrorClass known = of(code).map(ErrorCode::errorClass).orElse(ErrorClass.REFUSED);
    return known == ErrorClass.MALFORMED ? ErrorClass.INVALID : known;
  }
}
