package io.dbimport.cli;

import io.dbimport.server.App;
import io.dbimport.server.AppsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The apps of a file, read again when it changed. A file that is not as it must be is refused in
 * the log, and the last good one counts. Thread-safe.
 */
final class WatchedApps implements Supplier<List<App>> {
  private static final Logger LOG = LoggerFactory.getLogger(WatchedApps.class);

  /** What tells a file from the one before it. */
  private record Stamp(FileTime modified, long bytes, @Nullable Object key) {}

  private record Seen(Optional<Stamp> stamp, List<App> apps) {}

  private final Path file;
  private volatile Seen seen;

  private WatchedApps(Path file, Seen first) {
    this.file = file;
    this.seen = first;
  }

  /**
   * The apps of this file.
   *
   * @throws IllegalArgumentException when it is not as it must be
   */
  static WatchedApps of(Path file) {
    Optional<Stamp> stamp = stamp(file);
    return new WatchedApps(file, new Seen(stamp, read(file)));
  }

  @Override
  public List<App> get() {
    Seen last = seen;
    return stamp(file).equals(last.stamp()) ? last.apps() : readAgain();
  }

  /** Of the calls that find it changed, one reads it, and the others wait for that. */
  private synchronized List<App> readAgain() {
    // Before it is read: a change in between is found at the next call.
    Optional<Stamp> now = stamp(file);
    if (!now.equals(seen.stamp())) {
      List<App> apps = seen.apps();
      try {
        apps = read(file);
        LOG.info("the apps were read again from {}", file);
      } catch (IllegalArgumentException refused) {
        LOG.warn("the apps stay as they were: {}", String.valueOf(refused.getMessage()));
      }
      seen = new Seen(now, apps);
    }
    return seen.apps();
  }

  private static List<App> read(Path file) {
    List<App> apps = AppsFile.read(file);
    for (App app : apps) {
      app.tokens().forEach(token -> Masking.hide(token.value()));
      Optional.ofNullable(app.secret()).ifPresent(Masking::hide);
      Optional.ofNullable(app.ticket()).ifPresent(ticket -> Masking.hide(ticket.value()));
    }
    return apps;
  }

  /** Empty when there is no file. */
  private static Optional<Stamp> stamp(Path file) {
    try {
      BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
      return Optional.of(new Stamp(found.lastModifiedTime(), found.size(), found.fileKey()));
    } catch (IOException absent) {
      return Optional.empty();
    }
  }
}
