package io.dbimport.client;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/**
 * Reads the list of what a job refused, entry by entry: memory does not grow with it. Whoever
 * answers is not trusted: no redirect is followed, no token is sent, and the length of a line, that
 * of the list, each wait and all waits together are bounded. Thread-safe.
 */
public final class FailureListClient implements AutoCloseable {
  private static final long MAX_BYTES = 1L << 30;

  /** What is waited for at most: between two bytes, and in all. */
  record Patience(Duration stall, Duration all) {
    static final Patience USUAL = new Patience(Duration.ofSeconds(30), Duration.ofMinutes(10));
  }

  /** Takes a list's entries in turn. */
  public interface Entries {
    /**
     * One more.
     *
     * @param line the entry as it came, without a line break
     * @return whether another is wanted
     */
    boolean take(FailureEntry entry, byte[] line) throws IOException;
  }

  private final HttpClient http;
  private final Duration answerWithin;
  private final Patience patience;
  private final long maxBytes;

  public FailureListClient(ClientSettings settings) {
    this(settings, Patience.USUAL, MAX_BYTES);
  }

  FailureListClient(ClientSettings settings, Patience patience, long maxBytes) {
    this.answerWithin = settings.timeout();
    this.patience = patience;
    this.maxBytes = maxBytes;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(settings.timeout())
            .sslContext(Trust.context(settings.ca()))
            .build();
  }

  /**
   * Reads a list until its end or until no more is wanted. Blocks at most 10 minutes, besides the
   * time that the entries' taker needs.
   *
   * @throws IOException as the taker throws it
   * @throws InterruptedException when the calling thread is interrupted
   */
  public FailureListReply read(FailureLink link, Entries entries)
      throws IOException, InterruptedException {
    Optional<URI> url = link.url();
    if (url.isEmpty()) {
      return new FailureListReply.Broken("the API's link to it is no address of HTTP");
    }
    String address = UploadLink.address(url.get());
    HttpResponse<InputStream> response;
    try {
      response =
          http.send(
              HttpRequest.newBuilder(url.get()).timeout(answerWithin).build(),
              BodyHandlers.ofInputStream());
    } catch (IOException | IllegalArgumentException unreachable) {
      return new FailureListReply.Broken("no answer from " + address + ": " + cause(unreachable));
    }
    try (TimedInput in = new TimedInput(response.body(), patience)) {
      return response.statusCode() == 200
          ? entries(in, address, entries)
          : new FailureListReply.Broken(refusal(response.statusCode(), address, in));
    }
  }

  private FailureListReply entries(TimedInput in, String address, Entries entries)
      throws IOException {
    BoundedLines lines = new BoundedLines(in, maxBytes);
    for (long count = 0; ; count++) {
      Optional<byte[]> line;
      try {
        line = lines.next();
      } catch (IOException broken) {
        return broken(address, count, cause(broken));
      }
      if (line.isEmpty()) {
        return new FailureListReply.Whole();
      }
      Optional<FailureEntry> entry = FailureEntry.of(line.get());
      if (entry.isEmpty()) {
        return broken(address, count, "its next line tells no refused record");
      }
      if (!entries.take(entry.get(), line.get())) {
        return new FailureListReply.Enough();
      }
    }
  }

  private static FailureListReply broken(String address, long count, String why) {
    return new FailureListReply.Broken("%s gave %,d of them: %s".formatted(address, count, why));
  }

  private static String refusal(int status, String address, InputStream in) {
    String code;
    try {
      byte[] body = in.readNBytes(Poster.MAX_BODY_BYTES);
      code = UploadClient.codeIn(new String(body, StandardCharsets.UTF_8));
    } catch (IOException noMore) {
      code = "";
    }
    return (address + " answers HTTP " + status + " " + code).strip();
  }

  /** Its own text alone: those of others may quote the link. */
  private static String cause(Exception failure) {
    return failure instanceof OutOfBounds late
        ? String.valueOf(late.getMessage())
        : Poster.cause(failure);
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
