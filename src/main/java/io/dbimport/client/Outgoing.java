package io.dbimport.client;

import org.jspecify.annotations.Nullable;

/**
 * What one exchange sends. Immutable; never prints what gives access.
 *
 * @param get a GET without a body, otherwise a POST of JSON
 * @param path from its first slash, below the path of the {@link Poster}'s address; may have a
 *     query, encoded
 * @param token goes into the query as {@code access_token}; null for none
 * @param authorization the header of that name; null for none
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Outgoing(
    boolean get, String path, @Nullable String token, @Nullable String authorization, byte[] body) {

  /** A call of the API. */
  static Outgoing call(String path, String token, byte[] body) {
    return new Outgoing(false, path, token, null, body);
  }

  @Override
  public String toString() {
    return "Outgoing[***]";
  }
}
