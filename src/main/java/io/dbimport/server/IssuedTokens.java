package io.dbimport.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import javax.sql.DataSource;

/**
 * The tokens that servers issue, as rows of {@code dbimport.tokens} that all servers on the
 * database share. Time is the database's own. Thread-safe.
 *
 * <p>Decision: a token is the signature of its row's random id, and only its hash lies in the row,
 * because the stable token must be given again by every server though nobody can read it in the
 * database. Tokens are found by their hash: how long that takes tells nothing of a token. A server
 * with another link secret takes them as well, but gives a stable token of its own.
 */
final class IssuedTokens {
  static final int LIFE_SECONDS = 7200;
  static final int OVERLAP_SECONDS = 300;

  /** The page's limit for plain tokens; the number of component tokens is bounded alike. */
  static final int ISSUES_A_DAY = 2000;

  static final int FORCED_A_DAY = 20;
  static final int FORCED_APART_SECONDS = 30;

  /** Two servers that start at once must not both make the table. */
  private static final long TABLE_LOCK = 0x6462_746f_6b65_6e73L;

  /** Which call a token is of; the tokens of one do not touch those of another. */
  enum Kind {
    COMPONENT,
    PLAIN,
    STABLE;

    String tag() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What is known of a token. Immutable. */
  sealed interface Found {
    record Good(String appid) implements Found {}

    /** Expired or voided. */
    record Over() implements Found {}

    record Unknown() implements Found {}
  }

  /** What asking for a token gave. Immutable. */
  sealed interface Issue {
    record Given(String token, long seconds) implements Issue {
      /** Never the token. */
      @Override
      public String toString() {
        return "Given[***, " + seconds + "]";
      }
    }

    /** The last one was forced too short a time ago. */
    record TooSoon() implements Issue {}

    /** So many were made within 24 hours that there is no other. */
    record TooMany() implements Issue {}
  }

  private final DataSource database;
  private final LinkSecret secret;

  IssuedTokens(DataSource database, LinkSecret secret) {
    this.database = database;
    this.secret = secret;
  }

  /** Work in one transaction. */
  private interface Work<T> {
    T in(Connection connection) throws SQLException;
  }

  /**
   * Makes the table if it is not there.
   *
   * @throws UncheckedIOException when the database does not answer, like every method here
   */
  void createTable() {
    var _ =
        transaction(connection -> {
          try (Statement statement = connection.createStatement()) {
            statement.execute("select pg_advisory_xact_lock(" + TABLE_LOCK + ")");
            statement.execute("create schema if not exists dbimport");
            return statement.execute(
                """
                create table if not exists dbimport.tokens (
                  hash bytea primary key,
                  id uuid not null,
                  appid text not null,
                  kind text not null,
                  forced boolean not null,
                  issued_at timestamptz not null default now(),
                  ends_at timestamptz not null
                )\
                """);
          }
        });
  }

  Found find(String token) {
    return transaction(connection -> {
      try (PreparedStatement select =
          connection.prepareStatement(
              "select appid, ends_at > now() from dbimport.tokens where hash = ?")) {
        select.setBytes(1, hash(token));
        try (ResultSet row = select.executeQuery()) {
          if (!row.next()) {
            return new Found.Unknown();
          }
          return row.getBoolean(2) ? new Found.Good(row.getString(1)) : new Found.Over();
        }
      }
    });
  }

  /**
   * A component or plain token: always a new one. The one before it is taken for 5 minutes more.
   */
  Issue fresh(String appid, Kind kind) {
    return transaction(connection -> {
      lock(connection, appid, kind);
      if (count(connection, appid, kind, "24 hours", false) >= ISSUES_A_DAY) {
        return new Issue.TooMany();
      }
      return issue(connection, appid, kind, false, "least(ends_at, now() + ? * interval '1 s')");
    });
  }

  /**
   * The stable token: the same until its last 5 minutes, then a new one beside the old.
   *
   * @param force a new one in any case, and the old one is void at once
   */
  Issue stable(String appid, boolean force) {
    return transaction(connection -> {
      lock(connection, appid, Kind.STABLE);
      if (force) {
        if (count(connection, appid, Kind.STABLE, FORCED_APART_SECONDS + " seconds", true) > 0) {
          return new Issue.TooSoon();
        }
        if (count(connection, appid, Kind.STABLE, "24 hours", true) >= FORCED_A_DAY) {
          return new Issue.TooMany();
        }
        return issue(connection, appid, Kind.STABLE, true, "now() + 0 * ? * interval '1 s'");
      }
      try (PreparedStatement select =
          connection.prepareStatement(
              """
              select id, hash, floor(extract(epoch from ends_at - now()))
              from dbimport.tokens
              where appid = ? and kind = 'stable' and ends_at > now() + ? * interval '1 s'
              order by issued_at desc limit 1\
              """)) {
        select.setString(1, appid);
        select.setInt(2, OVERLAP_SECONDS);
        try (ResultSet row = select.executeQuery()) {
          if (row.next()) {
            String token = token(appid, Kind.STABLE, row.getObject(1, UUID.class));
            if (MessageDigest.isEqual(hash(token), row.getBytes(2))) {
              return new Issue.Given(token, row.getLong(3));
            }
          }
        }
      }
      return issue(connection, appid, Kind.STABLE, false, "now() + ? * interval '1 s'");
    });
  }

  /**
   * @param oldEnds when those still taken end, as SQL with a place for the overlap's seconds
   */
  private Issue issue(
      Connection connection, String appid, Kind kind, boolean forced, String oldEnds)
      throws SQLException {
    try (PreparedStatement ending =
            connection.prepareStatement(
                "update dbimport.tokens set ends_at = "
                    + oldEnds
                    + " where appid = ? and kind = ? and ends_at > now()");
        PreparedStatement forget =
            connection.prepareStatement(
                "delete from dbimport.tokens where ends_at < now() - interval '2 days'");
        PreparedStatement insert =
            connection.prepareStatement(
                """
                insert into dbimport.tokens (hash, id, appid, kind, forced, ends_at)
                values (?, ?, ?, ?, ?, now() + ? * interval '1 s')\
                """)) {
      ending.setInt(1, OVERLAP_SECONDS);
      ending.setString(2, appid);
      ending.setString(3, kind.tag());
      ending.executeUpdate();
      forget.executeUpdate();
      UUID id = UUID.randomUUID();
      String token = token(appid, kind, id);
      insert.setBytes(1, hash(token));
      insert.setObject(2, id);
      insert.setString(3, appid);
      insert.setString(4, kind.tag());
      insert.setBoolean(5, forced);
      insert.setInt(6, LIFE_SECONDS);
      insert.executeUpdate();
      return new Issue.Given(token, LIFE_SECONDS);
    }
  }

  private static int count(
      Connection connection, String appid, Kind kind, String within, boolean forcedOnly)
      throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            """
            select count(*) from dbimport.tokens
            where appid = ? and kind = ? and issued_at > now() - ?::interval and (forced or not ?)\
            """)) {
      select.setString(1, appid);
      select.setString(2, kind.tag());
      select.setString(3, within);
      select.setBoolean(4, forcedOnly);
      try (ResultSet row = select.executeQuery()) {
        row.next();
        return row.getInt(1);
      }
    }
  }

  /** One after another for an app's tokens of a kind, whichever server is asked. */
  private static void lock(Connection connection, String appid, Kind kind) throws SQLException {
    try (PreparedStatement lock =
        connection.prepareStatement("select pg_advisory_xact_lock(hashtextextended(?, ?))")) {
      lock.setString(1, kind.tag() + " " + appid);
      lock.setLong(2, TABLE_LOCK);
      lock.execute();
    }
  }

  private <T> T transaction(Work<T> work) {
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      try {
        T result = work.in(connection);
        connection.commit();
        return result;
      } catch (SQLException | RuntimeException failed) {
        connection.rollback();
        throw failed;
      }
    } catch (SQLException away) {
      throw new UncheckedIOException(new IOException("the database fails", away));
    }
  }

  private String token(String appid, Kind kind, UUID id) {
    return secret.sign(List.of("token", kind.tag(), appid, id.toString()));
  }

  private static byte[] hash(String token) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java has SHA-256", impossible);
    }
  }
}
