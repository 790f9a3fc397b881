package io.dbimport.engine;

import java.io.IOException;
import java.io.InterruptedIOException;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.ApiCallAttemptTimeoutException;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** The object storage does not do what it was asked for. Immutable. */
public final class S3Unusable extends IOException {
  private static final long serialVersionUID = 1L;

  /** Why, as far as somebody can do something about it. */
  public enum Reason {
    NO_BUCKET,
    NO_CREDENTIALS,
    NO_ACCESS,
    UNREACHABLE,
    OTHER
  }

  private final Reason reason;

  S3Unusable(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }

  /**
   * What a failure of the client means. Of the service's own words only the code is told: the rest
   * may hold anything.
   */
  static IOException of(S3Location location, SdkException failure) {
    return switch (failure) {
      case AbortedException _ ->
          new InterruptedIOException("a call of the object storage was interrupted");
      case SdkServiceException refused -> refused(location, refused);
      case ApiCallTimeoutException _, ApiCallAttemptTimeoutException _ ->
          new S3Unusable(
              Reason.UNREACHABLE, location.spoken() + " does not answer in time", failure);
      default -> {
        Throwable root = rootOf(failure);
        yield root instanceof IOException
            ? new S3Unusable(
                Reason.UNREACHABLE, location.spoken() + " cannot be reached: " + root, failure)
            : new S3Unusable(Reason.OTHER, location.spoken() + " cannot be used: " + root, failure);
      }
    };
  }

  private static S3Unusable refused(S3Location location, SdkServiceException refused) {
    int status = refused.statusCode();
    String code = code(refused);
    if (code.equals("NoSuchBucket")) {
      return new S3Unusable(
          Reason.NO_BUCKET, "there is no such bucket: " + location.spoken(), refused);
    }
    Reason reason = status == 401 || status == 403 ? Reason.NO_ACCESS : Reason.OTHER;
    return new S3Unusable(
        reason, "%s refuses: %s (HTTP %d)".formatted(location.spoken(), code, status), refused);
  }

  /** The code of an error, or "no code". */
  static String code(SdkServiceException refused) {
    String code =
        refused instanceof S3Exception s3 && s3.awsErrorDetails() != null
            ? s3.awsErrorDetails().errorCode()
            : null;
    return code != null && code.matches("[A-Za-z0-9._-]{1,80}") ? code : "no code";
  }

  private static Throwable rootOf(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }
}
