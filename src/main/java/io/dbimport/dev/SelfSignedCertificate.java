package io.dbimport.dev;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * A certificate for this machine's own address, signed by itself: only who is told to trusts it.
 * Immutable.
 *
 * @param certificate PEM
 * @param key PKCS#8 PEM, readable by this user alone
 */
public record SelfSignedCertificate(Path certificate, Path key) {

  /** Makes one in this folder, good for a year. */
  public static SelfSignedCertificate make(Path folder) throws IOException {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      KeyPair pair = generator.generateKeyPair();
      Instant now = Instant.now();
      X500Name name = new X500Name("CN=localhost,O=dbimport");
      X509v3CertificateBuilder certificate =
          new JcaX509v3CertificateBuilder(
              name,
              new BigInteger(127, new SecureRandom()),
              Date.from(now.minus(1, ChronoUnit.HOURS)),
              Date.from(now.plus(365, ChronoUnit.DAYS)),
              name,
              pair.getPublic());
      certificate.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(
              new GeneralName[] {
                new GeneralName(GeneralName.dNSName, "localhost"),
                new GeneralName(GeneralName.iPAddress, "127.0.0.1")
              }));
      byte[] encoded =
          certificate
              .build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate()))
              .getEncoded();
      Files.createDirectories(folder);
      Path certificateFile = folder.resolve("server.pem");
      Path keyFile = folder.resolve("server.key");
      Files.writeString(certificateFile, pem("CERTIFICATE", encoded));
      Files.deleteIfExists(keyFile);
      Files.createFile(
          keyFile,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(keyFile, pem("PRIVATE KEY", pair.getPrivate().getEncoded()));
      return new SelfSignedCertificate(certificateFile, keyFile);
    } catch (GeneralSecurityException | OperatorCreationException impossible) {
      throw new IllegalStateException("every Java makes EC certificates", impossible);
    }
  }

  private static String pem(String type, byte[] encoded) {
    String base64 =
        Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII)).encodeToString(encoded);
    return "-----BEGIN " + type + "-----\n" + base64 + "\n-----END " + type + "-----\n";
  }
}
