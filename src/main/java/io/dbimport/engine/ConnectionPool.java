package io.dbimport.engine;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.util.Credentials;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Makes pools of connections to PostgreSQL. Stateless. */
public final class ConnectionPool {
  private ConnectionPool() {}

  /** A pool with a password that does not change, or none. */
  public static HikariDataSource open(
      String jdbcUrl, @Nullable String user, @Nullable String password, int size) {
    return open(jdbcUrl, user, password == null ? null : () -> password, size);
  }

  /**
   * A pool that asks for nothing until its first use, so that it outlives a database that is away.
   *
   * @param jdbcUrl of a PostgreSQL
   * @param user null when the URL says it, or none is needed
   * @param password asked for each new connection; null likewise
   * @param size connections at most
   */
  public static HikariDataSource open(
      String jdbcUrl, @Nullable String user, @Nullable Supplier<String> password, int size) {
    HikariConfig config = new HikariConfig();
    config.setPoolName("database");
    config.setJdbcUrl(jdbcUrl);
    if (password != null) {
      config.setCredentialsProvider(() -> Credentials.of(user, password.get()));
    } else if (user != null) {
      config.setUsername(user);
    }
    config.setMaximumPoolSize(size);
    config.setMinimumIdle(1);
    config.setConnectionTimeout(Duration.ofSeconds(5).toMillis());
    config.setInitializationFailTimeout(-1);
    // A process that is frozen within a transaction would hold its locks until it wakes.
    config.setConnectionInitSql("set idle_in_transaction_session_timeout = '10s'");
    config.addDataSourceProperty("ApplicationName", "dbimport");
    return new HikariDataSource(config);
  }
}
