package io.dbimport.server;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which bytes of a file a {@code Range} header asks for (RFC 9110, 14.2). Immutable.
 *
 * @param first the first byte, from 0
 * @param count how many bytes; 0 when the file has none of them
 */
record ByteRange(long first, long count) {
  private static final Pattern SINGLE = Pattern.compile("bytes=(\\d{0,18})-(\\d{0,18})");

  /**
   * The range of a file of this length; empty when the header asks for none, for several or for
   * what is no range: the whole file is the answer then.
   */
  static Optional<ByteRange> of(String header, long length) {
    Matcher parts = SINGLE.matcher(header.strip());
    if (!parts.matches() || header.strip().equals("bytes=-")) {
      return Optional.empty();
    }
    if (parts.group(1).isEmpty()) {
      long count = Math.min(length, Long.parseLong(parts.group(2)));
      return Optional.of(new ByteRange(length - count, count));
    }
    long first = Long.parseLong(parts.group(1));
    long last = parts.group(2).isEmpty() ? Long.MAX_VALUE : Long.parseLong(parts.group(2));
    if (last < first) {
      return Optional.empty();
    }
    return Optional.of(new ByteRange(first, Math.max(0, Math.min(last, length - 1) - first + 1)));
  }
}
