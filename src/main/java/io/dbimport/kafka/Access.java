package io.dbimport.kafka;

import java.util.Optional;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;

/** Tells what Kafka does not allow from all else that goes wrong. Stateless. */
final class Access {
  private Access() {}

  /** What is not allowed; the clients wrap it in whatever their state calls for. */
  static Optional<ApiException> denial(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof AuthorizationException || cause instanceof AuthenticationException) {
        return Optional.of((ApiException) cause);
      }
    }
    return Optional.empty();
  }

  static boolean denied(Throwable failure) {
    return denial(failure).isPresent();
  }
}
