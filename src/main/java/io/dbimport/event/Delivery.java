package io.dbimport.event;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request as it came; whoever holds it must settle it. Immutable by use: nobody changes its
 * bytes.
 */
public final class Delivery {
  private final Source source;
  private final Instant timestamp;
  private final byte @Nullable [] key;
  private final byte @Nullable [] value;
  private final List<Header> headers;

  /** Takes the bytes as they are. */
  public Delivery(
      Source source,
      Instant timestamp,
      byte @Nullable [] key,
      byte @Nullable [] value,
      List<Header> headers) {
    this.source = source;
    this.timestamp = timestamp;
    this.key = key;
    this.value = value;
    this.headers = List.copyOf(headers);
  }

  public Source source() {
    return source;
  }

  /** When the producer, or the broker, says that the request was made: {@code requested_at}. */
  public Instant timestamp() {
    return timestamp;
  }

  public byte @Nullable [] key() {
    return key;
  }

  public byte @Nullable [] value() {
    return value;
  }

  public List<Header> headers() {
    return headers;
  }

  /** What it weighs in memory: key, value and headers, in bytes. */
  public long sizeBytes() {
    long size = 64;
    size += key == null ? 0 : key.length;
    size += value == null ? 0 : value.length;
    for (Header header : headers) {
      byte[] bytes = header.value();
      size += header.name().length() + (bytes == null ? 0 : bytes.length);
    }
    return size;
  }

  /** Where it lies; never its content, which may hold a secret. */
  @Override
  public String toString() {
    return source.toString();
  }
}
