package io.dbimport.server;

import io.dbimport.engine.Storage;
import io.dbimport.engine.Storage.FileChanged;
import io.dbimport.engine.Storage.Stored;
import io.dbimport.engine.StoragePaths;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.http.Status;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.time.InstantSource;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the file that a download link is for, or one range of it, as a stream; else a 4xx with an
 * XML body. No browser runs what it gives. Thread-safe.
 */
final class DownloadRoute implements Handler {
  private static final Logger LOG = LoggerFactory.getLogger(DownloadRoute.class);
  private static final int BLOCK_BYTES = 64 << 10;

  private final Storage storage;
  private final DownloadLinks links;
  private final InstantSource clock;

  DownloadRoute(Storage storage, DownloadLinks links, InstantSource clock) {
    this.storage = storage;
    this.links = links;
    this.clock = clock;
  }

  @Override
  public void handle(ServerRequest request, ServerResponse response) {
    Method method = request.prologue().method();
    if (!method.equals(Method.GET) && !method.equals(Method.HEAD)) {
      response.header("Allow", "GET, HEAD");
      UploadRoute.refuse(response, 405, "MethodNotAllowed", "a download link takes GET and HEAD");
      return;
    }
    String env = parameter(request, "env");
    String path = parameter(request, "path");
    String expires = parameter(request, "expires");
    String signature = parameter(request, "signature");
    String whyNot = links.whyNot(env, path, expires, signature, clock.instant());
    if (!whyNot.isEmpty()) {
      UploadRoute.refuse(response, 403, whyNot, "the link is not for this file, or no longer good");
      return;
    }
    try {
      StoragePaths.parts(path);
    } catch (IllegalArgumentException notAllowed) {
      UploadRoute.refuse(response, 404, "NoSuchKey", "there is no such file");
      return;
    }
    try {
      give(env, path, request, response);
    } catch (NoSuchFileException absent) {
      UploadRoute.refuse(response, 404, "NoSuchKey", "there is no such file");
    } catch (FileChanged meanwhile) {
      UploadRoute.refuse(response, 409, "OperationAborted", "the file was replaced meanwhile");
    } catch (IOException failure) {
      LOG.warn("a download from {} fails: {}", env, failure.toString());
      UploadRoute.refuse(response, 500, "InternalError", "the storage cannot give the file");
    }
  }

  private static String parameter(ServerRequest request, String name) {
    return request.query().first(name).orElse("");
  }

  private void give(String env, String path, ServerRequest request, ServerResponse response)
      throws IOException {
    Stored file = storage.look(env, path);
    long length = file.length();
    response.header("Accept-Ranges", "bytes");
    Optional<ByteRange> range =
        request
            .headers()
            .first(HeaderNames.RANGE)
            // No file here has a validator that a client could name.
            .filter(_ -> !request.headers().contains(HeaderNames.IF_RANGE))
            .flatMap(header -> ByteRange.of(header, length));
    ByteRange given = range.orElse(new ByteRange(0, length));
    if (range.isPresent() && given.count() == 0) {
      response.header("Content-Range", "bytes */" + length);
      UploadRoute.refuse(response, 416, "InvalidRange", "the file has " + length + " bytes");
      return;
    }
    if (range.isPresent()) {
      long last = given.first() + given.count() - 1;
      response.header("Content-Range", "bytes %d-%d/%d".formatted(given.first(), last, length));
    }
    try (InputStream in = storage.open(env, path, file.version(), given.first())) {
      response
          .status(range.isPresent() ? Status.PARTIAL_CONTENT_206 : Status.OK_200)
          .header("Content-Type", "application/octet-stream")
          .header("X-Content-Type-Options", "nosniff")
          .header("Content-Disposition", "attachment; filename*=UTF-8''" + fileName(path))
          .header("Cache-Control", "private, no-store")
          .header("Content-Length", Long.toString(given.count()));
      if (request.prologue().method().equals(Method.HEAD)) {
        response.send();
      } else {
        copy(in, given.count(), response);
      }
    }
  }

  /** Once bytes are under way nothing can be refused: the connection breaks before the length. */
  private static void copy(InputStream in, long count, ServerResponse response) {
    try (OutputStream out = response.outputStream()) {
      byte[] block = new byte[BLOCK_BYTES];
      long left = count;
      while (left > 0) {
        int read = in.read(block, 0, (int) Math.min(left, block.length));
        if (read < 0) {
          throw new IOException("the file ended " + left + " bytes too early");
        }
        out.write(block, 0, read);
        left -= read;
      }
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /** The path's last part, as RFC 8187 spells it. */
  private static String fileName(String path) {
    return URLEncoder.encode(path.substring(path.lastIndexOf('/') + 1), StandardCharsets.UTF_8)
        .replace("+", "%20")
        .replace("*", "%2A");
  }
}
