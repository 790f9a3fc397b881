package io.dbimport.client;

import io.helidon.common.buffers.DataReader;
import io.helidon.http.HeaderValues;
import io.helidon.http.Headers;
import io.helidon.http.Http1HeadersParser;
import io.helidon.http.Status;
import io.helidon.webclient.http1.Http1StatusParser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.LongConsumer;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * One form on its way to the storage. The answer is read while the form is sent: a storage that
 * refuses a file says so before it has all of it and closes, and clients that send first and read
 * then lose its answer. Used once, by a virtual thread that may be interrupted.
 *
 * @param to where the form goes
 * @param sent is told, on another thread, how many bytes of the file have gone out
 */
record UploadExchange(URI to, UploadForm form, LongConsumer sent) {
  private static final int MAX_STATUS_LINE_BYTES = 1 << 10;
  private static final int MAX_HEADERS_BYTES = 16 << 10;

  /**
   * What the storage said.
   *
   * @param body as much of it as came
   */
  record Answer(int status, String body) {
    boolean taken() {
      return status >= 200 && status < 300;
    }
  }

  /**
   * Sends the form and gives the answer. Blocks until there is one.
   *
   * @param ca certificates to trust; null for the system's
   * @throws IOException when there is no connection or no answer, or the form was not sent whole
   *     though the storage took it
   */
  Answer run(@Nullable Path ca, Duration connectTimeout) throws IOException, InterruptedException {
    SSLContext tls = "https".equalsIgnoreCase(to.getScheme()) ? Trust.context(ca) : null;
    try (Connections connections =
        new Connections(to, tls, connectTimeout, InetAddress::getAllByName)) {
      Connection connection = connections.take();
      FutureTask<Void> sending =
          new FutureTask<>(() -> {
            send(connection);
            return null;
          });
      Thread.ofVirtual().name("upload to " + to.getHost()).start(sending);
      try {
        Answer answer = answer(connection.reader());
        if (answer.taken()) {
          sending.get();
        }
        return answer;
      } catch (ExecutionException notSent) {
        throw new IOException(Poster.cause(notSent), notSent);
      } finally {
        connection.closeResource();
      }
    }
  }

  private void send(Connection connection) throws IOException {
    OutputStream out = connection.output();
    out.write(head().getBytes(StandardCharsets.US_ASCII));
    form.writeTo(out, sent);
  }

  /** A connection that is used once. */
  private String head() {
    String path = to.getRawPath() == null || to.getRawPath().isEmpty() ? "/" : to.getRawPath();
    return "POST "
        + (to.getRawQuery() == null ? path : path + "?" + to.getRawQuery())
        + " HTTP/1.1\r\nHost: "
        + (to.getPort() < 0 ? to.getHost() : to.getHost() + ":" + to.getPort())
        + "\r\nContent-Type: "
        + form.contentType()
        + "\r\nContent-Length: "
        + form.length()
        + "\r\nConnection: close\r\n\r\n";
  }

  private static Answer answer(DataReader in) throws IOException {
    try {
      Status status = Http1StatusParser.readStatus(in, MAX_STATUS_LINE_BYTES);
      Headers headers = Http1HeadersParser.readHeaders(in, MAX_HEADERS_BYTES, true);
      while (status.code() < 200) {
        status = Http1StatusParser.readStatus(in, MAX_STATUS_LINE_BYTES);
        headers = Http1HeadersParser.readHeaders(in, MAX_HEADERS_BYTES, true);
      }
      return new Answer(status.code(), status.code() == 204 ? "" : body(in, headers));
    } catch (DataReader.InsufficientDataAvailableException closed) {
      throw new IOException("the storage closed the connection without an answer", closed);
    } catch (RuntimeException broken) {
      throw new IOException(Poster.cause(broken), broken);
    }
  }

  /** Ends where it says, or with the connection. */
  private static String body(DataReader in, Headers headers) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    try {
      if (headers.containsToken(HeaderValues.TRANSFER_ENCODING_CHUNKED)) {
        for (int n = chunk(in); n > 0; n = chunk(in)) {
          take(in, n, body);
          in.skip(2);
        }
      } else {
        take(in, headers.contentLength().orElse(Long.MAX_VALUE), body);
      }
    } catch (DataReader.InsufficientDataAvailableException end) {
      return body.toString(StandardCharsets.UTF_8);
    }
    return body.toString(StandardCharsets.UTF_8);
  }

  private static int chunk(DataReader in) {
    return Integer.parseInt(in.readLine().replaceAll(";.*", "").strip(), 16);
  }

  private static void take(DataReader in, long bytes, ByteArrayOutputStream to) throws IOException {
    for (long left = bytes; left > 0; ) {
      in.ensureAvailable();
      byte[] part = in.readBytes((int) Math.min(left, in.available()));
      to.write(part);
      left -= part.length;
      if (to.size() > Poster.MAX_BODY_BYTES) {
        throw new IOException("an answer of more than " + Poster.MAX_BODY_BYTES + " bytes");
      }
    }
  }
}
