package io.dbimport.client;

import java.net.URI;
import java.util.Optional;

/**
 * Where the list of what a job refused can be had, by whoever holds it. Immutable; never prints
 * what gives access.
 *
 * @param text as the API gave it; empty when there is no list
 */
public record FailureLink(String text) {
  /** There is no list. */
  public static final FailureLink NONE = new FailureLink("");

  /** Whether the API says that there is a list. */
  public boolean offered() {
    return !text.isBlank();
  }

  /** The address to follow; empty when the text is none of HTTP. */
  Optional<URI> url() {
    return UploadLink.http(text).filter(url -> url.getRawUserInfo() == null);
  }

  @Override
  public String toString() {
    return "FailureLink[" + url().map(UploadLink::address).orElse("") + "]";
  }
}
