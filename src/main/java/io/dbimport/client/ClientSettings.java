package io.dbimport.client;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How the API is called. Immutable.
 *
 * @param url scheme, host and port; a path is put in front of the API's own
 * @param family which of the two families of paths
 * @param timeout one call, all of it
 * @param ca certificates to trust, PEM; null for the system's
 */
public record ClientSettings(URI url, ApiFamily family, Duration timeout, @Nullable Path ca) {
  public ClientSettings {
    boolean http = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
    if (!http || url.getHost() == null) {
      throw new IllegalArgumentException("not an http or https URL with a host: " + url);
    }
  }
}
