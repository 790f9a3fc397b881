package io.dbimport.engine;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where in an object storage uploads lie. Immutable.
 *
 * @param prefix before every key: empty, or ends with a slash
 * @param endpoint the service's address; null for AWS itself
 */
public record S3Location(String bucket, String prefix, @Nullable URI endpoint) {
  private static final Pattern SHAPE =
      Pattern.compile("s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", Pattern.DOTALL);

  /** What {@link #of} accepts, as the end of a sentence. */
  public static final String ACCEPTED =
      "s3://BUCKET or s3://BUCKET/PREFIX, the bucket in 3 to 63 lower-case letters, digits, '.' and"
          + " '-'";

  /**
   * The location of this name.
   *
   * @param name {@code s3://bucket} or {@code s3://bucket/prefix}; the prefix is formed like a path
   * @throws IllegalArgumentException when it is no such name
   */
  public static S3Location of(String name, @Nullable URI endpoint) {
    Matcher parts = SHAPE.matcher(name);
    if (!parts.matches()) {
      throw new IllegalArgumentException("it is not " + ACCEPTED);
    }
    String given = parts.group(2) == null ? "" : parts.group(2);
    String prefix =
        given.isEmpty()
            ? ""
            : String.join("/", StoragePaths.parts(given.replaceFirst("/$", ""))) + "/";
    return new S3Location(parts.group(1), prefix, endpoint);
  }

  /**
   * Whether a request names the bucket in its path, as most services take it. An endpoint whose
   * host begins with the bucket's name is called by that name instead: some take nothing else.
   */
  boolean pathStyle() {
    return endpoint != null && !endpoint.getHost().startsWith(bucket + ".");
  }

  /** The service's own address, without the bucket's name; null for AWS itself. */
  @Nullable URI service() {
    if (endpoint == null || pathStyle()) {
      return endpoint;
    }
    try {
      return new URI(
          endpoint.getScheme(),
          null,
          endpoint.getHost().substring(bucket.length() + 1),
          endpoint.getPort(),
          endpoint.getPath(),
          null,
          null);
    } catch (URISyntaxException notAnAddress) {
      throw new IllegalArgumentException(endpoint + " is no address", notAnAddress);
    }
  }

  /** For messages: the bucket and where it is. */
  String spoken() {
    return "the bucket " + bucket + " at " + (endpoint == null ? "AWS" : endpoint);
  }
}
