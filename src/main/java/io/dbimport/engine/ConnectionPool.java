package io.dbimport.engine;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Makes pools of connections to PostgreSQL. Stateless. */
public final class ConnectionPool {
  private ConnectionPool() {}

  /**
   * A pool that asks for nothing until its first use, so that it outlives a database that is away.
   *
   * @param jdbcUrl of a PostgreSQL
   * @param user null when the URL says it, or none is needed
   * @param password null likewise
   * @param size connections at most
   */
  public static HikariDataSource open(
      String jdbcUrl, @Nullable String user, @Nullable String password, int size) {
    HikariConfig config = new HikariConfig();
    config.setPoolName("database");
    config.setJdbcUrl(jdbcUrl);
    if (user != null) {
      config.setUsername(user);
    }
    if (password != null) {
      config.setPassword(password);
    }
    config.setMaximumPoolSize(size);
    config.setMinimumIdle(1);
    config.setConnectionTimeout(Duration.ofSeconds(5).toMillis());
    config.setInitializationFailTimeout(-1);
    config.addDataSourceProperty("ApplicationName", "dbimport");
    return new HikariDataSource(config);
  }
}
