package io.dbimport.server;

import io.dbimport.ConflictMode;
import io.dbimport.ErrorCode;
import io.dbimport.FileType;
import io.dbimport.ImportApi;
import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import io.dbimport.JobReply;
import io.dbimport.JobState;
import io.dbimport.Presence;
import io.dbimport.Reply;
import io.dbimport.engine.Engine;
import io.dbimport.engine.Engine.CollectionReply;
import io.dbimport.engine.EngineSettings;
import io.dbimport.engine.StoragePaths;
import io.helidon.http.Method;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The API's calls, under the paths of both families. Every answer is HTTP 200 with an errcode and
 * an errmsg; the one boundary for faults of ours answers -1000. Thread-safe. Longer than most: it
 * has one method for each call of the API.
 */
final class ApiRoutes {
  private static final Logger LOG = LoggerFactory.getLogger(ApiRoutes.class);
  private static final JsonMapper JSON = JsonMapper.builder().build();
  static final int MAX_BODY_BYTES = 64 << 10;
  private static final Pattern AUTHORITY = Pattern.compile("[A-Za-z0-9.\\-\\[\\]:]{1,255}");

  /** What a call does once its caller is known. */
  interface Call {
    ObjectNode answer(App app, Parameters parameters, ServerRequest request)
        throws ApiFault, InterruptedException;
  }

  private final ImportApi imports;
  private final Engine engine;
  private final Apps apps;
  private final UploadLinks links;
  private final DownloadLinks downloads;
  private final @Nullable URI publicUrl;
  private final InstantSource clock;

  ApiRoutes(
      ImportApi imports,
      Engine engine,
      Apps apps,
      ServerSettings settings,
      UploadLinks links,
      InstantSource clock) {
    this.imports = imports;
    this.engine = engine;
    this.apps = apps;
    this.links = links;
    this.downloads = new DownloadLinks(settings.linkSecret());
    this.publicUrl = settings.publicUrl();
    this.clock = clock;
  }

  void addTo(HttpRouting.Builder routing) {
    route(routing, this::startImport, "/componenttcb/dbimport", "/tcb/databasemigrateimport");
    route(
        routing, this::jobState, "/componenttcb/dbmigrationstate", "/tcb/databasemigratequeryinfo");
    route(routing, this::uploadLink, "/componenttcb/uploadfile", "/tcb/uploadfile");
    route(routing, this::collection, "/componenttcb/dbcollection");
    route(routing, this::addCollection, "/tcb/databasecollectionadd");
    route(routing, this::listCollectionsOfApp, "/tcb/databasecollectionget");
    route(routing, this::deleteCollection, "/tcb/databasecollectiondelete");
    // These take no body; the real calls send {} or nothing.
    for (String path : List.of("/componenttcb/describeenvs", "/tcb/getenvinfo")) {
      routing.any(
          path,
          (request, response) ->
              send(request, response, answer(this::environments, request, "{}")));
    }
  }

  /** Serves a call under these paths; a caller who may not make it is told so first. */
  void route(HttpRouting.Builder routing, Call call, String... paths) {
    for (String path : paths) {
      routing.any(path, (request, response) -> send(request, response, answer(call, request, "")));
    }
  }

  static byte[] bodyOf(ServerRequest request) throws ApiFault {
    if (!request.content().hasEntity()) {
      return new byte[0];
    }
    try {
      // Not closed here: its close waits for more of the body.
      return request.content().inputStream().readNBytes(MAX_BODY_BYTES + 1);
    } catch (IOException | RuntimeException cutOff) {
      // The web server tells a client that went away by exceptions of many kinds.
      throw new ApiFault(ErrorCode.DATA_FORMAT_ERROR, "the body did not arrive whole");
    }
  }

  /**
   * The call's answer.
   *
   * @param otherwise stands for a body that is empty
   */
  private ObjectNode answer(Call call, ServerRequest request, String otherwise) {
    return guarded(
        request,
        () -> {
          byte[] sent = bodyOf(request);
          byte[] body = sent.length == 0 ? otherwise.getBytes(StandardCharsets.UTF_8) : sent;
          if (!request.prologue().method().equals(Method.POST)) {
            throw new ApiFault(ErrorCode.POST_REQUIRED, "");
          }
          App app = caller(request);
          if (body.length > MAX_BODY_BYTES) {
            throw new ApiFault(
                ErrorCode.INVALID_ARGS, "the body is longer than " + MAX_BODY_BYTES + " bytes");
          }
          ObjectNode answer = call.answer(app, Parameters.read(body), request);
          return withErrcode(ErrorCode.OK.code(), ErrorCode.OK.message(), answer);
        });
  }

  /** What makes an answer of one call. */
  interface Work {
    ObjectNode answer() throws ApiFault, InterruptedException;
  }

  /** The one boundary: every fault becomes an errcode. */
  ObjectNode guarded(ServerRequest request, Work work) {
    try {
      return work.answer();
    } catch (ApiFault fault) {
      return error(fault.errcode(), fault.errmsg());
    } catch (UncheckedIOException away) {
      LOG.warn("{} is away: {}", request.path().path(), String.valueOf(away.getCause()));
      return error(ErrorCode.SYSTEM_ERROR.code(), ErrorCode.SYSTEM_ERROR.message());
    } catch (InterruptedException stopping) {
      Thread.currentThread().interrupt();
      return error(ErrorCode.SYSTEM_ERROR.code(), ErrorCode.SYSTEM_ERROR.message());
    } catch (RuntimeException bug) {
      LOG.error("a fault of ours in {}", request.path().path(), bug);
      return error(ErrorCode.INTERNAL_ERROR.code(), ErrorCode.INTERNAL_ERROR.message());
    }
  }

  private App caller(ServerRequest request) throws ApiFault {
    String token = request.query().first("access_token").orElse("");
    if (token.isEmpty()) {
      throw new ApiFault(ErrorCode.ACCESS_TOKEN_MISSING, "");
    }
    App app =
        switch (apps.access(token, clock.instant())) {
          case Apps.Access.Granted(App granted) -> granted;
          case Apps.Access.Expired() -> throw new ApiFault(ErrorCode.ACCESS_TOKEN_EXPIRED, "");
          case Apps.Access.Unknown() -> throw new ApiFault(ErrorCode.INVALID_ACCESS_TOKEN, "");
        };
    if (!app.cloudDevelopment()) {
      throw new ApiFault(ErrorCode.NO_CLOUD_PRIVILEGE, "");
    }
    return app;
  }

  private ObjectNode startImport(App app, Parameters parameters, ServerRequest request)
      throws ApiFault, InterruptedException {
    String env = parameters.name("env");
    String collection = parameters.name("collection_name");
    String path = parameters.text("file_path");
    FileType type =
        FileType.of(parameters.number("file_type"))
            .orElseThrow(() -> Parameters.notAllowed("file_type", "1 (JSON) or 2 (CSV)"));
    boolean stopOnError = parameters.flag("stop_on_error");
    ConflictMode mode =
        ConflictMode.of(parameters.number("conflict_mode"))
            .orElseThrow(() -> Parameters.notAllowed("conflict_mode", "1 (INSERT) or 2 (UPSERT)"));
    own(app, env);
    ImportRequest asked =
        new ImportRequest(
            "api",
            app.appid(),
            new ImportParameters(env, collection, path, type, stopOnError, mode),
            null,
            false);
    return switch (imports.submit(asked)) {
      case Reply.Accepted(long jobId) -> JSON.createObjectNode().put("job_id", jobId);
      case Reply.Refused refused -> error(refused.errcode(), refused.message());
      case Reply.Unavailable(int code, String why, boolean _) -> error(code, message(code, why));
      case Reply.Unanswered(int code, String why) -> error(code, message(code, why));
    };
  }

  private ObjectNode jobState(App app, Parameters parameters, ServerRequest request)
      throws ApiFault, InterruptedException {
    String env = parameters.name("env");
    long jobId = parameters.number("job_id");
    own(app, env);
    return switch (imports.state(app.appid(), env, jobId)) {
      case JobReply.Known(JobState state) ->
          JSON.createObjectNode()
              .put("status", state.status().tag())
              .put("record_success", state.recordSuccess())
              .put("record_fail", state.recordFail())
              .put("error_msg", state.errorMsg())
              .put("file_url", failureList(env, jobId, state, request));
      case JobReply.NotKnown(int code, String why) -> error(code, message(code, why));
    };
  }

  /** A link to the list of what the job refused; empty when there is none, as for most imports. */
  private String failureList(String env, long jobId, JobState state, ServerRequest request)
      throws ApiFault {
    Optional<String> path =
        state.status().terminal() ? engine.failureList(env, jobId) : Optional.empty();
    return path.isEmpty()
        ? ""
        : baseUrl(request)
            + downloads.link(env, path.get(), DownloadLinks.USUAL_AGE, clock.instant());
  }

  private ObjectNode uploadLink(App app, Parameters parameters, ServerRequest request)
      throws ApiFault {
    String env = parameters.name("env");
    String path = parameters.text("path");
    own(app, env);
    try {
      StoragePaths.parts(path);
    } catch (IllegalArgumentException notAllowed) {
      throw new ApiFault(ErrorCode.INVALID_ARGS, "path: " + notAllowed.getMessage());
    }
    UploadLinks.Link link = links.link(env, path, clock.instant());
    return JSON.createObjectNode()
        .put("url", baseUrl(request) + "/upload/" + encoded(env))
        .put("token", link.token())
        .put("authorization", link.authorization())
        .put("file_id", "cloud://" + env + "/" + path)
        .put("cos_file_id", link.cosFileId());
  }

  /** How the caller reached the server, unless a setting says how callers do. */
  String baseUrl(ServerRequest request) throws ApiFault {
    if (publicUrl != null) {
      return publicUrl.toString().replaceAll("/+$", "");
    }
    String authority = request.authority();
    if (!AUTHORITY.matcher(authority).matches()) {
      throw new ApiFault(ErrorCode.INVALID_ARGS, "the Host header is no host");
    }
    return (request.isSecure() ? "https://" : "http://") + authority;
  }

  private ObjectNode collection(App app, Parameters parameters, ServerRequest request)
      throws ApiFault {
    String action =
        request.query().first("action").orElse(parameters.json().path("action").asString(""));
    return switch (action) {
      case "get" -> listCollections(app, parameters, 20);
      case "add" -> addCollection(app, parameters, request);
      case "del" -> deleteCollection(app, parameters, request);
      case "" -> throw new ApiFault(ErrorCode.MISSING_PARAMETER, "action");
      default -> throw Parameters.notAllowed("action", "get, add or del");
    };
  }

  private ObjectNode addCollection(App app, Parameters parameters, ServerRequest request)
      throws ApiFault {
    String env = parameters.name("env");
    String name = parameters.name("collection_name");
    own(app, env);
    return done(engine.createCollection(env, name), name);
  }

  private ObjectNode deleteCollection(App app, Parameters parameters, ServerRequest request)
      throws ApiFault {
    String env = parameters.name("env");
    String name = parameters.name("collection_name");
    own(app, env);
    return done(engine.dropCollection(env, name), name);
  }

  private static ObjectNode done(CollectionReply reply, String name) throws ApiFault {
    return switch (reply) {
      case DONE -> JSON.createObjectNode();
      case ALREADY_THERE ->
          throw new ApiFault(
              ErrorCode.COLLECTION_CREATE_FAILED, "there is a collection " + name + " already");
      case ABSENT ->
          throw new ApiFault(ErrorCode.COLLECTION_ABSENT, "there is no collection " + name);
      case ENVIRONMENT_ABSENT -> throw new ApiFault(ErrorCode.ENVIRONMENT_ABSENT, "");
      case NAME_REFUSED ->
          throw new ApiFault(
              ErrorCode.INVALID_ARGS, "collection_name has characters that are not allowed");
    };
  }

  private ObjectNode listCollectionsOfApp(App app, Parameters parameters, ServerRequest request)
      throws ApiFault {
    int limit = parameters.number("limit", 1, 1000, 10);
    int offset = parameters.number("offset", 0, Integer.MAX_VALUE, 0);
    ObjectNode answer = listCollections(app, parameters, 10);
    int total = answer.path("total").intValue();
    answer.remove("total");
    answer.putObject("pager").put("Offset", offset).put("Limit", limit).put("Total", total);
    return answer;
  }

  private ObjectNode listCollections(App app, Parameters parameters, int usualLimit)
      throws ApiFault {
    String env = parameters.name("env");
    own(app, env);
    int limit = parameters.number("limit", 1, 1000, usualLimit);
    int offset = parameters.number("offset", 0, Integer.MAX_VALUE, 0);
    Engine.Collections found = engine.collections(env, limit, offset);
    ObjectNode answer = JSON.createObjectNode();
    ArrayNode collections = answer.putArray("collections");
    for (Engine.Collection collection : found.page()) {
      collections
          .addObject()
          .put("name", collection.name())
          .put("count", collection.count())
          .put("size", collection.sizeBytes())
          .put("index_count", collection.indexCount())
          .put("index_size", collection.indexSizeBytes());
    }
    return answer.put("total", found.total());
  }

  /**
   * Whoever finds out by this call whether imports are possible again must not be told so too soon.
   */
  private ObjectNode environments(App app, Parameters parameters, ServerRequest request)
      throws ApiFault, InterruptedException {
    if (imports.presence(null) != Presence.WELL) {
      throw new ApiFault(ErrorCode.SYSTEM_ERROR, "");
    }
    ObjectNode answer = JSON.createObjectNode();
    ArrayNode list = answer.putArray("info_list");
    engine.environments().stream()
        .filter(app.environments()::contains)
        .forEach(env -> list.addObject().put("env", env).put("alias", env).put("status", "NORMAL"));
    return answer;
  }

  /** Refuses an environment that is not the app's own. */
  static void own(App app, String env) throws ApiFault {
    if (!EngineSettings.isEnvironment(env)) {
      throw Parameters.notAllowed("env", EngineSettings.ACCEPTED_ENVIRONMENT);
    }
    if (!app.environments().contains(env)) {
      throw new ApiFault(ErrorCode.ENVIRONMENT_ABSENT, "there is no environment " + env);
    }
  }

  private static String message(int code, String why) {
    return ErrorCode.of(code)
        .map(ErrorCode::message)
        .filter(message -> !why.startsWith(message))
        .map(message -> message + ": " + why)
        .orElse(why);
  }

  ObjectNode error(int errcode, String errmsg) {
    return withErrcode(errcode, errmsg + " rid: " + rid(), JSON.createObjectNode());
  }

  private static ObjectNode withErrcode(int errcode, String errmsg, ObjectNode fields) {
    if (fields.has("errcode")) {
      return fields;
    }
    ObjectNode answer = JSON.createObjectNode().put("errcode", errcode).put("errmsg", errmsg);
    answer.setAll(fields);
    return answer;
  }

  /** As the service's own: the time of the call in hex, and two more words of hex. */
  private String rid() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    HexFormat hex = HexFormat.of();
    return hex.toHexDigits((int) clock.instant().getEpochSecond())
        + "-"
        + hex.toHexDigits(random.nextInt())
        + "-"
        + hex.toHexDigits(random.nextInt());
  }

  private static String encoded(String part) {
    return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** Sends an answer; the last one of its connection when the body was not read to its end. */
  static void send(ServerRequest request, ServerResponse response, ObjectNode answer) {
    if (!request.content().consumed()) {
      response.header("Connection", "close");
    }
    response.header("Content-Type", "application/json; charset=utf-8");
    response.send(JSON.writeValueAsBytes(answer));
  }
}
