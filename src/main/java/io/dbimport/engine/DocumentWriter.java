package io.dbimport.engine;

import io.dbimport.engine.FileRecord.Document;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * Writes batches of documents: COPY into a staging table, and from there one statement into the
 * collection. Immutable.
 */
final class DocumentWriter {
  private static final int COPY_BUFFER_CHARS = 1 << 16;

  private final OnUpsert onUpsert;

  DocumentWriter(OnUpsert onUpsert) {
    this.onUpsert = onUpsert;
  }

  /**
   * Writes the batch's documents within the connection's open transaction and returns those that
   * met one in the collection, in the file's order; an upsert meets none.
   *
   * @throws SQLException when the collection is gone, or the database fails
   */
  List<Document> write(Connection connection, Job job, Collection<Document> documents)
      throws SQLException {
    if (documents.isEmpty()) {
      return List.of();
    }
    String table = Sql.table(job.parameters().env(), job.parameters().collectionName());
    stage(connection, documents);
    try (Statement statement = connection.createStatement()) {
      if (job.upserts()) {
        String doc =
            switch (onUpsert) {
              case REPLACE -> "excluded.doc";
              case MERGE -> "stored.doc || excluded.doc";
            };
        statement.executeUpdate(
            "insert into %s as stored (_id, doc) select _id, doc from dbimport_staging order by _id on conflict (_id) do update set doc = %s"
                .formatted(table, doc));
        return List.of();
      }
      return insert(statement, table, documents);
    }
  }

  private static List<Document> insert(
      Statement statement, String table, Collection<Document> documents) throws SQLException {
    Map<String, Document> left = new LinkedHashMap<>();
    documents.forEach(document -> left.put(document.id(), document));
    try (ResultSet inserted =
        statement.executeQuery(
            "insert into %s (_id, doc) select _id, doc from dbimport_staging order by _id on conflict (_id) do nothing returning _id"
                .formatted(table))) {
      while (inserted.next()) {
        left.remove(inserted.getString(1));
      }
    }
    return new ArrayList<>(left.values());
  }

  /** Makes room for more of the same transaction. */
  static void unstage(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("delete from pg_temp.dbimport_staging");
    }
  }

  private static void stage(Connection connection, Collection<Document> documents)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      // The table stays with the connection; its rows go with each transaction.
      statement.execute(
          "create temporary table if not exists dbimport_staging (_id text, doc jsonb) on commit"
              + " delete rows");
    }
    CopyIn copy =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn("copy pg_temp.dbimport_staging (_id, doc) from stdin");
    try {
      StringBuilder rows = new StringBuilder(COPY_BUFFER_CHARS);
      for (Document document : documents) {
        escape(document.id(), rows);
        rows.append('\t');
        escape(document.json(), rows);
        rows.append('\n');
        if (rows.length() >= COPY_BUFFER_CHARS) {
          send(copy, rows);
        }
      }
      send(copy, rows);
      copy.endCopy();
    } finally {
      if (copy.isActive()) {
        copy.cancelCopy();
      }
    }
  }

  private static void send(CopyIn copy, StringBuilder rows) throws SQLException {
    byte[] bytes = rows.toString().getBytes(StandardCharsets.UTF_8);
    copy.writeToCopy(bytes, 0, bytes.length);
    rows.setLength(0);
  }

  /** COPY's text form: what separates and escapes there is escaped. */
  private static void escape(String text, StringBuilder out) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '\\' -> out.append("\\\\");
        case '\t' -> out.append("\\t");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        default -> out.append(c);
      }
    }
  }
}
