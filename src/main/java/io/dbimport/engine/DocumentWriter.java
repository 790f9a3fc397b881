package io.dbimport.engine;

import io.dbimport.engine.FileRecord.Document;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes the batches of one job: by COPY straight into the collection for as long as no {@code _id}
 * is there already, else by COPY into a staging table and from there by one statement, which is
 * slower and knows conflicts. Thread-safe.
 */
final class DocumentWriter {
  private static final int STAGED_AT_MOST = 63;

  private final Job job;
  private final OnUpsert onUpsert;
  private final String table;

  /** Batches that are staged before the straight way is tried again. */
  private int toStage;

  private int toStageNext = 1;

  DocumentWriter(Job job, OnUpsert onUpsert) {
    this.job = job;
    this.onUpsert = onUpsert;
    this.table = Sql.table(job.parameters().env(), job.parameters().collectionName());
  }

  /**
   * Writes a batch within the connection's open transaction: where one conflict stops the job, the
   * documents before the first one, else all that meet none.
   *
   * @throws SQLException when the collection is gone, or the database fails
   */
  Batch.Result write(Connection connection, Batch batch) throws SQLException {
    Savepoint before = connection.setSavepoint();
    if (copied(connection, batch, before)) {
      return batch.result(List.of());
    }
    List<Document> conflicts = new ArrayList<>();
    for (Map<String, Document> turn : batch.turns()) {
      conflicts.addAll(stage(connection, turn.values()));
    }
    if (conflicts.isEmpty() || !job.parameters().stopOnError()) {
      return batch.result(conflicts);
    }
    connection.rollback(before);
    Document first = conflicts.getFirst();
    List<Document> kept =
        batch.turns().getFirst().values().stream().takeWhile(d -> !d.equals(first)).toList();
    stage(connection, kept);
    return new Batch.Result(kept.size(), List.of(Batch.conflict(first)));
  }

  /** Writes the batch straight into the collection, or nothing of it. */
  private boolean copied(Connection connection, Batch batch, Savepoint before) throws SQLException {
    if (batch.turns().size() > 1 || isToBeStaged()) {
      return false;
    }
    try {
      batch.rows().into(connection, table);
      metNone();
      return true;
    } catch (SQLException failure) {
      if (!Sql.isTaken(failure)) {
        throw failure;
      }
      connection.rollback(before);
      metOne();
      return false;
    }
  }

  private synchronized boolean isToBeStaged() {
    return toStage-- > 0;
  }

  private synchronized void metNone() {
    toStage = 0;
    toStageNext = 1;
  }

  /** What was written in vain stays as dead rows: the straight way is tried ever more seldom. */
  private synchronized void metOne() {
    toStage = toStageNext;
    toStageNext = Math.min(STAGED_AT_MOST, 2 * toStageNext + 1);
  }

  /** Returns those that met one in the collection, in the file's order; an upsert meets none. */
  private List<Document> stage(Connection connection, Collection<Document> documents)
      throws SQLException {
    if (documents.isEmpty()) {
      return List.of();
    }
    try (Statement statement = connection.createStatement()) {
      // The table stays with the connection; its rows go with each transaction.
      statement.execute(
          "create temporary table if not exists dbimport_staging (_id text, doc jsonb)"
              + " on commit delete rows");
      statement.execute("truncate pg_temp.dbimport_staging");
      new CopyRows(documents).into(connection, "pg_temp.dbimport_staging");
      if (job.upserts()) {
        String doc =
            switch (onUpsert) {
              case REPLACE -> "excluded.doc";
              case MERGE -> "stored.doc || excluded.doc";
            };
        // A document that stays what it is, to the last byte, is not written again.
        statement.executeUpdate(
            "insert into %s as stored (_id, doc) select _id, doc from pg_temp.dbimport_staging on conflict (_id) do update set doc = %s where record_image_ne(row(stored.doc), row(%s))"
                .formatted(table, doc, doc));
        return List.of();
      }
      return insert(statement, documents);
    }
  }

  private List<Document> insert(Statement statement, Collection<Document> documents)
      throws SQLException {
    Map<String, Document> left = new LinkedHashMap<>();
    documents.forEach(document -> left.put(document.id(), document));
    try (ResultSet inserted =
        statement.executeQuery(
            "insert into %s (_id, doc) select _id, doc from pg_temp.dbimport_staging on conflict (_id) do nothing returning _id"
                .formatted(table))) {
      while (inserted.next()) {
        left.remove(inserted.getString(1));
      }
    }
    return new ArrayList<>(left.values());
  }
}
