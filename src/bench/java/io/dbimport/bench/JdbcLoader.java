package io.dbimport.bench;

import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What one writes in an afternoon: Jackson's tree of each line, batches of 1000 rewritten. */
final class JdbcLoader {
  private static final int BATCH = 1000;

  private JdbcLoader() {}

  /**
   * Loads a file.
   *
   * @param args JDBC URL, table, file of JSON lines
   */
  public static void main(String[] args) throws Exception {
    JsonMapper json = JsonMapper.builder().build();
    try (Connection connection =
            DriverManager.getConnection(args[0] + "&reWriteBatchedInserts=true");
        PreparedStatement insert =
            connection.prepareStatement("insert into " + args[1] + " values (?, ?::jsonb)");
        BufferedReader lines = Files.newBufferedReader(Path.of(args[2]))) {
      connection.setAutoCommit(false);
      int waiting = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode document = json.readTree(line);
        insert.setString(1, document.path("_id").stringValue());
        insert.setString(2, document.toString());
        insert.addBatch();
        if (++waiting == BATCH) {
          insert.executeBatch();
          connection.commit();
          waiting = 0;
        }
      }
      insert.executeBatch();
      connection.commit();
    }
  }
}
