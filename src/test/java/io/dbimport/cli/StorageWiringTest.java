package io.dbimport.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dbimport.cli.SettingsReader.Reading;
import io.dbimport.engine.QuotaStorage.QuotaExceeded;
import io.dbimport.engine.Storage;
import io.dbimport.fixtures.S3Fixture;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** From the settings to a bucket, and what somebody is told to change when it cannot be used. */
class StorageWiringTest {
  private static Storage storage(String bucket, String endpoint, String... more) {
    Map<String, String> environment = new HashMap<>();
    environment.put("DBIMPORT_STORAGE", "s3://" + bucket + "/uploads");
    environment.put("DBIMPORT_STORAGE_ENDPOINT", endpoint);
    for (int i = 0; i < more.length; i += 2) {
      environment.put(more[i], more[i + 1]);
    }
    return Wiring.storage(
        ((Reading.Good) SettingsReader.read(Map.of(), environment, null)).settings());
  }

  private static InputStream bytes(int count) {
    return new ByteArrayInputStream(new byte[count]);
  }

  @Test
  void uploadsGoIntoTheBucketUnderItsPrefixAndCountForTheQuota() throws IOException {
    String bucket = S3Fixture.freshBucket();
    try (Storage storage =
        storage(bucket, S3Fixture.endpoint().toString(), "DBIMPORT_STORAGE_QUOTA", "100")) {
      assertThat(storage.store("env", "f", bytes(60))).isEqualTo(60);
      assertThatThrownBy(() -> storage.store("env", "g", bytes(60)))
          .isInstanceOf(QuotaExceeded.class);
    }
    assertThat(S3Fixture.client().listObjectsV2(r -> r.bucket(bucket)).contents())
        .singleElement()
        .satisfies(object -> assertThat(object.key()).isEqualTo("uploads/env/f"));
  }

  @Test
  void theKeyThatIsUsedIsMaskedWhereverItStands() {
    storage(S3Fixture.freshBucket(), S3Fixture.endpoint().toString()).close();

    assertThat(Masking.mask("a line with " + S3Fixture.SECRET + " in it"))
        .isEqualTo("a line with *** in it");
  }

  @Test
  void aBucketThatIsNotThereIsSaidWithItsSetting() {
    assertThatThrownBy(() -> storage("absent-bucket", S3Fixture.endpoint().toString()))
        .isInstanceOf(CommandFailed.class)
        .hasMessageContaining("DBIMPORT_STORAGE: there is no such bucket: the bucket absent-bucket")
        .hasMessageContaining(S3Fixture.endpoint().toString());
  }

  @Test
  void aServiceThatIsNotThereIsSaidWithItsSetting() throws IOException {
    String nobody;
    try (ServerSocket port = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = "http://127.0.0.1:" + port.getLocalPort();
    }
    assertThat(S3Fixture.endpoint()).as("its credentials are there").isNotNull();

    assertThatThrownBy(() -> storage("bucket", nobody))
        .isInstanceOf(CommandFailed.class)
        .hasMessageContaining("DBIMPORT_STORAGE_ENDPOINT: the bucket bucket at " + nobody)
        .hasMessageContaining("cannot be reached: java.net.ConnectException");
  }
}
