package io.dbimport.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One app whose token lies in a file that something else renews: read again when the file changes
 * or the API did not take the token. Thread-safe; the lock is held while a small file is read.
 */
public final class FileToken implements AccessTokens {
  private static final int MAX_BYTES = 4096;

  private final Path file;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Object version;
  private @Nullable String token;

  public FileToken(Path file) {
    this.file = file;
  }

  @Override
  public TokenReply token(@Nullable String appId, Duration atMost) {
    if (appId != null) {
      return new TokenReply.UnknownApp(appId);
    }
    lock.lock();
    try {
      Object now = versionOf(file);
      String known = token;
      if (known == null || !now.equals(version)) {
        known = read();
        token = known;
        version = now;
      }
      return new TokenReply.Token(known);
    } catch (IOException unreadable) {
      token = null;
      return new TokenReply.NoToken(
          "no token can be read from " + file + ": " + PlainWords.of(unreadable));
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void rejected(@Nullable String appId, String rejected) {
    lock.lock();
    try {
      version = null;
    } finally {
      lock.unlock();
    }
  }

  private String read() throws IOException {
    if (Files.size(file) > MAX_BYTES) {
      throw new IOException("longer than " + MAX_BYTES + " bytes");
    }
    String text = Files.readString(file).strip();
    if (text.isEmpty()) {
      throw new IOException("the file is empty");
    }
    return text;
  }

  private static Object versionOf(Path file) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    return attributes.lastModifiedTime() + "/" + attributes.size() + "/" + attributes.fileKey();
  }
}
