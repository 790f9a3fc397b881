package io.dbimport.engine;

import java.sql.SQLException;
import java.sql.SQLTransientException;

/** How SQL is written and its failures are read. Stateless. */
final class Sql {
  private Sql() {}

  /** An identifier that nothing in the name can break out of. */
  static String identifier(String name) {
    if (name.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("a name with a NUL character");
    }
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  /** The table of a collection. */
  static String table(String env, String collection) {
    return identifier(env) + "." + identifier(collection);
  }

  /**
   * Whether the database is away, or out of something, so that the same may work later: connection
   * lost (08), resources (53, a full disk among them), shutdown (57P), serialization (40), or a
   * pool that gives no connection; or a transaction ended because nothing came (25P03).
   */
  static boolean mayWorkLater(SQLException failure) {
    String state = failure.getSQLState();
    return state == null
        || state.startsWith("08")
        || state.startsWith("53")
        || state.startsWith("57P")
        || state.equals("25P03")
        || state.startsWith("40")
        || failure instanceof SQLTransientException;
  }

  static boolean isUndefinedTable(SQLException failure) {
    return "42P01".equals(failure.getSQLState()) || "3F000".equals(failure.getSQLState());
  }

  /** Whether a unique index has a row's key already. */
  static boolean isTaken(SQLException failure) {
    return "23505".equals(failure.getSQLState());
  }

  static boolean isDuplicateTable(SQLException failure) {
    // Two creates at the same moment meet in the catalogue's own unique index.
    return "42P07".equals(failure.getSQLState()) || isTaken(failure);
  }
}
