package io.dbimport.event;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.regex.Pattern;

/** How texts and instants are written in events. Stateless. */
final class Texts {
  private static final DateTimeFormatter INSTANT =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  /** The grammar of RFC 3339 §5.6; java.time's own takes years of ten digits and no seconds. */
  private static final Pattern RFC_3339 =
      Pattern.compile(
          "\\d{4}-\\d\\d-\\d\\d[Tt]\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?([Zz]|[+-]\\d\\d:\\d\\d)");

  private static final Instant FIRST = Instant.parse("0000-01-01T00:00:00Z");
  private static final Instant LAST = Instant.parse("9999-12-31T23:59:59.999999999Z");

  private Texts() {}

  /**
   * RFC 3339 in UTC with milliseconds. What lies outside the years 0 to 9999, which RFC 3339 cannot
   * write and a record's timestamp can hold, becomes the nearest instant within.
   */
  static String instant(Instant instant) {
    return INSTANT.format(instant.isBefore(FIRST) ? FIRST : instant.isAfter(LAST) ? LAST : instant);
  }

  /** The instant that this says in RFC 3339, with any offset; empty when it says none. */
  static Optional<Instant> instant(String text) {
    if (!RFC_3339.matcher(text).matches()) {
      return Optional.empty();
    }
    try {
      Instant instant = OffsetDateTime.parse(text).toInstant();
      return instant.isBefore(FIRST) || instant.isAfter(LAST)
          ? Optional.empty()
          : Optional.of(instant);
    } catch (DateTimeException noSuchDay) {
      return Optional.empty();
    }
  }

  /**
   * The text with ? for each half of a surrogate pair: JSON can write one as an escape, and then
   * strict readers (serde, PostgreSQL's jsonb) refuse the whole event.
   */
  static String wellFormed(String text) {
    return StandardCharsets.UTF_8.newEncoder().canEncode(text)
        ? text
        : new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
  }

  /** The text, or as much of its start as fits, with … at its end, never half a character. */
  static String cut(String text, int maxBytes) {
    if (text.length() <= maxBytes / 3 || text.getBytes(StandardCharsets.UTF_8).length <= maxBytes) {
      return text;
    }
    int bytes = 3;
    int end = 0;
    while (end < text.length()) {
      int codePoint = text.codePointAt(end);
      int width = codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
      if (bytes + width > maxBytes) {
        break;
      }
      bytes += width;
      end += Character.charCount(codePoint);
    }
    return text.substring(0, end) + "…";
  }
}
