package io.dbimport.client;

import java.io.IOException;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.Flow;
import java.util.function.LongConsumer;

/**
 * The form that object storage takes: its fields in the order of the API's page, the file last. The
 * file is read as it is sent. Immutable.
 *
 * @param boundary between the parts
 * @param body the parts
 */
record UploadForm(String boundary, BodyPublisher body) {

  /**
   * A form for this file.
   *
   * @param sent is told how many bytes of the file were handed to the connection so far
   * @throws IOException when the file is not there
   */
  static UploadForm of(UploadLink link, String path, Path file, LongConsumer sent)
      throws IOException {
    String boundary = "dbimport-" + UUID.randomUUID();
    StringBuilder head = new StringBuilder();
    field(head, boundary, "key", path);
    field(head, boundary, "Signature", link.authorization());
    field(head, boundary, "x-cos-security-token", link.token());
    field(head, boundary, "x-cos-meta-fileid", link.cosFileId());
    head.append("--").append(boundary).append("\r\n");
    head.append("Content-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n");
    head.append("Content-Type: application/octet-stream\r\n\r\n");
    return new UploadForm(
        boundary,
        BodyPublishers.concat(
            BodyPublishers.ofString(head.toString(), StandardCharsets.UTF_8),
            new Counted(BodyPublishers.ofFile(file), sent),
            BodyPublishers.ofString("\r\n--" + boundary + "--\r\n", StandardCharsets.UTF_8)));
  }

  private static void field(StringBuilder form, String boundary, String name, String value) {
    form.append("--").append(boundary).append("\r\n");
    form.append("Content-Disposition: form-data; name=\"").append(name).append("\"\r\n\r\n");
    form.append(value).append("\r\n");
  }

  /** A body that says how much of it was taken. Thread-safe as the body it counts. */
  private record Counted(BodyPublisher body, LongConsumer sent) implements BodyPublisher {
    @Override
    public long contentLength() {
      return body.contentLength();
    }

    @Override
    public void subscribe(Flow.Subscriber<? super ByteBuffer> subscriber) {
      body.subscribe(
          new Flow.Subscriber<ByteBuffer>() {
            private long bytes;

            @Override
            public void onSubscribe(Flow.Subscription subscription) {
              subscriber.onSubscribe(subscription);
            }

            @Override
            public void onNext(ByteBuffer buffer) {
              bytes += buffer.remaining();
              subscriber.onNext(buffer);
              sent.accept(bytes);
            }

            @Override
            public void onError(Throwable failure) {
              subscriber.onError(failure);
            }

            @Override
            public void onComplete() {
              subscriber.onComplete();
            }
          });
    }
  }

  /** The header that goes with the body. */
  String contentType() {
    return "multipart/form-data; boundary=" + boundary;
  }
}
