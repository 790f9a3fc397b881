package io.dbimport.client;

import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** Where a file goes, and what lets it in. Immutable; never prints what gives access. */
record UploadLink(URI url, String authorization, String token, String cosFileId) {

  /** The link in an answer of the API; empty when it lacks a part or its URL is not HTTP. */
  static Optional<UploadLink> of(JsonNode answer) {
    String authorization = answer.path("authorization").asString("");
    String token = answer.path("token").asString("");
    String fileId = answer.path("cos_file_id").asString("");
    if (authorization.isEmpty() || token.isEmpty() || fileId.isEmpty()) {
      return Optional.empty();
    }
    return http(answer.path("url").asString(""))
        .map(url -> new UploadLink(url, authorization, token, fileId));
  }

  /** The address that this is; empty when it is none of HTTP with a host. */
  static Optional<URI> http(String text) {
    try {
      URI url = URI.create(text);
      boolean http =
          "http".equalsIgnoreCase(url.getScheme()) || "https".equalsIgnoreCase(url.getScheme());
      return http && url.getHost() != null ? Optional.of(url) : Optional.empty();
    } catch (IllegalArgumentException noUrl) {
      return Optional.empty();
    }
  }

  /** Host and port, for people. */
  String address() {
    return address(url);
  }

  static String address(URI url) {
    return url.getHost() + (url.getPort() < 0 ? "" : ":" + url.getPort());
  }

  /** What must be in no text: longer ones first, as they hold the others. */
  List<String> secrets() {
    return Stream.concat(
            Stream.of(authorization, token),
            Stream.of(authorization.split("&", -1))
                .map(pair -> pair.substring(pair.indexOf('=') + 1)))
        .filter(secret -> secret.length() >= 6)
        .toList();
  }

  @Override
  public String toString() {
    return "UploadLink[" + address() + "]";
  }
}
