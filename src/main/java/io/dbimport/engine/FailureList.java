package io.dbimport.engine;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/**
 * The whole list of what a job refused, beside its file: one JSON object a line, {@code line},
 * {@code column}, {@code kind}, {@code what}, {@code advice}, in the file's order. Until the job
 * ends it lies in the database, written with the batches it belongs to. Reads it page by page, in
 * memory that does not grow with it, and keeps the claim meanwhile. Not thread-safe.
 */
final class FailureList extends InputStream {
  private static final JsonMapper JSON = new JsonMapper();

  /** The database failed while the list was read. */
  static final class DatabaseFailed extends IOException {
    private static final long serialVersionUID = 1L;

    private final SQLException why;

    DatabaseFailed(SQLException why) {
      super(why);
      this.why = why;
    }

    SQLException why() {
      return why;
    }
  }

  /** Somebody else has the job now. */
  static final class ClaimLost extends IOException {
    private static final long serialVersionUID = 1L;
  }

  /**
   * Part of a list.
   *
   * @param last where the next part begins after
   */
  record Page(String lines, long last) {}

  /** Gives the parts of a job's list in turn; empty after the last one. */
  interface Pages {
    Optional<Page> after(long last) throws SQLException, ClaimLost;
  }

  private final Pages pages;
  private long last = -1;
  private byte[] lines = {};
  private int at;

  FailureList(Pages pages) {
    this.pages = pages;
  }

  /** Where the list of a file lies, in the same environment. */
  static String path(String filePath) {
    return filePath + ".errors.jsonl";
  }

  /** The lines of these problems. */
  static String lines(Collection<Problem> problems) {
    StringBuilder lines = new StringBuilder();
    problems.forEach(
        problem -> lines.append(JSON.writeValueAsString(problem.fields())).append('\n'));
    return lines.toString();
  }

  @Override
  public int read() throws IOException {
    return more() ? lines[at++] & 0xFF : -1;
  }

  @Override
  public int read(byte[] bytes, int from, int length) throws IOException {
    if (length > 0 && !more()) {
      return -1;
    }
    int taken = Math.min(length, lines.length - at);
    System.arraycopy(lines, at, bytes, from, taken);
    at += taken;
    return taken;
  }

  private boolean more() throws IOException {
    while (at == lines.length) {
      Optional<Page> page;
      try {
        page = pages.after(last);
      } catch (SQLException failure) {
        throw new DatabaseFailed(failure);
      }
      if (page.isEmpty()) {
        return false;
      }
      lines = page.get().lines().getBytes(StandardCharsets.UTF_8);
      last = page.get().last();
      at = 0;
    }
    return true;
  }
}
