package io.dbimport.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dbimport.fixtures.PostgresFixture;
import java.io.StringWriter;
import java.math.BigInteger;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** HTTPS with a certificate and key of one's own. */
final class ServerTlsTest {
  @TempDir Path folder;

  /** A key pair and its own certificate for this machine. */
  private record Identity(KeyPair keys, X509Certificate certificate) {
    static Identity of(String keyAlgorithm, String signature) throws Exception {
      KeyPair keys = KeyPairGenerator.getInstance(keyAlgorithm).generateKeyPair();
      X500Name name = new X500Name("CN=127.0.0.1");
      Instant now = Instant.now();
      JcaX509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              name,
              BigInteger.ONE,
              Date.from(now.minus(1, ChronoUnit.HOURS)),
              Date.from(now.plus(1, ChronoUnit.HOURS)),
              name,
              keys.getPublic());
      builder.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(new GeneralName(GeneralName.iPAddress, "127.0.0.1")));
      return new Identity(
          keys,
          new JcaX509CertificateConverter()
              .getCertificate(
                  builder.build(new JcaContentSignerBuilder(signature).build(keys.getPrivate()))));
    }
  }

  private Path pem(String file, Object object) throws Exception {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      writer.writeObject(object);
    }
    return Files.writeString(folder.resolve(file), text.toString());
  }

  private ServerSettings.TlsFiles files(Identity identity) throws Exception {
    return new ServerSettings.TlsFiles(
        pem("cert.pem", identity.certificate()),
        pem("key.pem", new JcaPKCS8Generator(identity.keys().getPrivate(), null)));
  }

  @ParameterizedTest
  @CsvSource({"EC, SHA256withECDSA", "RSA, SHA256withRSA", "Ed25519, Ed25519"})
  void theServerSpeaksHttpsWithAKeyOfAnyUsualKind(String key, String signature) throws Exception {
    Identity identity = Identity.of(key, signature);
    ServerSettings settings =
        new ServerSettings(
            "127.0.0.1",
            0,
            files(identity),
            () -> TestServer.APPS,
            null,
            TestServer.SECRET,
            ServerSettings.MAX_UPLOAD_BYTES);
    try (TestServer server =
            TestServer.start(PostgresFixture.freshDatabase(), folder.resolve("data"), settings);
        HttpClient client =
            HttpClient.newBuilder().sslContext(trusting(identity.certificate())).build()) {
      assertThat(server.uri().getScheme()).isEqualTo("https");

      HttpResponse<String> response =
          client.send(
              HttpRequest.newBuilder(
                      server.uri().resolve("/tcb/uploadfile?access_token=" + TestServer.TOKEN))
                  .POST(BodyPublishers.ofString("{\"env\":\"demo-env\",\"path\":\"f\"}"))
                  .build(),
              BodyHandlers.ofString());

      assertThat(TestServer.answer(response).path("url").stringValue())
          .isEqualTo(server.uri() + "/upload/demo-env");
    }
  }

  @Test
  void aRenewedCertificateIsTakenAtTheNextConnectionAndABrokenOneNever() throws Exception {
    Identity first = Identity.of("EC", "SHA256withECDSA");
    Identity second = Identity.of("RSA", "SHA256withRSA");
    ServerSettings settings =
        new ServerSettings(
            "127.0.0.1",
            0,
            files(first),
            () -> TestServer.APPS,
            null,
            TestServer.SECRET,
            ServerSettings.MAX_UPLOAD_BYTES);
    try (TestServer server =
        TestServer.start(PostgresFixture.freshDatabase(), folder.resolve("data"), settings)) {
      assertThat(shown(server, first)).isEqualTo(first.certificate());

      // The certificate is there before its key: for that long the old pair counts.
      pem("cert.pem", second.certificate());
      assertThat(shown(server, first)).isEqualTo(first.certificate());
      pem("key.pem", new JcaPKCS8Generator(second.keys().getPrivate(), null));
      assertThat(shown(server, second)).isEqualTo(second.certificate());
      Files.delete(folder.resolve("key.pem"));
      assertThat(shown(server, second)).isEqualTo(second.certificate());
    }
  }

  /** What a new connection is shown. */
  private static Certificate shown(TestServer server, Identity trusted) throws Exception {
    try (SSLSocket socket =
        (SSLSocket)
            trusting(trusted.certificate())
                .getSocketFactory()
                .createSocket("127.0.0.1", server.uri().getPort())) {
      socket.startHandshake();
      return socket.getSession().getPeerCertificates()[0];
    }
  }

  private static SSLContext trusting(X509Certificate certificate) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setCertificateEntry("server", certificate);
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  @Test
  void filesThatAreNoCertificateAndKeyAreNamedWithTheReason() throws Exception {
    Identity identity = Identity.of("EC", "SHA256withECDSA");
    ServerSettings.TlsFiles good = files(identity);
    Path absent = folder.resolve("absent.pem");
    Path empty = Files.writeString(folder.resolve("empty.pem"), "");
    Path garbage = Files.writeString(folder.resolve("garbage.pem"), "-----BEGIN NOTHING-----");
    Path oldKey = pem("old.pem", identity.keys().getPrivate());
    Path broken =
        Files.writeString(
            folder.resolve("broken.pem"),
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");

    assertRefused(absent, good.key(), "there is no file " + absent);
    assertRefused(good.certificate(), absent, "there is no file " + absent);
    assertRefused(empty, good.key(), "no certificate in");
    assertRefused(garbage, good.key(), "garbage.pem");
    assertRefused(good.certificate(), empty, "PKCS#8");
    assertRefused(good.certificate(), oldKey, "PKCS#8");
    assertRefused(good.certificate(), good.certificate(), "PKCS#8");
    assertRefused(good.certificate(), broken, "neither EC, RSA nor EdDSA");
  }

  @ParameterizedTest
  @CsvSource({"EC, SHA256withECDSA", "RSA, SHA256withRSA", "Ed25519, Ed25519"})
  void aKeyOfAnotherCertificateIsRefusedAtOnce(String key, String signature) throws Exception {
    Path certificate = files(Identity.of("EC", "SHA256withECDSA")).certificate();
    Path other =
        pem(
            "other.pem",
            new JcaPKCS8Generator(Identity.of(key, signature).keys().getPrivate(), null));

    assertRefused(certificate, other, "the key is another certificate's");
  }

  private static void assertRefused(Path certificate, Path key, String... reasons) {
    assertThatThrownBy(() -> ServerTls.of(new ServerSettings.TlsFiles(certificate, key)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(certificate.toString())
        .hasMessageContaining(key.toString())
        .satisfies(refused -> {
          for (String reason : reasons) {
            assertThat(refused.toString()).contains(reason);
          }
        });
  }
}
