package io.dbimport.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/** Answers that end as if they were whole, before they are. */
class S3StreamTest {
  private static final S3Location LOCATION = S3Location.of("s3://abc", null);

  private static ResponseInputStream<GetObjectResponse> piece(String text) {
    return new ResponseInputStream<>(
        GetObjectResponse.builder().build(),
        AbortableInputStream.create(
            new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8))));
  }

  @Test
  void anAnswerThatEndsTooEarlyIsAskedForAgainFromThere() throws IOException {
    List<Long> opened = new ArrayList<>();
    S3Stream.Opening opening =
        at -> {
          opened.add(at);
          return piece("0123456789".substring((int) at, (int) Math.min(10, at + 4)));
        };
    try (S3Stream in = new S3Stream(LOCATION, opening, opening.at(1), 1, 10)) {
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo("123456789");
    }
    assertThat(opened).containsExactly(1L, 5L, 9L);
  }

  @Test
  void anAnswerThatNeverGoesOnIsAskedForAFewTimes() throws IOException {
    List<Long> opened = new ArrayList<>();
    S3Stream.Opening opening =
        at -> {
          opened.add(at);
          return piece(at == 0 ? "0" : "");
        };
    try (S3Stream in = new S3Stream(LOCATION, opening, opening.at(0), 0, 10)) {
      assertThat(in.read()).isEqualTo('0');
      assertThatThrownBy(in::read)
          .isInstanceOf(EOFException.class)
          .hasMessage("the object broke off at byte 1 of 10");
    }
    assertThat(opened).containsExactly(0L, 1L, 1L, 1L);
  }
}
