package io.dbimport.engine;

import io.dbimport.engine.S3Storage.Patience;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;

/**
 * One stream on its way to one object: in one request when it fits, else in parts, which are
 * nothing until the last call makes them an object. Confined to one call.
 */
final class S3Upload implements Closeable {
  /** The name of the metadata that tells one object under a key from the next. */
  static final String VERSION = "dbimport-version";

  /** What S3 takes. */
  static final int MAX_PARTS = 10_000;

  private static final long FIRST_PART_BYTES = 8L << 20;

  /** Some services put the parts together before they answer. */
  private static final Duration COMPLETION = Duration.ofMinutes(10);

  /** Looks whether an object of this version lies under the key. */
  interface Look {
    boolean isStored(String version) throws IOException;
  }

  private final S3Client client;
  private final S3Location location;
  private final String key;
  private final Patience patience;
  private final String version = UUID.randomUUID().toString();
  private final S3Part part;

  S3Upload(S3Client client, S3Location location, String key, Patience patience) throws IOException {
    this.client = client;
    this.location = location;
    this.key = key;
    this.patience = patience;
    this.part = S3Part.open(Path.of(System.getProperty("java.io.tmpdir")));
  }

  /**
   * How long a part is at most. A stream does not say how long it is: the first thousand parts are
   * short, each thousand after them is twice as long, and all together hold 8 TB.
   *
   * @param number from 1
   */
  static long partBytes(int number) {
    return FIRST_PART_BYTES << ((number - 1) / 1000);
  }

  /** Stores all of it and returns its length. */
  long store(InputStream body, Look look) throws IOException {
    part.fill(body, partBytes(1));
    if (part.length() < partBytes(1)) {
      put();
      return part.length();
    }
    String id = begin();
    boolean whole = false;
    try {
      long length = 0;
      List<CompletedPart> sent = new ArrayList<>();
      while (part.length() > 0) {
        sent.add(send(id, sent.size() + 1));
        length += part.length();
        part.fill(body, sent.size() == MAX_PARTS ? 1 : partBytes(sent.size() + 1));
        if (sent.size() == MAX_PARTS && part.length() > 0) {
          throw new IOException("the file is longer than " + MAX_PARTS + " parts of an object");
        }
      }
      complete(id, sent, look);
      whole = true;
      return length;
    } finally {
      if (!whole) {
        abort(id);
      }
    }
  }

  private void put() throws IOException {
    call(() ->
        client.putObject(
            r ->
                r.bucket(location.bucket())
                    .key(key)
                    .metadata(Map.of(VERSION, version))
                    .contentMD5(part.md5())
                    .overrideConfiguration(this::forPart),
            part.body()));
  }

  private String begin() throws IOException {
    return call(() ->
            client.createMultipartUpload(r ->
                r.bucket(location.bucket())
                    .key(key)
                    .contentType("application/octet-stream")
                    .metadata(Map.of(VERSION, version))))
        .uploadId();
  }

  private CompletedPart send(String id, int number) throws IOException {
    String tag =
        call(() ->
                client.uploadPart(
                    r ->
                        r.bucket(location.bucket())
                            .key(key)
                            .uploadId(id)
                            .partNumber(number)
                            .contentMD5(part.md5())
                            .overrideConfiguration(this::forPart),
                    part.body()))
            .eTag();
    return CompletedPart.builder().partNumber(number).eTag(tag).build();
  }

  private void forPart(AwsRequestOverrideConfiguration.Builder request) {
    Patience longer = patience.with(part.length());
    request.apiCallAttemptTimeout(longer.attempt()).apiCallTimeout(longer.call());
  }

  /** An answer may be lost, and the same call again finds no upload: then the object tells. */
  private void complete(String id, List<CompletedPart> sent, Look look) throws IOException {
    try {
      call(() ->
          client.completeMultipartUpload(r ->
              r.bucket(location.bucket())
                  .key(key)
                  .uploadId(id)
                  .multipartUpload(m -> m.parts(sent))
                  .overrideConfiguration(
                      c -> c.apiCallAttemptTimeout(COMPLETION).apiCallTimeout(COMPLETION))));
    } catch (IOException unsure) {
      if (!isStored(look, unsure)) {
        throw unsure;
      }
    }
  }

  private boolean isStored(Look look, IOException unsure) {
    try {
      return look.isStored(version);
    } catch (IOException unknown) {
      unsure.addSuppressed(unknown);
      return false;
    }
  }

  /**
   * As far as it can be: what ends the upload matters more, and what stays is removed after a day.
   * A thread that was interrupted calls nothing, so it is not for as long.
   */
  private void abort(String id) {
    boolean interrupted = Thread.interrupted();
    try {
      client.abortMultipartUpload(r -> r.bucket(location.bucket()).key(key).uploadId(id));
    } catch (SdkException stays) {
      // Said above.
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private <T> T call(Supplier<T> call) throws IOException {
    try {
      return call.get();
    } catch (SdkException failure) {
      throw S3Unusable.of(location, failure);
    }
  }

  @Override
  public void close() throws IOException {
    part.close();
  }
}
