package io.dbimport.engine;

import io.dbimport.engine.FileRecord.Bad;
import io.dbimport.engine.FileRecord.Document;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The records of one transaction, duplicates among them told apart. Not thread-safe. */
final class Batch {
  /**
   * Of each job three are in memory, or four for a moment, and several jobs run at once: all
   * together have the smaller part of it. The larger they are, the more is sorted.
   */
  private static final long MAX_BYTES =
      Math.clamp(Runtime.getRuntime().maxMemory() / 24, 4L << 20, 48L << 20);

  /** What a document takes in memory beside its own bytes and its {@code _id}, about. */
  private static final int BYTES_A_DOCUMENT = 160;

  /**
   * What became of a batch.
   *
   * @param written documents
   * @param failures records that failed, in the file's order
   */
  record Result(long written, List<Bad> failures) {}

  /** What becomes of a record whose {@code _id} an earlier one of the file has. */
  enum Same {
    /** It conflicts. */
    CONFLICTS,
    /** It takes the earlier one's place. */
    REPLACES,
    /** It is written after the earlier one, into the same document. */
    FOLLOWS;

    static Same of(Job job, EngineSettings settings) {
      if (!job.upserts()) {
        return CONFLICTS;
      }
      return settings.onUpsert() == OnUpsert.MERGE ? FOLLOWS : REPLACES;
    }
  }

  private final Same same;
  private final int maxRecords;

  /** Documents by {@code _id}; those of the same one follow each other in turns of their own. */
  private final List<Map<String, Document>> turns = new ArrayList<>(List.of(new LinkedHashMap<>()));

  private final List<Bad> failures = new ArrayList<>();
  private @Nullable CopyRows rows;
  private long documents;
  private int records;
  private long bytes;

  Batch(Same same, int maxRecords) {
    this.same = same;
    this.maxRecords = maxRecords;
  }

  void add(FileRecord record) {
    records++;
    switch (record) {
      case Bad bad -> failures.add(bad);
      case Document document -> {
        bytes += document.object().length() + document.id().length() + BYTES_A_DOCUMENT;
        add(document);
      }
    }
  }

  private void add(Document document) {
    Map<String, Document> first = turns.getFirst();
    switch (same) {
      case CONFLICTS -> {
        if (first.putIfAbsent(document.id(), document) != null) {
          failures.add(conflict(document));
          return;
        }
      }
      case REPLACES -> first.put(document.id(), document);
      case FOLLOWS -> {
        int turn = 0;
        while (turns.get(turn).putIfAbsent(document.id(), document) != null) {
          turn++;
          if (turn == turns.size()) {
            turns.add(new LinkedHashMap<>());
          }
        }
      }
    }
    documents++;
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

  /** What is to be written, one after another; in each no {@code _id} is there twice. */
  List<Map<String, Document>> turns() {
    return turns;
  }

  /** The first turn's documents, sorted once; call when nothing more is added. */
  CopyRows rows() {
    if (rows == null) {
      rows = new CopyRows(turns.getFirst().values());
    }
    return rows;
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
    return new Result(documents - conflicts.size(), all);
  }
}
