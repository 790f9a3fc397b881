package io.dbimport.client;

import io.helidon.common.buffers.DataReader;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.webclient.http1.Http1Client;
import io.helidon.webclient.http1.Http1ClientRequest;
import io.helidon.webclient.http1.Http1ClientResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import javax.net.ssl.SSLContext;

/**
 * Sends one request once: no redirect is followed, nothing is sent again, and one deadline covers
 * all of it, from the name's resolution to the last byte of the answer. Thread-safe.
 */
final class Poster implements AutoCloseable {
  /** Longer answers are no answers of this API. */
  static final int MAX_BODY_BYTES = 64 << 10;

  private enum Stage {
    CONNECTING,
    SENDING,
    ENDED,
    OUT_OF_TIME
  }

  /**
   * How far a call is. Shared by its thread and its deadline.
   *
   * @param stage where it is now
   * @param reached CONNECTING or SENDING, whatever became of it
   */
  private record Progress(
      long beganNanos, AtomicReference<Stage> stage, AtomicReference<Stage> reached) {}

  private final String address;
  private final String basePath;
  private final Duration timeout;
  private final Http1Client http;
  private final Connections connections;
  private final LongSupplier nanoTime;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final ScheduledThreadPoolExecutor deadlines =
      new ScheduledThreadPoolExecutor(
          1, Thread.ofPlatform().daemon().name("call-deadlines").factory());

  Poster(ClientSettings settings) {
    this(settings, System::nanoTime);
  }

  /** The clock is asked when a call begins and right before its first byte. */
  Poster(ClientSettings settings, LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    URI url = settings.url();
    this.address = url.getHost() + (url.getPort() < 0 ? "" : ":" + url.getPort());
    this.basePath = url.getRawPath() == null ? "" : url.getRawPath().replaceAll("/+$", "");
    this.timeout = settings.timeout();
    SSLContext context = url.getScheme().equals("https") ? Trust.context(settings.ca()) : null;
    this.connections = new Connections(url, context, timeout, InetAddress::getAllByName);
    // The deadline ends a call; a read timeout of the same length would only race with it.
    this.http =
        Http1Client.builder()
            .baseUri(url.getScheme() + "://" + url.getAuthority())
            .readTimeout(timeout.plusSeconds(5))
            .followRedirects(false)
            .build();
    this.deadlines.setRemoveOnCancelPolicy(true);
  }

  /** Host and port, for people. */
  String address() {
    return address;
  }

  /** The clock that a call's beginning is read from. */
  long nanoTime() {
    return nanoTime.getAsLong();
  }

  /**
   * Sends the request and waits for the answer, until the timeout has passed since the call began.
   *
   * @param beganNanos {@link #nanoTime()} then
   * @throws InterruptedException when the calling thread is interrupted by somebody else
   */
  Exchange exchange(Outgoing request, long beganNanos) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException("interrupted before a call to " + address);
    }
    if (Thread.currentThread().isVirtual()) {
      return withDeadline(request, beganNanos);
    }
    // Only a virtual thread can be interrupted out of socket reads.
    var result = threads.submit(() -> withDeadline(request, beganNanos));
    try {
      return result.get();
    } catch (InterruptedException stopped) {
      result.cancel(true);
      throw stopped;
    } catch (ExecutionException bug) {
      throw new IllegalStateException("a call to " + address + " failed", bug.getCause());
    }
  }

  private Exchange withDeadline(Outgoing request, long beganNanos) throws InterruptedException {
    AtomicReference<Stage> stage = new AtomicReference<>(Stage.CONNECTING);
    AtomicReference<Stage> reached = new AtomicReference<>(Stage.CONNECTING);
    Thread caller = Thread.currentThread();
    var deadline =
        deadlines.schedule(
            () -> {
              Stage last = stage.getAndUpdate(s -> s == Stage.ENDED ? s : Stage.OUT_OF_TIME);
              if (last != Stage.ENDED) {
                caller.interrupt();
              }
            },
            timeout.toNanos() - (nanoTime.getAsLong() - beganNanos),
            TimeUnit.NANOSECONDS);
    Exchange exchange;
    try {
      exchange = send(request, new Progress(beganNanos, stage, reached));
    } finally {
      deadline.cancel(false);
    }
    boolean inTime = stage.getAndSet(Stage.ENDED) != Stage.OUT_OF_TIME;
    if (inTime) {
      if (!(exchange instanceof Exchange.Answer) && Thread.interrupted()) {
        throw new InterruptedException("a call to " + address + " was interrupted");
      }
      return exchange;
    }
    // The deadline's interrupt is on its way or here: it must not meet what this thread does next.
    while (!Thread.interrupted()) {
      Thread.onSpinWait();
    }
    if (exchange instanceof Exchange.Answer) {
      return exchange;
    }
    String why = "no answer from " + address + " within " + timeout.toMillis() + " ms";
    return reached.get() == Stage.CONNECTING
        ? new Exchange.NotSent("no connection to " + address + " within the same time: " + why)
        : new Exchange.NoAnswer(why);
  }

  private Exchange send(Outgoing request, Progress progress) {
    Connection connection;
    try {
      connection = connections.take();
    } catch (IOException | RuntimeException noConnection) {
      return new Exchange.NotSent("no connection to " + address + ": " + cause(noConnection));
    }
    // A process that was frozen must not send when it wakes: its timer may not have run yet.
    if (!progress.stage().compareAndSet(Stage.CONNECTING, Stage.SENDING)
        || nanoTime.getAsLong() - progress.beganNanos() > timeout.toNanos()) {
      connection.closeResource();
      return new Exchange.NotSent("out of time before anything was sent to " + address);
    }
    progress.reached().set(Stage.SENDING);
    try (Http1ClientResponse response =
        request.get()
            ? prepared(request, connection).request()
            : prepared(request, connection)
                .header(HeaderValues.CONTENT_TYPE_JSON)
                .submit(request.body())) {
      byte[] answer = read(response, connection);
      if (answer.length > MAX_BODY_BYTES) {
        connection.closeResource();
        return new Exchange.NoAnswer(
            address + " answered more than " + MAX_BODY_BYTES + " bytes, status " + code(response));
      }
      return new Exchange.Answer(
          code(response),
          response.headers().first(HeaderNames.RETRY_AFTER).orElse(null),
          new String(answer, StandardCharsets.UTF_8));
    } catch (RuntimeException | IOException broken) {
      connection.closeResource();
      return new Exchange.NoAnswer("the call to " + address + " broke: " + cause(broken));
    }
  }

  /** Helidon takes a question mark for a part of the path, and encodes it. */
  private Http1ClientRequest prepared(Outgoing request, Connection connection) {
    int end = request.path().indexOf('?');
    String path = basePath + (end < 0 ? request.path() : request.path().substring(0, end));
    Http1ClientRequest prepared = request.get() ? http.get(path) : http.post(path);
    if (end >= 0) {
      for (String parameter : request.path().substring(end + 1).split("&", -1)) {
        int value = parameter.indexOf('=');
        prepared.queryParam(
            decoded(value < 0 ? parameter : parameter.substring(0, value)),
            value < 0 ? "" : decoded(parameter.substring(value + 1)));
      }
    }
    if (request.token() != null) {
      prepared.queryParam("access_token", request.token());
    }
    if (request.authorization() != null) {
      prepared.header(HeaderNames.AUTHORIZATION, request.authorization());
    }
    return prepared.connection(connection).header(HeaderValues.ACCEPT_JSON);
  }

  private static String decoded(String encoded) {
    return URLDecoder.decode(encoded, StandardCharsets.UTF_8);
  }

  private static int code(Http1ClientResponse response) {
    return response.status().code();
  }

  private static byte[] read(Http1ClientResponse response, Connection connection)
      throws IOException {
    if (!response.entity().hasEntity()) {
      return new byte[0];
    }
    // Not closed here: its close reads what is left of the body. The response's close does not.
    InputStream in = response.entity().inputStream();
    if (response.headers().contains(HeaderNames.CONTENT_LENGTH)
        || response.headers().contains(HeaderNames.TRANSFER_ENCODING)) {
      return in.readNBytes(MAX_BODY_BYTES + 1);
    }
    byte[] body = readToTheEnd(in);
    connection.closeResource();
    return body;
  }

  /** A body that ends with its connection, where Helidon's stream throws. */
  private static byte[] readToTheEnd(InputStream in) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    byte[] block = new byte[8192];
    try {
      for (int n = 0; n >= 0 && body.size() <= MAX_BODY_BYTES; n = in.read(block)) {
        body.write(block, 0, n);
      }
    } catch (DataReader.InsufficientDataAvailableException end) {
      return body.toByteArray();
    }
    return body.toByteArray();
  }

  /** The innermost reason: the outer texts are Helidon's own and may quote the request. */
  static String cause(Throwable failure) {
    Throwable cause = failure;
    for (int depth = 0; depth < 10 && cause.getCause() != null; depth++) {
      cause = cause.getCause();
    }
    return PlainWords.of(cause);
  }

  @Override
  public void close() {
    deadlines.shutdownNow();
    threads.shutdownNow();
    connections.close();
    http.closeResource();
  }
}
