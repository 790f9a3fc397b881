package io.dbimport.engine;

import io.dbimport.engine.FileRecord.Document;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * Documents for COPY, sorted by their {@code _id}: neighbours in the key's index are written one
 * after the other. Immutable.
 */
final class CopyRows {
  private static final int BLOCK_BYTES = 1 << 16;

  private final List<Document> sorted;

  CopyRows(Collection<Document> documents) {
    this.sorted = documents.stream().sorted(Comparator.comparing(Document::id)).toList();
  }

  /** Whether no {@code _id} is in both. */
  boolean apartFrom(CopyRows other) {
    int mine = 0;
    int theirs = 0;
    while (mine < sorted.size() && theirs < other.sorted.size()) {
      int order = sorted.get(mine).id().compareTo(other.sorted.get(theirs).id());
      if (order == 0) {
        return false;
      }
      if (order < 0) {
        mine++;
      } else {
        theirs++;
      }
    }
    return true;
  }

  /** Copies them into a table that has {@code _id} and {@code doc}. */
  void into(Connection connection, String table) throws SQLException {
    CopyIn copy =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn("copy " + table + " (_id, doc) from stdin");
    try {
      ByteText block = new ByteText();
      for (Document document : sorted) {
        Utf8Text.of(document.id()).putEscaped(block);
        block.put('\t');
        document.object().putEscaped(block);
        block.put('\n');
        if (block.length() >= BLOCK_BYTES) {
          send(copy, block);
        }
      }
      send(copy, block);
      copy.endCopy();
    } finally {
      if (copy.isActive()) {
        copy.cancelCopy();
      }
    }
  }

  private static void send(CopyIn copy, ByteText block) throws SQLException {
    copy.writeToCopy(block.bytes(), 0, block.length());
    block.cut(0);
  }
}
