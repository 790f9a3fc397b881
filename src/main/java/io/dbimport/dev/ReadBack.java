package io.dbimport.dev;

import io.dbimport.cli.Screen;
import io.dbimport.cli.Screen.Look;
import io.dbimport.cli.Table;
import io.dbimport.cli.Table.Cell;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * Shows documents as plain SQL finds them. Immutable.
 *
 * @param databaseUrl for JDBC
 * @param env whose collections to read
 */
record ReadBack(Screen screen, String databaseUrl, String env) {
  private static final List<String> QUERIES =
      List.of(
          """
          select _id, doc->'name'->>'common' as name, doc->'translations'->>'zho' as zho,
                 doc->'translations'->>'ara' as ara, doc->'location'->'coordinates' as coordinates
          from %s.countries where _id in ('CHN', 'EGY', 'GRC', 'JPN') order by _id\
          """,
          """
          select _id, doc->>'name' as name, doc->'code' as code, doc->'location' as location
          from %s.airports order by (doc->'location'->>'latitude')::numeric desc limit 3\
          """,
          """
          select doc->'time'->>'$date' as time, (doc->>'magnitude')::numeric as magnitude,
                 doc->>'place' as place
          from %s.earthquakes order by magnitude desc limit 3\
          """);

  void print() throws IOException {
    try (Connection connection = DriverManager.getConnection(databaseUrl);
        Statement statement = connection.createStatement()) {
      for (String query : QUERIES) {
        String sql = query.formatted("\"" + env.replace("\"", "\"\"") + "\"");
        screen.line("");
        sql.lines().forEach(line -> screen.line(Look.NOTE, "  " + line));
        try (ResultSet rows = statement.executeQuery(sql)) {
          print(rows);
        }
      }
    } catch (SQLException failure) {
      throw new IOException("the documents cannot be read back", failure);
    }
  }

  private void print(ResultSet rows) throws SQLException {
    ResultSetMetaData columns = rows.getMetaData();
    List<String> names = new ArrayList<>();
    for (int i = 1; i <= columns.getColumnCount(); i++) {
      names.add(columns.getColumnLabel(i));
    }
    Table table = new Table(names);
    while (rows.next()) {
      List<Cell> cells = new ArrayList<>();
      for (int i = 1; i <= names.size(); i++) {
        String text = rows.getString(i);
        cells.add(Cell.of(text == null ? "" : text));
      }
      table.row(cells);
    }
    table.print(screen);
  }
}
