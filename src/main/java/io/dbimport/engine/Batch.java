package io.dbimport.engine;

import io.dbimport.engine.FileRecord.Bad;
import io.dbimport.engine.FileRecord.Document;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The records of one transaction, duplicates among them told apart. Not thread-safe. */
final class Batch {
  private static final long MAX_BYTES = 8 << 20;

  /**
   * What became of a batch.
   *
   * @param written documents
   * @param failures records that failed, in the file's order
   */
  record Result(long written, List<Bad> failures) {}

  private final boolean upsert;
  private final int maxRecords;
  private final Map<String, Document> byId = new LinkedHashMap<>();
  private final List<Bad> failures = new ArrayList<>();
  private long replaced;
  private int records;
  private long bytes;

  Batch(boolean upsert, int maxRecords) {
    this.upsert = upsert;
    this.maxRecords = maxRecords;
  }

  void add(FileRecord record) {
    records++;
    switch (record) {
      case Bad bad -> failures.add(bad);
      case Document document -> {
        bytes += document.json().length();
        if (upsert) {
          // The last one of the file wins, as it would one by one.
          replaced += byId.put(document.id(), document) == null ? 0 : 1;
        } else if (byId.putIfAbsent(document.id(), document) != null) {
          failures.add(conflict(document));
        }
      }
    }
  }

  /** Whether it should be written now. */
  boolean full() {
    return records >= maxRecords || bytes >= MAX_BYTES;
  }

  boolean isEmpty() {
    return records == 0;
  }

  boolean hasFailures() {
    return !failures.isEmpty();
  }

  Map<String, Document> documents() {
    return byId;
  }

  static Bad conflict(Document document) {
    return new Bad(
        new Problem(
            ProblemKind.ID_TAKEN,
            document.line(),
            document.column(),
            "_id " + document.id() + " is there already"));
  }

  /**
   * The batch as it ended.
   *
   * @param conflicts documents that met one in the collection
   */
  Result result(List<Document> conflicts) {
    List<Bad> all = new ArrayList<>(failures);
    conflicts.forEach(document -> all.add(conflict(document)));
    all.sort(Comparator.comparingLong(Bad::line));
    return new Result(byId.size() + replaced - conflicts.size(), all);
  }
}
