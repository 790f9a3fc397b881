package io.dbimport.server;

import io.dbimport.ErrorCode;
import io.dbimport.engine.Storage;
import io.dbimport.engine.StoragePaths;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.InstantSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The API's calls about files that were uploaded: links to download them, and their deletion. Each
 * file has a status of its own. Thread-safe.
 */
final class FileRoutes {
  /** The real API's limit: 50 files a call. */
  private static final int MAX_FILES = 50;

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final ApiRoutes api;
  private final Storage storage;
  private final DownloadLinks links;
  private final InstantSource clock;

  FileRoutes(ApiRoutes api, Storage storage, DownloadLinks links, InstantSource clock) {
    this.api = api;
    this.storage = storage;
    this.links = links;
    this.clock = clock;
  }

  void addTo(HttpRouting.Builder routing) {
    api.route(routing, this::download, "/componenttcb/batchdownloadfile", "/tcb/batchdownloadfile");
    api.route(routing, this::delete, "/componenttcb/batchdeletefile", "/tcb/batchdeletefile");
  }

  private ObjectNode download(App app, Parameters parameters, ServerRequest request)
      throws ApiFault {
    String env = parameters.name("env");
    ApiRoutes.own(app, env);
    JsonNode files = list(parameters, "file_list");
    String base = api.baseUrl(request);
    ObjectNode answer = JSON.createObjectNode();
    ArrayNode told = answer.putArray("file_list");
    for (JsonNode file : files) {
      String fileId = file.path("fileid").asString("");
      ObjectNode one = told.addObject().put("fileid", fileId);
      try {
        Duration maxAge = maxAge(file.path("max_age"));
        String path = path(env, fileId);
        if (!exists(env, path)) {
          throw absent(path, env);
        }
        status(one.put("download_url", base + links.link(env, path, maxAge, clock.instant())));
      } catch (ApiFault fault) {
        status(one.put("download_url", ""), fault);
      }
    }
    return answer;
  }

  private ObjectNode delete(App app, Parameters parameters, ServerRequest request) throws ApiFault {
    String env = parameters.name("env");
    ApiRoutes.own(app, env);
    ObjectNode answer = JSON.createObjectNode();
    JsonNode files = list(parameters, "fileid_list");
    ArrayNode told = answer.putArray("delete_list");
    for (JsonNode file : files) {
      String fileId = file.asString("");
      ObjectNode one = told.addObject().put("fileid", fileId);
      try {
        String path = path(env, fileId);
        if (!deleted(env, path)) {
          throw absent(path, env);
        }
        status(one);
      } catch (ApiFault fault) {
        status(one, fault);
      }
    }
    return answer;
  }

  private static JsonNode list(Parameters parameters, String name) throws ApiFault {
    JsonNode list = parameters.json().path(name);
    if (list.isMissingNode() || list.isNull()) {
      throw new ApiFault(ErrorCode.MISSING_PARAMETER, name);
    }
    if (!list.isArray() || list.isEmpty() || list.size() > MAX_FILES) {
      throw Parameters.notAllowed(name, "a list of 1 to " + MAX_FILES + " files");
    }
    return list;
  }

  /** In seconds; the usual age when there is none. */
  private static Duration maxAge(JsonNode age) throws ApiFault {
    if (age.isMissingNode() || age.isNull()) {
      return DownloadLinks.USUAL_AGE;
    }
    long most = DownloadLinks.MAX_AGE.toSeconds();
    if (!age.isIntegralNumber()
        || !age.canConvertToLong()
        || age.longValue() < 1
        || age.longValue() > most) {
      throw Parameters.notAllowed("max_age", "a whole number of seconds from 1 to " + most);
    }
    return Duration.ofSeconds(age.longValue());
  }

  /** The path within the environment, of an id as {@code uploadfile} gives it. */
  private static String path(String env, String fileId) throws ApiFault {
    String root = "cloud://" + env + "/";
    if (!fileId.startsWith(root)) {
      throw Parameters.notAllowed("fileid", root + "PATH, as uploadfile gives it");
    }
    String path = fileId.substring(root.length());
    try {
      StoragePaths.parts(path);
    } catch (IllegalArgumentException notAllowed) {
      throw new ApiFault(ErrorCode.INVALID_ARGS, "fileid: " + notAllowed.getMessage());
    }
    return path;
  }

  private boolean exists(String env, String path) {
    try {
      return storage.exists(env, path);
    } catch (IOException away) {
      throw new UncheckedIOException(away);
    }
  }

  private boolean deleted(String env, String path) {
    try {
      return storage.delete(env, path);
    } catch (IOException away) {
      throw new UncheckedIOException(away);
    }
  }

  private static ApiFault absent(String path, String env) {
    return new ApiFault(ErrorCode.FILE_ABSENT, "there is no file " + path + " in " + env);
  }

  private static void status(ObjectNode file) {
    file.put("status", ErrorCode.OK.code()).put("errmsg", ErrorCode.OK.message());
  }

  private static void status(ObjectNode file, ApiFault fault) {
    file.put("status", fault.errcode()).put("errmsg", fault.errmsg());
  }
}
