package io.dbimport.worker;

import io.dbimport.Presence;
import io.dbimport.worker.LaneKey.Environment;
import org.jspecify.annotations.Nullable;

/**
 * A harmless call to be made now, to find out whether the API answers again: never an import. What
 * it found must be brought back. Immutable.
 */
public final class Probe {
  private final @Nullable String appId;
  final @Nullable Environment environment;

  /**
   * @param appId whose token to use; null means the one app there is
   * @param environment whose breaker it is for; null for the address's
   */
  Probe(@Nullable String appId, @Nullable Environment environment) {
    this.appId = appId;
    this.environment = environment;
  }

  /** The app whose environments to list; null means the one app there is. */
  public @Nullable String appId() {
    return appId;
  }

  /** The environment it is for; null when it is for the API's address. */
  public @Nullable String env() {
    return environment == null ? null : environment.env();
  }

  /**
   * Whether what was found lets calls through again. The address has answered whatever the answer
   * says; an environment of an API that speaks of its own trouble would fail its next call.
   */
  public boolean answeredBy(Presence found) {
    return switch (found) {
      case ABSENT -> false;
      case TROUBLED -> environment == null;
      case WELL -> true;
    };
  }

  @Override
  public String toString() {
    return "a probe of " + (environment == null ? "the API" : environment);
  }
}
