package io.dbimport.bench;

import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * An API that answers at once and keeps counts alone: what is measured is its caller. A job has
 * succeeded at the first look at it. Thread-safe.
 */
final class Stub {
  private final AtomicLong lastJobId = new AtomicLong();
  private final LongAdder imports = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final LongAdder looks = new LongAdder();
  private final @Nullable Limit limit;

  private Stub(@Nullable Limit limit) {
    this.limit = limit;
  }

  /**
   * Runs until it is killed; says its port.
   *
   * @param args none, or a limit: text that marks the calls it holds for, errcode, calls a second
   */
  public static void main(String[] args) throws InterruptedException {
    Limit limit =
        args.length == 0
            ? null
            : new Limit(args[0], Integer.parseInt(args[1]), Integer.parseInt(args[2]));
    Stub stub = new Stub(limit);
    WebServer server =
        WebServer.builder()
            .address(InetAddress.getLoopbackAddress())
            .port(0)
            .shutdownHook(false)
            .routing(
                HttpRouting.builder()
                    .route(Method.POST, "/componenttcb/dbimport", stub::startImport)
                    .route(Method.POST, "/componenttcb/dbmigrationstate", stub::jobState)
                    .route(Method.POST, "/componenttcb/describeenvs", stub::environments)
                    .route(Method.GET, "/counts", stub::counts))
            .build()
            .start();
    System.out.println("listens on port " + server.port());
    Thread.currentThread().join();
  }

  private void startImport(ServerRequest request, ServerResponse response) {
    imports.increment();
    byte[] body = request.content().as(byte[].class);
    Limit held = limit;
    if (held != null && held.refuses(request.query().rawValue() + utf8(body))) {
      refused.increment();
      send(response, "{\"errcode\":" + held.errcode + ",\"errmsg\":\"over the limit\"}");
    } else {
      send(
          response,
          "{\"errcode\":0,\"errmsg\":\"ok\",\"job_id\":" + lastJobId.incrementAndGet() + "}");
    }
  }

  private void jobState(ServerRequest request, ServerResponse response) {
    looks.increment();
    var _ = request.content().as(byte[].class);
    send(
        response,
        "{\"errcode\":0,\"errmsg\":\"ok\",\"status\":\"success\",\"record_success\":1,"
            + "\"record_fail\":0,\"error_msg\":\"\",\"file_url\":\"\"}");
  }

  private void environments(ServerRequest request, ServerResponse response) {
    var _ = request.content().as(byte[].class);
    send(response, "{\"errcode\":0,\"errmsg\":\"ok\",\"info_list\":[]}");
  }

  private void counts(ServerRequest request, ServerResponse response) {
    send(response, imports.sum() + " " + refused.sum() + " " + looks.sum());
  }

  private static void send(ServerResponse response, String answer) {
    response.header(HeaderValues.CONTENT_TYPE_JSON);
    response.send(answer.getBytes(StandardCharsets.UTF_8));
  }

  private static String utf8(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** So many calls with a mark in them are taken each second; the others are refused. */
  private static final class Limit {
    final int errcode;
    private final String mark;
    private final int perSecond;
    private long second;
    private int taken;

    Limit(String mark, int errcode, int perSecond) {
      this.mark = mark;
      this.errcode = errcode;
      this.perSecond = perSecond;
    }

    /** Locks: two fields change together, and a bench of a limit has few calls. */
    synchronized boolean refuses(String call) {
      if (!call.contains(mark)) {
        return false;
      }
      long now = System.nanoTime() / 1_000_000_000L;
      if (now != second) {
        second = now;
        taken = 0;
      }
      return ++taken > perSecond;
    }
  }
}
