package io.dbimport.client;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import javax.net.ssl.SSLException;

/** What a failure of files or the network means, for people: no names of types. Stateless. */
public final class PlainWords {
  private PlainWords() {}

  /** The failure alone, without what caused it; which file it is about is for the caller to say. */
  public static String of(Throwable failure) {
    String text = failure.getMessage() == null ? "" : failure.getMessage();
    return switch (failure) {
      case UnknownHostException _ -> "no address is known for the host " + hostIn(text);
      case UnresolvedAddressException _ -> "no address is known for the host";
      case ConnectException _ -> text.isEmpty() ? "no connection" : text;
      case SocketTimeoutException _ -> "no answer in time";
      case NoSuchFileException _ -> "it is not there";
      case AccessDeniedException _ -> "it may not be read or written";
      case FileSystemException file when file.getReason() != null -> file.getReason();
      case CharacterCodingException _ -> "it is not UTF-8";
      case SSLException _ when text.contains("PKIX") -> "its certificate is not trusted; " + text;
      case SSLException _ -> "no secure connection; " + text;
      case IOException _ when !text.isEmpty() -> text;
      // Of these nobody knows whose words they have, or what they quote.
      default -> "a failure of the kind " + failure.getClass().getSimpleName();
    };
  }

  /** Java says "name: Name or service not known", or the name alone. */
  private static String hostIn(String text) {
    int colon = text.indexOf(": ");
    return colon < 0 ? text : text.substring(0, colon);
  }
}
