package io.dbimport.client;

import io.dbimport.ErrorClass;
import io.dbimport.ErrorCode;
import io.dbimport.ImportApi;
import io.dbimport.ImportRequest;
import io.dbimport.JobReply;
import io.dbimport.JobState;
import io.dbimport.JobStatus;
import io.dbimport.Presence;
import io.dbimport.Reply;
import io.dbimport.client.AccessTokens.TokenReply;
import io.dbimport.client.ApiCalls.ApiReply;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The import API over HTTPS. Each call sends one POST, once, and ends within one deadline.
 * Thread-safe.
 */
public final class HttpImportApi implements ImportApi, AutoCloseable {
  private final ApiCalls calls;

  public HttpImportApi(ClientSettings settings, AccessTokens tokens) {
    this.calls = new ApiCalls(settings, tokens);
  }

  @Override
  public Reply submit(ImportRequest request) throws InterruptedException {
    var parameters = request.parameters();
    byte[] body =
        ApiCalls.json(json -> {
          json.writeStringProperty("env", parameters.env());
          json.writeStringProperty("collection_name", parameters.collectionName());
          json.writeStringProperty("file_path", parameters.filePath());
          json.writeNumberProperty("file_type", parameters.fileType().code());
          json.writeBooleanProperty("stop_on_error", parameters.stopOnError());
          json.writeNumberProperty("conflict_mode", parameters.conflictMode().code());
        });
    return switch (calls.call(request.appId(), family -> family.importPath, body)) {
      case ApiReply.NoToken(TokenReply why) -> withoutToken(why);
      case ApiReply.NotSent(String why) -> Reply.Unavailable.notSent(-1, why);
      case ApiReply.NoAnswer(String why) -> new Reply.Unanswered(-1, why);
      case ApiReply.NoErrcode noErrcode -> byStatus(noErrcode);
      case ApiReply.Errcode(int code, String message, JsonNode answer) ->
          byErrcode(code, message, answer);
    };
  }

  private static Reply withoutToken(TokenReply why) {
    return switch (why) {
      case TokenReply.Token _ -> throw new IllegalStateException("there is a token");
      case TokenReply.UnknownApp _ ->
          new Reply.Refused(
              ErrorCode.INVALID_APPID.code(), ApiCalls.text(why), ErrorClass.INVALID, null);
      // It may come in the next moment: worth trying again, and surely nothing was sent.
      case TokenReply.NoToken(String reason) ->
          Reply.Unavailable.notSent(ErrorCode.ACCESS_TOKEN_MISSING.code(), reason);
    };
  }

  private static Reply byErrcode(int code, String message, JsonNode answer) {
    if (code == 0) {
      JsonNode jobId = answer.path("job_id");
      return jobId.isIntegralNumber() && jobId.canConvertToLong()
          ? new Reply.Accepted(jobId.longValue())
          : new Reply.Unanswered(-1, "errcode 0 without a job_id");
    }
    return switch (ErrorCode.classOf(code)) {
      case UNAVAILABLE -> new Reply.Unavailable(code, message);
      case OUTCOME_UNKNOWN -> new Reply.Unanswered(code, message);
      case MALFORMED, INVALID, EXPIRED, TOKEN, FORBIDDEN, THROTTLED, MISSING, REFUSED, INTERNAL ->
          Reply.Refused.of(code, message);
    };
  }

  private static Reply byStatus(ApiReply.NoErrcode answer) {
    int status = answer.status();
    String what = "HTTP " + status;
    if (status == 429) {
      return new Reply.Refused(-1, what, ErrorClass.THROTTLED, answer.retryAfter());
    }
    return status >= 300 && status < 500
        ? new Reply.Refused(-1, what, ErrorClass.REFUSED, null)
        : new Reply.Unanswered(-1, what + " with a body that is no answer");
  }

  @Override
  public JobReply state(@Nullable String appId, String env, long jobId)
      throws InterruptedException {
    return look(appId, env, jobId).reply();
  }

  /**
   * The same, and where the list lies of what the job refused.
   *
   * @throws InterruptedException when the calling thread is interrupted
   */
  public JobLook look(@Nullable String appId, String env, long jobId) throws InterruptedException {
    byte[] body =
        ApiCalls.json(json -> {
          json.writeStringProperty("env", env);
          json.writeNumberProperty("job_id", jobId);
        });
    return switch (calls.call(appId, family -> family.statePath, body)) {
      case ApiReply.NoToken(TokenReply why) -> JobLook.notKnown(-1, ApiCalls.text(why));
      case ApiReply.NotSent(String why) -> JobLook.notKnown(-1, why);
      case ApiReply.NoAnswer(String why) -> JobLook.notKnown(-1, why);
      case ApiReply.NoErrcode noErrcode ->
          JobLook.notKnown(-1, "HTTP " + noErrcode.status() + " without an errcode");
      case ApiReply.Errcode(int code, String message, JsonNode answer) ->
          code == 0 ? stateOf(answer) : JobLook.notKnown(code, message);
    };
  }

  private static JobLook stateOf(JsonNode answer) {
    if (!answer.path("status").isString()) {
      return JobLook.notKnown(-1, "errcode 0 without a status");
    }
    // The page's field tables say err_msg, its examples and the service error_msg.
    String text = answer.path("error_msg").asString(answer.path("err_msg").asString(""));
    return new JobLook(
        new JobReply.Known(
            new JobState(
                JobStatus.of(answer.path("status").stringValue()),
                answer.path("record_success").asLong(0),
                answer.path("record_fail").asLong(0),
                text)),
        new FailureLink(answer.path("file_url").asString("")));
  }

  @Override
  public Presence presence(@Nullable String appId) throws InterruptedException {
    return switch (calls.call(appId, family -> family.environmentsPath, ApiCalls.json(_ -> {}))) {
      case ApiReply.NoToken _, ApiReply.NotSent _, ApiReply.NoAnswer _ -> Presence.ABSENT;
      // A page with a status below 300 is not this API's: perhaps a proxy's, before a dead one.
      case ApiReply.NoErrcode answer ->
          answer.status() >= 300 && answer.status() < 500 ? Presence.WELL : Presence.ABSENT;
      case ApiReply.Errcode(int code, String _, JsonNode _) ->
          switch (ErrorCode.classOf(code)) {
            case UNAVAILABLE, OUTCOME_UNKNOWN -> Presence.TROUBLED;
            case MALFORMED,
                INVALID,
                EXPIRED,
                TOKEN,
                FORBIDDEN,
                THROTTLED,
                MISSING,
                REFUSED,
                INTERNAL ->
                Presence.WELL;
          };
    };
  }

  @Override
  public void close() {
    calls.close();
  }
}
