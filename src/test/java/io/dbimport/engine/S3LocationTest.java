package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class S3LocationTest {
  @ParameterizedTest
  @CsvSource({
    "s3://abc, abc, ''",
    "s3://abc/, abc, ''",
    "s3://a.b-1/in, a.b-1, in/",
    "s3://abc/in/漢 字/, abc, in/漢 字/"
  })
  void aPrefixIsAFolder(String name, String bucket, String prefix) {
    assertThat(S3Location.of(name, null)).isEqualTo(new S3Location(bucket, prefix, null));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "abc",
        "s3:abc",
        "s3://",
        "s3://ab",
        "s3://ABC",
        "s3://a_bc",
        "s3://abc-",
        "s3://a:b@abc",
        "s3://abc//",
        "s3://abc//in",
        "s3://abc/../in",
        "s3://abc/in/.",
        "s3://abc/a\nb"
      })
  void whatIsNoNameIsRefused(String name) {
    assertThatThrownBy(() -> S3Location.of(name, null))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "http://localhost:9000, true, http://localhost:9000",
    "https://abc.cos.ap-guangzhou.myqcloud.com, false, https://cos.ap-guangzhou.myqcloud.com",
    "https://abc.example:8443/s3, false, https://example:8443/s3",
    "https://abcd.example, true, https://abcd.example"
  })
  void anEndpointThatBeginsWithTheBucketIsCalledByItsName(
      URI endpoint, boolean inThePath, URI service) {
    S3Location location = S3Location.of("s3://abc/in", endpoint);

    assertThat(location.pathStyle()).isEqualTo(inThePath);
    assertThat(location.service()).isEqualTo(service);
  }

  @Test
  void withoutAnEndpointItIsAws() {
    S3Location location = S3Location.of("s3://abc/in", null);

    assertThat(location.pathStyle()).isFalse();
    assertThat(location.service()).isNull();
    assertThat(location.spoken()).isEqualTo("the bucket abc at AWS");
  }
}
