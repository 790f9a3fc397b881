package io.dbimport.server;

import io.helidon.common.tls.Tls;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.X509ExtendedKeyManager;

/** A server's certificate and key. Stateless. */
public final class ServerTls {
  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");

  private ServerTls() {}

  /** Why the files are no certificate and its key; empty when they are. */
  public static Optional<String> problem(ServerSettings.TlsFiles files) {
    try {
      var _ = read(files, "any");
      return Optional.empty();
    } catch (IllegalArgumentException unusable) {
      return Optional.of(String.valueOf(unusable.getMessage()));
    }
  }

  /**
   * TLS with this certificate and key, which are read again when they change.
   *
   * @throws IllegalArgumentException when they cannot be read or do not fit: names the file
   */
  static Tls of(ServerSettings.TlsFiles files) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(new KeyManager[] {new RenewedKeys(files)}, null, null);
      return Tls.builder().sslContext(context).build();
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java has TLS", impossible);
    }
  }

  /**
   * What the files hold now.
   *
   * @param alias names it
   * @throws IllegalArgumentException like {@link #of}
   */
  static X509ExtendedKeyManager read(ServerSettings.TlsFiles files, String alias) {
    try {
      char[] none = new char[0];
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      PrivateKey key = key(files.key());
      Certificate[] chain = chain(files.certificate());
      if (!fits(key, chain[0])) {
        throw new IOException("the key is another certificate's");
      }
      store.setKeyEntry(alias, key, none, chain);
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store, none);
      return (X509ExtendedKeyManager) keys.getKeyManagers()[0];
    } catch (IOException | GeneralSecurityException unusable) {
      throw new IllegalArgumentException(
          "%s and %s are no certificate and its key: %s"
              .formatted(files.certificate(), files.key(), reason(unusable)),
          unusable);
    }
  }

  /** An absent file's exception has the file's name for its message and nothing else. */
  private static String reason(Exception unusable) {
    return unusable instanceof NoSuchFileException absent
        ? "there is no file " + absent.getFile()
        : String.valueOf(unusable.getMessage());
  }

  /** Nothing else would tell before the first handshake fails. */
  private static boolean fits(PrivateKey key, Certificate certificate)
      throws GeneralSecurityException {
    String algorithm =
        switch (key.getAlgorithm()) {
          case "EC" -> "SHA256withECDSA";
          case "RSA" -> "SHA256withRSA";
          default -> "EdDSA";
        };
    byte[] text = "ours".getBytes(StandardCharsets.US_ASCII);
    Signature signing = Signature.getInstance(algorithm);
    signing.initSign(key);
    signing.update(text);
    byte[] signature = signing.sign();
    try {
      Signature verifying = Signature.getInstance(algorithm);
      verifying.initVerify(certificate.getPublicKey());
      verifying.update(text);
      return verifying.verify(signature);
    } catch (InvalidKeyException anotherKind) {
      return false;
    }
  }

  private static Certificate[] chain(Path file) throws IOException, GeneralSecurityException {
    try (InputStream pem = Files.newInputStream(file)) {
      Certificate[] chain =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(pem)
              .toArray(new Certificate[0]);
      if (chain.length == 0) {
        throw new IOException("no certificate in " + file);
      }
      return chain;
    }
  }

  private static PrivateKey key(Path file) throws IOException, GeneralSecurityException {
    Matcher pem = KEY.matcher(Files.readString(file));
    if (!pem.find()) {
      throw new IOException(file + " must hold a PKCS#8 key: -----BEGIN PRIVATE KEY-----");
    }
    PKCS8EncodedKeySpec encoded =
        new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(pem.group(1)));
    for (String algorithm : List.of("EC", "RSA", "EdDSA")) {
      Optional<PrivateKey> key = key(algorithm, encoded);
      if (key.isPresent()) {
        return key.get();
      }
    }
    throw new IOException(file + " holds a key that is neither EC, RSA nor EdDSA");
  }

  /** A key says its kind only to the factory of that kind. */
  private static Optional<PrivateKey> key(String algorithm, PKCS8EncodedKeySpec encoded)
      throws NoSuchAlgorithmException {
    try {
      return Optional.of(KeyFactory.getInstance(algorithm).generatePrivate(encoded));
    } catch (InvalidKeySpecException another) {
      return Optional.empty();
    }
  }
}
