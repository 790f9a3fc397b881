package io.dbimport.worker;

import io.dbimport.ImportParameters;
import io.dbimport.ImportRequest;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;

/**
 * A request id and what is asked for under it, small enough that a million of them can be kept in
 * memory. Immutable.
 *
 * <p>The ledger keeps the content hash for as long as it remembers a request: how it is made must
 * not change, or a request that is sent again would look like another one under its id.
 *
 * @param high the first 64 bits of the SHA-256 of the id
 * @param low the next 64
 * @param content the first 64 bits of the SHA-256 of the app's id and the six parameters
 */
public record RequestKey(long high, long low, long content) {

  /** The key of a request. */
  public static RequestKey of(ImportRequest request) {
    return of(request.requestId(), content(request));
  }

  /** The key of a request of which the ledger has the id and the content hash. */
  public static RequestKey of(String requestId, long content) {
    ByteBuffer id = ByteBuffer.allocate(sizeBytes(requestId));
    put(id, requestId);
    ByteBuffer hash = sha256(id);
    return new RequestKey(hash.getLong(), hash.getLong(), content);
  }

  private static long content(ImportRequest request) {
    ImportParameters asked = request.parameters();
    ByteBuffer fields =
        ByteBuffer.allocate(
            sizeBytes(request.appId())
                + sizeBytes(asked.env())
                + sizeBytes(asked.collectionName())
                + sizeBytes(asked.filePath())
                + 3);
    put(fields, request.appId());
    put(fields, asked.env());
    put(fields, asked.collectionName());
    put(fields, asked.filePath());
    fields.put((byte) asked.fileType().code());
    fields.put((byte) (asked.stopOnError() ? 1 : 0));
    fields.put((byte) asked.conflictMode().code());
    return sha256(fields).getLong();
  }

  private static int sizeBytes(@Nullable String text) {
    return Integer.BYTES + (text == null ? 0 : text.length() * Character.BYTES);
  }

  /**
   * Puts a text so that it can be told from any other and from none: its length first, then its
   * chars as they are, since an encoder would make one of all that is no character.
   */
  private static void put(ByteBuffer bytes, @Nullable String text) {
    if (text == null) {
      bytes.putInt(-1);
      return;
    }
    bytes.putInt(text.length());
    for (int i = 0; i < text.length(); i++) {
      bytes.putChar(text.charAt(i));
    }
  }

  private static ByteBuffer sha256(ByteBuffer bytes) {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      sha256.update(bytes.flip());
      return ByteBuffer.wrap(sha256.digest());
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }
}
