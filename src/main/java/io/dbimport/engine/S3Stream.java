package io.dbimport.engine;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/**
 * The rest of one object from a position on. Where the connection breaks it is opened again there,
 * so that a reader that rests for longer than a service waits still reads on. Confined to its
 * reader.
 */
final class S3Stream extends InputStream {
  /** In a row without a byte between; each opening is tried several times by itself. */
  private static final int REOPENINGS = 3;

  /** Opens the same version of the object. */
  interface Opening {
    ResponseInputStream<GetObjectResponse> at(long position) throws IOException;
  }

  private final S3Location location;
  private final Opening opening;
  private final long end;
  private long position;
  private ResponseInputStream<GetObjectResponse> in;
  private boolean closed;

  /**
   * @param in opened at this position
   * @param end how long the object is
   */
  S3Stream(
      S3Location location,
      Opening opening,
      ResponseInputStream<GetObjectResponse> in,
      long position,
      long end) {
    this.location = location;
    this.opening = opening;
    this.in = in;
    this.position = position;
    this.end = end;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] bytes, int from, int length) throws IOException {
    Objects.checkFromIndexSize(from, length, bytes.length);
    if (closed) {
      throw new IOException("the stream is closed");
    }
    if (length == 0 || position >= end) {
      return length == 0 ? 0 : -1;
    }
    for (int broken = 0; ; broken++) {
      try {
        int read = in.read(bytes, from, (int) Math.min(length, end - position));
        if (read > 0) {
          position += read;
          return read;
        }
        // The JDK's client takes a connection that ends before the length for the end.
        throw new EOFException("the object broke off at byte %d of %d".formatted(position, end));
      } catch (SdkException failure) {
        throw S3Unusable.of(location, failure);
      } catch (IOException breakOff) {
        in.abort();
        if (broken == REOPENINGS || Thread.currentThread().isInterrupted()) {
          throw breakOff;
        }
        in = opening.at(position);
      }
    }
  }

  /** Hangs up on what was not read: a rest of gigabytes is not worth a connection. */
  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    if (position < end) {
      in.abort();
    } else {
      in.close();
    }
  }
}
