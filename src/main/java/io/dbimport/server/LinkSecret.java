package io.dbimport.server;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** A secret that signs links. Immutable; never printed. */
public final class LinkSecret {
  private static final String ALGORITHM = "HmacSHA256";
  private static final int KEY_BYTES = 32;

  private final SecretKeySpec key;

  private LinkSecret(byte[] key) {
    this.key = new SecretKeySpec(key, ALGORITHM);
  }

  /** A secret of this process alone. */
  public static LinkSecret random() {
    byte[] key = new byte[KEY_BYTES];
    new SecureRandom().nextBytes(key);
    return new LinkSecret(key);
  }

  /** A secret that several servers share. */
  public static LinkSecret of(String secret) {
    return new LinkSecret(secret.getBytes(StandardCharsets.UTF_8));
  }

  /** The signature of these texts, each told from the next by its length. */
  String sign(List<String> texts) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      for (String text : texts) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        mac.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
        mac.update(bytes);
      }
      return HexFormat.of().formatHex(mac.doFinal());
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java has " + ALGORITHM, impossible);
    }
  }

  @Override
  public String toString() {
    return "***";
  }
}
