package io.dbimport.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.function.LongConsumer;

/**
 * The form that object storage takes: its fields in the order of the API's page, the file last. The
 * file is read as it is sent. Immutable.
 *
 * @param boundary between the parts
 * @param head all up to the file's first byte
 * @param file is sent
 * @param fileBytes the file's length when the form was made
 * @param end all after the file's last byte
 */
record UploadForm(String boundary, String head, Path file, long fileBytes, String end) {
  private static final int BLOCK_BYTES = 64 << 10;

  /**
   * A form for this file.
   *
   * @throws IOException when the file is not there
   */
  static UploadForm of(UploadLink link, String path, Path file) throws IOException {
    String boundary = "dbimport-" + UUID.randomUUID();
    StringBuilder head = new StringBuilder();
    field(head, boundary, "key", path);
    field(head, boundary, "Signature", link.authorization());
    field(head, boundary, "x-cos-security-token", link.token());
    field(head, boundary, "x-cos-meta-fileid", link.cosFileId());
    head.append("--").append(boundary).append("\r\n");
    head.append("Content-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n");
    head.append("Content-Type: application/octet-stream\r\n\r\n");
    return new UploadForm(
        boundary, head.toString(), file, Files.size(file), "\r\n--" + boundary + "--\r\n");
  }

  private static void field(StringBuilder form, String boundary, String name, String value) {
    form.append("--").append(boundary).append("\r\n");
    form.append("Content-Disposition: form-data; name=\"").append(name).append("\"\r\n\r\n");
    form.append(value).append("\r\n");
  }

  /** The header that goes with the form. */
  String contentType() {
    return "multipart/form-data; boundary=" + boundary;
  }

  /** Its length in bytes. */
  long length() {
    return bytes(head).length + fileBytes + bytes(end).length;
  }

  /**
   * Writes all of it.
   *
   * @param sent is told how many bytes of the file were written so far
   * @throws IOException when the stream fails, or the file cannot be read or has become shorter
   */
  void writeTo(OutputStream out, LongConsumer sent) throws IOException {
    out.write(bytes(head));
    byte[] block = new byte[BLOCK_BYTES];
    try (InputStream in = Files.newInputStream(file)) {
      for (long written = 0; written < fileBytes; ) {
        int read = in.read(block, 0, (int) Math.min(block.length, fileBytes - written));
        if (read < 0) {
          throw new IOException(file + " has become shorter while it was sent");
        }
        out.write(block, 0, read);
        written += read;
        sent.accept(written);
      }
    }
    out.write(bytes(end));
    out.flush();
  }

  /** Never its fields, which give access. */
  @Override
  public String toString() {
    return "UploadForm[" + file + "]";
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
