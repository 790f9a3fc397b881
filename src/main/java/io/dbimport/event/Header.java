package io.dbimport.event;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One header of a record: a name and bytes, which may be null as Kafka allows. Immutable by use.
 */
public final class Header {
  private final String name;
  private final byte @Nullable [] value;

  /** Takes the bytes as they are; the caller must not change them afterwards. */
  public Header(String name, byte @Nullable [] value) {
    this.name = name;
    this.value = value;
  }

  /** A header with this text in UTF-8. */
  public static Header of(String name, String text) {
    return new Header(name, text.getBytes(StandardCharsets.UTF_8));
  }

  public String name() {
    return name;
  }

  /** The bytes themselves, not a copy. */
  public byte @Nullable [] value() {
    return value;
  }

  /** The bytes read as UTF-8; empty when there are none. */
  public String text() {
    return value == null ? "" : new String(value, StandardCharsets.UTF_8);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Header that
        && name.equals(that.name)
        && Arrays.equals(value, that.value);
  }

  @Override
  public int hashCode() {
    return 31 * name.hashCode() + Arrays.hashCode(value);
  }

  /** The name alone: a value may hold a secret. */
  @Override
  public String toString() {
    return name;
  }
}
