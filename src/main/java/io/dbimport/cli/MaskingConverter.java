package io.dbimport.cli;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.pattern.CompositeConverter;

/**
 * {@code %mask(…)} in a Logback pattern: the whole line, stack trace included, without secrets.
 * Thread-safe.
 */
public final class MaskingConverter extends CompositeConverter<ILoggingEvent> {
  @Override
  protected String transform(ILoggingEvent event, String line) {
    return Masking.mask(line);
  }
}
