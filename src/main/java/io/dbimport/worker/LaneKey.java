package io.dbimport.worker;

import io.dbimport.ImportRequest;
import org.jspecify.annotations.Nullable;

/**
 * Names a lane: the requests that are carried out in order. Immutable.
 *
 * @param partition of the request topic
 * @param environment the tenant
 * @param collection the collection imported into
 * @param offset tells deliveries apart where each is a lane of its own, else -1
 */
record LaneKey(int partition, Environment environment, String collection, long offset) {

  /** A tenant: an environment of an app. */
  record Environment(@Nullable String appId, String env) {}

  static LaneKey of(int partition, ImportRequest request, long offset) {
    return new LaneKey(
        partition,
        new Environment(request.appId(), request.parameters().env()),
        request.parameters().collectionName(),
        offset);
  }
}
