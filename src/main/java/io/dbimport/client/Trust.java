package io.dbimport.client;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** Which certificates are trusted. Stateless. */
public final class Trust {
  private Trust() {}

  /** Why the certificates of a PEM file cannot be trusted; empty when they can. */
  public static Optional<String> problem(Path ca) {
    try {
      var _ = context(ca);
      return Optional.empty();
    } catch (IllegalArgumentException unusable) {
      return Optional.of(String.valueOf(unusable.getMessage()));
    }
  }

  /**
   * A context that trusts exactly the certificates of the file, or those of the system.
   *
   * @param ca PEM; null for the system's
   * @throws IllegalArgumentException when the file holds no certificates
   */
  static SSLContext context(@Nullable Path ca) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      if (ca == null) {
        context.init(null, null, null);
        return context;
      }
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      try (InputStream pem = Files.newInputStream(ca)) {
        int count = 0;
        for (Certificate certificate :
            CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
          store.setCertificateEntry("ca-" + count++, certificate);
        }
        if (count == 0) {
          throw new IllegalArgumentException("no certificate in " + ca);
        }
      }
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      context.init(null, factory.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException unusable) {
      throw new IllegalArgumentException("no certificates can be read from " + ca, unusable);
    }
  }
}
