package io.dbimport.server;

import io.dbimport.engine.QuotaStorage.QuotaExceeded;
import io.dbimport.engine.Storage;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.fileupload2.core.FileUploadException;
import org.apache.commons.fileupload2.core.MultipartInput;
import org.apache.commons.fileupload2.core.ParameterParser;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the form that an upload link is for, as object storage does: the fields first, the file
 * last and streamed. 204 when the file is there; else a 4xx with an XML body. Thread-safe.
 */
final class UploadRoute implements Handler {
  private static final Logger LOG = LoggerFactory.getLogger(UploadRoute.class);
  private static final int MAX_FIELD_BYTES = 8 << 10;
  private static final int MAX_FIELDS = 32;
  private static final int MAX_PART_HEADER_BYTES = 4 << 10;

  /** The last boundary stands between line ends and hyphens. */
  private static final int FORM_END_BYTES = 8;

  /** The form cannot be taken. */
  private static final class Refused extends Exception {
    private static final long serialVersionUID = 1L;
    final int status;
    final String code;

    Refused(int status, String code, String message) {
      super(message);
      this.status = status;
      this.code = code;
    }
  }

  /** The file is longer than it may be: found while it streams. */
  private static final class TooLarge extends IOException {
    private static final long serialVersionUID = 1L;
  }

  /** The caller's bytes stopped coming. */
  private static final class CutOff extends IOException {
    private static final long serialVersionUID = 1L;

    CutOff(Exception cause) {
      super("the body is cut off", cause);
    }
  }

  /** The body of a request: the web server tells that it is cut off by a RuntimeException. */
  private static final class Arriving extends FilterInputStream {
    private long count;

    Arriving(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      try {
        int next = super.read();
        count += next < 0 ? 0 : 1;
        return next;
      } catch (IOException | RuntimeException broken) {
        throw new CutOff(broken);
      }
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
      try {
        int read = super.read(bytes, from, length);
        count += Math.max(0, read);
        return read;
      } catch (IOException | RuntimeException broken) {
        throw new CutOff(broken);
      }
    }
  }

  private final Storage storage;
  private final UploadLinks links;
  private final long maxBytes;
  private final InstantSource clock;

  UploadRoute(Storage storage, UploadLinks links, long maxBytes, InstantSource clock) {
    this.storage = storage;
    this.links = links;
    this.maxBytes = maxBytes;
    this.clock = clock;
  }

  @Override
  public void handle(ServerRequest request, ServerResponse response) {
    String env = request.path().pathParameters().get("env");
    try {
      receive(env, request);
      response.status(Status.NO_CONTENT_204).send();
    } catch (Refused refused) {
      refuse(response, refused.status, refused.code, String.valueOf(refused.getMessage()));
    } catch (TooLarge tooLarge) {
      refuse(response, 400, "EntityTooLarge", "longer than " + maxBytes + " bytes");
    } catch (QuotaExceeded full) {
      refuse(response, 403, "QuotaExceeded", "the environment is full: " + full.getMessage());
    } catch (FileUploadException | IllegalArgumentException broken) {
      refuse(response, 400, "MalformedPOSTRequest", "the form is broken or cut off");
    } catch (CutOff cutOff) {
      refuse(response, 400, "IncompleteBody", "the upload did not arrive whole");
    } catch (IOException failure) {
      LOG.warn("an upload to {} cannot be stored: {}", env, failure.toString());
      refuse(response, 500, "InternalError", "the storage cannot take the file");
    }
  }

  private void receive(String env, ServerRequest request) throws IOException, Refused {
    long length = request.headers().contentLength().orElse(0);
    if (length > maxBytes + MAX_FIELD_BYTES * (long) MAX_FIELDS) {
      throw new TooLarge();
    }
    Arriving arriving = new Arriving(request.content().inputStream());
    byte[] boundary = boundary(request);
    MultipartInput parts =
        MultipartInput.builder()
            .setInputStream(arriving)
            .setBoundary(boundary)
            .setMaxPartHeaderSize(MAX_PART_HEADER_BYTES)
            .get();
    Map<String, String> fields = new HashMap<>();
    for (boolean more = parts.skipPreamble(); more; more = parts.readBoundary()) {
      String name = partName(parts.readHeaders());
      if (name.equals("file")) {
        // The file is the last part: what has not arrived is all its own, but for the form's end.
        long atLeast = Math.max(0, length - arriving.count - boundary.length - FORM_END_BYTES);
        storage.store(env, allowedPath(env, fields), bounded(parts.newInputStream()), atLeast);
        return;
      }
      if (fields.size() >= MAX_FIELDS) {
        throw new Refused(400, "MaxPostFieldsExceeded", "more than " + MAX_FIELDS + " fields");
      }
      fields.put(name, field(parts));
    }
    throw new Refused(400, "InvalidArgument", "the form has no part named file");
  }

  private String allowedPath(String env, Map<String, String> fields) throws Refused {
    UploadLinks.Link link =
        new UploadLinks.Link(
            fields.getOrDefault("key", ""),
            fields.getOrDefault("signature", ""),
            fields.getOrDefault("x-cos-security-token", ""),
            fields.getOrDefault("x-cos-meta-fileid", ""));
    String whyNot = links.whyNot(env, link, clock.instant());
    if (!whyNot.isEmpty()) {
      throw new Refused(403, whyNot, "the link is not for this key, or no longer good");
    }
    return link.path();
  }

  private static String field(MultipartInput parts) throws IOException, Refused {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (InputStream in = parts.newInputStream()) {
      bytes.write(in.readNBytes(MAX_FIELD_BYTES + 1));
      if (bytes.size() > MAX_FIELD_BYTES) {
        throw new Refused(400, "MaxPostPreDataLengthExceeded", "a field is longer than 8 KB");
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private InputStream bounded(InputStream in) {
    return new FilterInputStream(in) {
      private long read;

      @Override
      public int read() throws IOException {
        int next = super.read();
        count(next < 0 ? -1 : 1);
        return next;
      }

      @Override
      public int read(byte[] bytes, int from, int length) throws IOException {
        return count(super.read(bytes, from, length));
      }

      private int count(int bytes) throws IOException {
        read += Math.max(0, bytes);
        if (read > maxBytes) {
          throw new TooLarge();
        }
        return bytes;
      }
    };
  }

  private static byte[] boundary(ServerRequest request) throws Refused {
    String contentType = request.headers().first(HeaderNames.CONTENT_TYPE).orElse("");
    String boundary = parameters(contentType).get("boundary");
    if (!contentType.toLowerCase(Locale.ROOT).startsWith("multipart/form-data")
        || boundary == null
        || boundary.isEmpty()) {
      throw new Refused(400, "InvalidArgument", "not multipart/form-data with a boundary");
    }
    return boundary.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** The field's name in lower case: clients in use spell {@code signature} either way. */
  private static String partName(String headers) throws Refused {
    Optional<String> disposition =
        headers
            .lines()
            .filter(line -> line.toLowerCase(Locale.ROOT).startsWith("content-disposition:"))
            .findFirst();
    String name =
        disposition
            .map(line -> parameters(line.substring(line.indexOf(':') + 1)).get("name"))
            .orElse(null);
    if (name == null) {
      throw new Refused(400, "InvalidArgument", "a part of the form has no name");
    }
    return name.toLowerCase(Locale.ROOT);
  }

  private static Map<String, String> parameters(String header) {
    ParameterParser parser = new ParameterParser();
    parser.setLowerCaseNames(true);
    return parser.parse(header, ';');
  }

  /** Answers as object storage does, and ends the connection. */
  static void refuse(ServerResponse response, int status, String code, String message) {
    response.header("Connection", "close");
    response.header("Content-Type", "application/xml");
    response
        .status(Status.create(status))
        .send(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>%s</Code><Message>%s</Message></Error>"
                .formatted(code, message.replace("&", "&amp;").replace("<", "&lt;")));
  }
}
