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
  static Environment environment(ImportRequest request) {
    return new Environment(request.appId(), request.parameters().env());
  }

  static LaneKey of(int partition, ImportRequest request, long own) {
    return new LaneKey(partition, environment(request), request.parameters().collectionName(), own);
  }
}
