package io.dbimport.engine;

import io.dbimport.fixtures.S3Fixture;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import software.amazon.awssdk.services.s3.S3Client;

/** The storage in a bucket: what every storage keeps, whatever the connection does meanwhile. */
final class S3StorageTest extends StorageContract {
  private final S3Client client = S3Fixture.client();
  private String bucket;
  private S3Storage storage;

  @BeforeEach
  void open() throws IOException {
    bucket = S3Fixture.freshBucket();
    storage =
        S3Storage.open(
            S3Location.of("s3://" + bucket + "/up/loads", S3Fixture.endpoint()), _ -> {});
  }

  @AfterEach
  void close() {
    storage.close();
  }

  @Override
  Storage storage() {
    return storage;
  }

  @Override
  int filesHeld() {
    return (int) client.listObjectsV2Paginator(r -> r.bucket(bucket)).contents().stream().count()
        + uploadsUnderWay();
  }

  private int uploadsUnderWay() {
    return client.listMultipartUploads(r -> r.bucket(bucket)).uploads().size();
  }
}
