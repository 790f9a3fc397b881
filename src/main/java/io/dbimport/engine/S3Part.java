package io.dbimport.engine;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Objects;
import software.amazon.awssdk.core.sync.RequestBody;

/**
 * The part of an upload that is on its way: in a file without a name, so that it can be sent again,
 * takes no memory however long it is, and is gone when the process is. Confined to one upload.
 */
final class S3Part implements Closeable {
  private static final int BLOCK_BYTES = 64 * 1024;

  private final RandomAccessFile file;
  private long length;
  private String md5 = "";

  private S3Part(RandomAccessFile file) {
    this.file = file;
  }

  /** With its file in this folder, where nothing of it is seen. */
  static S3Part open(Path folder) throws IOException {
    Path path = Files.createTempFile(folder, "dbimport-part-", "");
    try {
      return new S3Part(new RandomAccessFile(path.toFile(), "rw"));
    } finally {
      Files.delete(path);
    }
  }

  /** Takes the next bytes of the stream instead of those it had; fewer only at the stream's end. */
  void fill(InputStream body, long most) throws IOException {
    MessageDigest digest = newDigest();
    byte[] block = new byte[BLOCK_BYTES];
    file.setLength(0);
    length = 0;
    while (length < most) {
      int read = body.read(block, 0, (int) Math.min(block.length, most - length));
      if (read < 0) {
        break;
      }
      file.write(block, 0, read);
      digest.update(block, 0, read);
      length += read;
    }
    md5 = Base64.getEncoder().encodeToString(digest.digest());
  }

  private static MessageDigest newDigest() {
    try {
      return MessageDigest.getInstance("MD5");
    } catch (NoSuchAlgorithmException absent) {
      throw new IllegalStateException("every Java has MD5", absent);
    }
  }

  long length() {
    return length;
  }

  /** What the service holds the bytes that arrive against. */
  String md5() {
    return md5;
  }

  /** Its bytes, as often as they are asked for. */
  RequestBody body() {
    return RequestBody.fromContentProvider(
        () -> new Reading(file, length), length, "application/octet-stream");
  }

  /** A pass over the file, with a place of its own. */
  private static final class Reading extends InputStream {
    private final RandomAccessFile file;
    private final long length;
    private long at;

    Reading(RandomAccessFile file, long length) {
      this.file = file;
      this.length = length;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int from, int count) throws IOException {
      Objects.checkFromIndexSize(from, count, bytes.length);
      if (at >= length) {
        return count == 0 ? 0 : -1;
      }
      file.seek(at);
      int read = file.read(bytes, from, (int) Math.min(count, length - at));
      at += Math.max(0, read);
      return read;
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
