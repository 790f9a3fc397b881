package io.dbimport.server;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How the server listens and whom it lets in. Immutable.
 *
 * @param bind address to listen on
 * @param port 0 for a free one
 * @param tls null for HTTP
 * @param apps who may call, asked at each call: a token may be renewed while the server runs
 * @param publicUrl how callers reach the server, for upload links; null to take it from each call
 * @param linkSecret signs upload links: the same on every server that shares the storage
 * @param maxUploadBytes longest upload
 * @param bounds what connections may take
 */
public record ServerSettings(
    String bind,
    int port,
    @Nullable TlsFiles tls,
    Supplier<List<App>> apps,
    @Nullable URI publicUrl,
    LinkSecret linkSecret,
    long maxUploadBytes,
    ConnectionBounds bounds) {

  /** The limit of the object storage behind the real API: 5 GB. */
  public static final long MAX_UPLOAD_BYTES = 5L << 30;

  /** A certificate chain and its PKCS#8 key, both PEM. */
  public record TlsFiles(Path certificate, Path key) {}

  /** Settings with the usual bounds for connections. */
  public ServerSettings(
      String bind,
      int port,
      @Nullable TlsFiles tls,
      Supplier<List<App>> apps,
      @Nullable URI publicUrl,
      LinkSecret linkSecret,
      long maxUploadBytes) {
    this(bind, port, tls, apps, publicUrl, linkSecret, maxUploadBytes, ConnectionBounds.USUAL);
  }

  /** These, with other bounds for connections. */
  ServerSettings with(ConnectionBounds other) {
    return new ServerSettings(bind, port, tls, apps, publicUrl, linkSecret, maxUploadBytes, other);
  }

  /** Settings without TLS that sign links with a secret of their own. */
  public static ServerSettings plain(String bind, int port, List<App> apps) {
    return new ServerSettings(
        bind, port, null, () -> apps, null, LinkSecret.random(), MAX_UPLOAD_BYTES);
  }
}
