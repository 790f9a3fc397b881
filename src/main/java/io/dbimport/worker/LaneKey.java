package io.dbimport.worker;

import io.dbimport.ImportRequest;
import org.jspecify.annotations.Nullable;

/**
 * Names a lane: the requests that are carried out in order. Immutable.
 *
 * @param partition of the request topic
 * @param environment the tenant
 * @param collection the collection imported into
 * @param own tells requests apart where each request id is a lane of its own, else 0
 */
record LaneKey(int partition, Environment environment, String collection, long own) {

  /** A tenant: an environment of an app. */
  record Environment(@Nullable String appId, String env) {}

  /** The tenant of a request. */
  static Environment environment(ImportRequest request, @Nullable String defaultApp) {
    return environment(request.appId(), request.parameters().env(), defaultApp);
  }

  /**
   * The tenant of a request to this environment.
   *
   * @param appId as in the request
   * @param defaultApp the app that is meant when a request names none: the same one as when it is
   *     named, with the same quotas and lanes; null when there is one app alone
   */
  static Environment environment(@Nullable String appId, String env, @Nullable String defaultApp) {
    return new Environment(appId == null ? defaultApp : appId, env);
  }

  static LaneKey of(int partition, ImportRequest request, @Nullable String defaultApp, long own) {
    return new LaneKey(
        partition, environment(request, defaultApp), request.parameters().collectionName(), own);
  }
}
