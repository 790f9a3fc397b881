package io.dbimport;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One request to import a file, valid by construction. Immutable.
 *
 * @param requestId names the request, 1 to 128 characters
 * @param appId the configured app whose token is used; null means the one app there is
 * @param parameters what the API is called with
 * @param deadline the instant after which the API must not be called any more; null for none
 * @param rerunSafe whether calling it twice does no harm
 */
public record ImportRequest(
    String requestId,
    @Nullable String appId,
    ImportParameters parameters,
    @Nullable Instant deadline,
    boolean rerunSafe) {

  /** Longest request id, in characters: Unicode's, not halves of surrogate pairs. */
  public static final int MAX_REQUEST_ID_CHARS = 128;

  public ImportRequest {
    if (!isRequestId(requestId)) {
      throw new IllegalArgumentException("requestId must have 1 to 128 characters: " + requestId);
    }
  }

  /** Whether this may name a request: 1 to 128 characters. */
  public static boolean isRequestId(String id) {
    return !id.isEmpty() && id.codePointCount(0, id.length()) <= MAX_REQUEST_ID_CHARS;
  }
}
