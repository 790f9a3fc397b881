package io.dbimport.server;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's certificate and key as their files have them: a handshake that finds the files
 * changed reads them again. Files that are no pair are refused in the log, and the last good pair
 * counts. Thread-safe.
 */
final class RenewedKeys extends X509ExtendedKeyManager {
  private static final Logger LOG = LoggerFactory.getLogger(RenewedKeys.class);

  /** A pair under a name of its own: a handshake ends with the pair that it began with. */
  private record Pair(String alias, X509ExtendedKeyManager keys) {}

  /**
   * What is known.
   *
   * @param stamps of the files when they were read last
   * @param before the pair that a handshake under way may still ask for
   */
  private record Known(List<Optional<FileTime>> stamps, Pair now, Pair before) {}

  private final ServerSettings.TlsFiles files;
  private volatile Known known;
  private int renewals;

  /**
   * The pair of these files.
   *
   * @throws IllegalArgumentException when they are no certificate and its key
   */
  RenewedKeys(ServerSettings.TlsFiles files) {
    this.files = files;
    List<Optional<FileTime>> stamps = stamps(files);
    Pair first = new Pair("server-0", ServerTls.read(files, "server-0"));
    this.known = new Known(stamps, first, first);
  }

  private Pair now() {
    Known last = known;
    return stamps(files).equals(last.stamps()) ? last.now() : readAgain();
  }

  private synchronized Pair readAgain() {
    // Before they are read: a change in between is found at the next handshake.
    List<Optional<FileTime>> stamps = stamps(files);
    Known last = known;
    if (!stamps.equals(last.stamps())) {
      String alias = "server-" + ++renewals;
      try {
        known = new Known(stamps, new Pair(alias, ServerTls.read(files, alias)), last.now());
        LOG.info("the certificate was read again from {}", files.certificate());
      } catch (IllegalArgumentException refused) {
        LOG.warn("the certificate stays as it was: {}", String.valueOf(refused.getMessage()));
        known = new Known(stamps, last.now(), last.before());
      }
    }
    return known.now();
  }

  private static List<Optional<FileTime>> stamps(ServerSettings.TlsFiles files) {
    return Stream.of(files.certificate(), files.key()).map(RenewedKeys::stamp).toList();
  }

  /** Empty when there is no file. */
  private static Optional<FileTime> stamp(Path file) {
    try {
      return Optional.of(Files.getLastModifiedTime(file));
    } catch (IOException absent) {
      return Optional.empty();
    }
  }

  private X509ExtendedKeyManager of(String alias) {
    Known last = known;
    return (alias.equals(last.before().alias()) ? last.before() : last.now()).keys();
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
    return now().keys().chooseEngineServerAlias(keyType, issuers, engine);
  }

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, Socket socket) {
    return now().keys().chooseServerAlias(keyType, issuers, socket);
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(String alias) {
    return of(alias).getCertificateChain(alias);
  }

  @Override
  public @Nullable PrivateKey getPrivateKey(String alias) {
    return of(alias).getPrivateKey(alias);
  }

  @Override
  public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    return now().keys().getServerAliases(keyType, issuers);
  }

  @Override
  public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] keyType, Principal @Nullable [] issuers, Socket socket) {
    return null;
  }
}
