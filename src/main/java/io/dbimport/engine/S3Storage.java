package io.dbimport.engine;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.AwsProfileRegionProvider;
import software.amazon.awssdk.regions.providers.AwsRegionProviderChain;
import software.amazon.awssdk.regions.providers.SystemSettingsRegionProvider;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.MultipartUpload;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Uploads in a bucket of any service that speaks S3: {@code <prefix><env>/<path>}. An object
 * appears whole or not at all, which is the service's own promise. Thread-safe.
 *
 * <p>Credentials are those that AWS's own tools find: variables, files, the role of the machine.
 * They must be allowed to get, put and delete objects, to list the bucket and its multipart
 * uploads, and to abort these. The bucket, or the prefix in it, holds nothing else. A call that
 * fails is tried three times within a minute; one that carries a part may take as long as at 128
 * KB/s. A service that falls silent within a file is asked again from there after a minute, three
 * times without a byte between.
 */
public final class S3Storage implements Storage {
  private static final Logger LOG = LoggerFactory.getLogger(S3Storage.class);

  /** What S3 takes as a key, in UTF-8. */
  private static final int MAX_KEY_BYTES = 1024;

  private static final int ATTEMPTS = 3;

  /**
   * How long the service is waited for.
   *
   * @param connect for a connection
   * @param silence for the next byte
   * @param attempt for the answer to one request, without what its body takes
   */
  record Patience(Duration connect, Duration silence, Duration attempt) {
    static final Patience USUAL =
        new Patience(Duration.ofSeconds(5), Duration.ofSeconds(60), Duration.ofSeconds(30));

    /** For all attempts together. */
    Duration call() {
      return attempt.multipliedBy(2);
    }

    /** When a request carries so much: below 128 KB/s it counts as stuck. */
    Patience with(long bytes) {
      return new Patience(connect, silence, attempt.plusSeconds(bytes / (128 * 1024)));
    }
  }

  /** Uploads that another server receives at this moment are younger than this. */
  private static final Duration LEFTOVER_AFTER = Duration.ofHours(24);

  private final S3Client client;
  private final S3Location location;
  private final Patience patience;
  private final Runnable closing;

  private S3Storage(S3Client client, S3Location location, Patience patience, Runnable closing) {
    this.client = client;
    this.location = location;
    this.patience = patience;
    this.closing = closing;
  }

  /**
   * Connects, looks whether the bucket can be used, and removes what uploads that broke off more
   * than a day ago left behind.
   *
   * @param secrets told every secret before it is used
   * @throws S3Unusable when the bucket cannot be used, with the reason
   */
  public static S3Storage open(S3Location location, Consumer<String> secrets) throws IOException {
    DefaultCredentialsProvider found = DefaultCredentialsProvider.builder().build();
    try {
      return open(location, secrets, found, found::close, Patience.USUAL);
    } catch (IOException | RuntimeException unusable) {
      found.close();
      throw unusable;
    }
  }

  static S3Storage open(
      S3Location location,
      Consumer<String> secrets,
      AwsCredentialsProvider credentials,
      Runnable closing,
      Patience patience)
      throws IOException {
    try {
      tell(credentials.resolveCredentials(), secrets);
    } catch (SdkClientException none) {
      throw new S3Unusable(
          S3Unusable.Reason.NO_CREDENTIALS, "there are no credentials for the bucket", none);
    }
    S3Client client =
        client(location, patience, () -> tell(credentials.resolveCredentials(), secrets));
    S3Storage storage =
        new S3Storage(
            client,
            location,
            patience,
            () -> {
              client.close();
              closing.run();
            });
    try {
      storage.requireBucket();
      storage.removeLeftovers(Instant.now().minus(LEFTOVER_AFTER));
      return storage;
    } catch (IOException | RuntimeException unusable) {
      client.close();
      throw unusable;
    }
  }

  private static AwsCredentials tell(AwsCredentials credentials, Consumer<String> secrets) {
    secrets.accept(credentials.secretAccessKey());
    if (credentials instanceof AwsSessionCredentials session) {
      secrets.accept(session.sessionToken());
    }
    return credentials;
  }

  private static S3Client client(
      S3Location location, Patience patience, AwsCredentialsProvider credentials) {
    S3ClientBuilder builder =
        S3Client.builder()
            .credentialsProvider(credentials)
            .region(region())
            .httpClientBuilder(
                UrlConnectionHttpClient.builder()
                    .connectionTimeout(patience.connect())
                    .socketTimeout(patience.silence()))
            .overrideConfiguration(c ->
                c.apiCallAttemptTimeout(patience.attempt())
                    .apiCallTimeout(patience.call())
                    .retryStrategy(
                        AwsRetryStrategy.standardRetryStrategy().toBuilder()
                            .maxAttempts(ATTEMPTS)
                            .build()))
            // Checksums and chunks of AWS's own kind are unknown to many services; each part goes
            // with its Content-MD5, and over plain HTTP with its SHA-256 in the signature.
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
            .serviceConfiguration(c -> c.chunkedEncodingEnabled(false))
            .forcePathStyle(location.pathStyle())
            .crossRegionAccessEnabled(location.endpoint() == null);
    URI service = location.service();
    if (service != null) {
      builder.endpointOverride(service);
    }
    return builder.build();
  }

  /** As AWS's tools find it; most other services take any. The machine's own is not asked for. */
  private static Region region() {
    try {
      return new AwsRegionProviderChain(
              new SystemSettingsRegionProvider(), new AwsProfileRegionProvider())
          .getRegion();
    } catch (SdkClientException none) {
      return Region.US_EAST_1;
    }
  }

  private void requireBucket() throws IOException {
    ListObjectsV2Response _ =
        call(() ->
            client.listObjectsV2(
                r -> r.bucket(location.bucket()).prefix(location.prefix()).maxKeys(1)));
  }

  /** A service that does not tell them, or not us, keeps them. */
  void removeLeftovers(Instant before) throws IOException {
    try {
      call(() -> {
        client
            .listMultipartUploadsPaginator(
                r -> r.bucket(location.bucket()).prefix(location.prefix()))
            .uploads()
            .stream()
            .filter(upload -> upload.initiated().isBefore(before))
            .forEach(this::abort);
        return true;
      });
    } catch (S3Unusable notTold) {
      LOG.warn("uploads that broke off are not removed: {}", notTold.getMessage());
    }
  }

  private void abort(MultipartUpload upload) {
    client.abortMultipartUpload(
        r -> r.bucket(location.bucket()).key(upload.key()).uploadId(upload.uploadId()));
  }

  @Override
  public long store(String env, String path, InputStream body) throws IOException {
    String key = key(env, path);
    try (S3Upload upload = new S3Upload(client, location, key, patience)) {
      return upload.store(body, version -> version.equals(look(env, path).version()));
    }
  }

  @Override
  public Stored look(String env, String path) throws IOException {
    String key = key(env, path);
    HeadObjectResponse head;
    try {
      head = client.headObject(r -> r.bucket(location.bucket()).key(key));
    } catch (S3Exception refused) {
      throw notThere(path, refused);
    } catch (SdkException failure) {
      throw S3Unusable.of(location, failure);
    }
    return new Stored(
        head.contentLength(), version(head.metadata(), head.eTag(), head.lastModified()));
  }

  /** The answer to a HEAD has no words: without a bucket it is the same 404. */
  private IOException notThere(String path, S3Exception refused) throws IOException {
    if (refused.statusCode() != 404 || S3Unusable.code(refused).equals("NoSuchBucket")) {
      return S3Unusable.of(location, refused);
    }
    requireBucket();
    return new NoSuchFileException(path);
  }

  /**
   * Ours carry a version of their own: the tag of equal contents is equal, and the time has
   * seconds. Objects that something else put there have only these.
   */
  private static String version(
      Map<String, String> metadata, @Nullable String tag, @Nullable Instant modified) {
    String own = metadata.get(S3Upload.VERSION);
    if (own != null && own.matches("[0-9a-f-]{36}")) {
      return own;
    }
    String others = tag + "-" + (modified == null ? "" : modified.toEpochMilli());
    return others.substring(0, Math.min(200, others.length()));
  }

  @Override
  public InputStream open(String env, String path, String version, long position)
      throws IOException {
    S3Stream.Opening opening = at -> get(env, path, version, at);
    ResponseInputStream<GetObjectResponse> in;
    try {
      in = opening.at(position);
    } catch (PastTheEnd nothing) {
      return InputStream.nullInputStream();
    }
    Long length = in.response().contentLength();
    if (length == null) {
      in.abort();
      throw new IOException(location.spoken() + " does not say how long " + path + " is");
    }
    return new S3Stream(location, opening, in, position, position + length);
  }

  /** There is nothing at this position. */
  private static final class PastTheEnd extends IOException {
    private static final long serialVersionUID = 1L;
  }

  /** The headers come with the bytes, of one object: they tell which version these are. */
  private ResponseInputStream<GetObjectResponse> get(
      String env, String path, String version, long position) throws IOException {
    GetObjectRequest.Builder request =
        GetObjectRequest.builder().bucket(location.bucket()).key(key(env, path));
    if (position > 0) {
      request.range("bytes=" + position + "-");
    }
    ResponseInputStream<GetObjectResponse> in;
    try {
      in = client.getObject(request.build(), ResponseTransformer.toInputStream(Duration.ZERO));
    } catch (S3Exception refused) {
      if (refused.statusCode() == 416) {
        requireVersion(path, version, look(env, path).version());
        throw new PastTheEnd();
      }
      throw notThere(path, refused);
    } catch (SdkException failure) {
      throw S3Unusable.of(location, failure);
    }
    GetObjectResponse told = in.response();
    try {
      requireVersion(path, version, version(told.metadata(), told.eTag(), told.lastModified()));
      if (position > 0 && !isFrom(position, told.contentRange())) {
        throw new IOException(location.spoken() + " gives no objects from a position on");
      }
      return in;
    } catch (IOException | RuntimeException another) {
      in.abort();
      throw another;
    }
  }

  private static boolean isFrom(long position, @Nullable String contentRange) {
    return contentRange != null && contentRange.startsWith("bytes " + position + "-");
  }

  private static void requireVersion(String path, String asked, String found) throws FileChanged {
    if (!asked.equals(found)) {
      throw new FileChanged(path);
    }
  }

  @Override
  public long used(String env) throws IOException {
    String folder = location.prefix() + StoragePaths.folder(env) + "/";
    return call(() ->
        client
            .listObjectsV2Paginator(r -> r.bucket(location.bucket()).prefix(folder))
            .contents()
            .stream()
            .mapToLong(S3Object::size)
            .sum());
  }

  /** Of two deletes at once both may say that they removed the file: the service tells neither. */
  @Override
  public boolean delete(String env, String path) throws IOException {
    if (!exists(env, path)) {
      return false;
    }
    String key = key(env, path);
    call(() -> client.deleteObject(r -> r.bucket(location.bucket()).key(key)));
    return true;
  }

  private String key(String env, String path) {
    String key =
        location.prefix()
            + StoragePaths.folder(env)
            + "/"
            + String.join("/", StoragePaths.parts(path));
    if (key.getBytes(StandardCharsets.UTF_8).length > MAX_KEY_BYTES) {
      throw new IllegalArgumentException(
          "the path is too long: with the storage's prefix and the environment's name it has more"
              + " than the 1,024 bytes of UTF-8 that an object's key may have");
    }
    return key;
  }

  private <T> T call(Supplier<T> call) throws IOException {
    try {
      return call.get();
    } catch (SdkException failure) {
      throw S3Unusable.of(location, failure);
    }
  }

  @Override
  public void close() {
    closing.run();
  }
}
