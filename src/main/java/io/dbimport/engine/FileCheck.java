package io.dbimport.engine;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import io.dbimport.engine.RecordReader.Place;
import io.dbimport.engine.RecordReader.UnreadableFile;
import java.io.IOException;
import java.io.InputStream;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What an import of a file would find in it, without a server. Immutable.
 *
 * @param records all of them, bad ones included
 * @param bad how many could not become documents
 * @param withoutId how many have no {@code _id}, so that importing them twice doubles them
 * @param repeated how many have the {@code _id} of an earlier one; an INSERT refuses them
 * @param unremembered how many have an {@code _id} with which no later one was compared, for want
 *     of memory
 * @param readable whether an import would come to the file's end
 * @param problems how many there are of each kind
 * @param otherSeparator of a CSV file whose header is one column: a semicolon or a tab in it, which
 *     was hardly meant as part of a name; empty for none
 */
public record FileCheck(
    long records,
    long bad,
    long withoutId,
    long repeated,
    long unremembered,
    boolean readable,
    Map<ProblemKind, Long> problems,
    String otherSeparator) {

  /** So many {@code _id}s are remembered, the first ones: all others are compared with them. */
  public static final int IDS_REMEMBERED = KnownIds.MOST;

  public FileCheck {
    problems = Map.copyOf(problems);
  }

  /** A file that is not read, for this reason. */
  public static FileCheck unreadable(Problem why) {
    return new FileCheck(0, 0, 0, 0, 0, false, Map.of(why.kind(), 1L), "");
  }

  /** Whether an import would take every record. */
  public boolean good() {
    return problems.isEmpty();
  }

  /**
   * Reads the whole file with the reader of the import; blocks for as long as that takes, in memory
   * that does not grow with it but for the {@code _id}s: 16 bytes or more each, 200 MB at most.
   *
   * @param mode an INSERT refuses an {@code _id} that an earlier record has
   * @param found is told each problem when it is met, in the file's order
   * @throws IOException when the file cannot be read
   */
  public static FileCheck of(
      InputStream in, FileType type, CsvNumbers numbers, ConflictMode mode, Consumer<Problem> found)
      throws IOException {
    SplittableRandom random = new SplittableRandom(0);
    Counting counting = new Counting(mode, found);
    return switch (type) {
      case JSON -> counting.read(new JsonRecords(in, Place.START, random), () -> "");
      case CSV -> {
        CsvRecords csv = new CsvRecords(in, Place.START, numbers, random);
        yield counting.read(csv, csv::otherSeparator);
      }
    };
  }

  private static final class Counting {
    private final ConflictMode mode;
    private final Consumer<Problem> found;
    private final KnownIds ids = new KnownIds(IDS_REMEMBERED);
    private final Map<ProblemKind, Long> problems = new EnumMap<>(ProblemKind.class);
    private long records;
    private long bad;
    private long withoutId;
    private long repeated;
    private boolean readable = true;

    Counting(ConflictMode mode, Consumer<Problem> found) {
      this.mode = mode;
      this.found = found;
    }

    FileCheck read(RecordReader reader, Supplier<String> otherSeparator) throws IOException {
      boolean more = true;
      while (more) {
        try {
          Optional<FileRecord> next = reader.next();
          next.ifPresent(this::count);
          more = next.isPresent();
        } catch (UnreadableFile unreadable) {
          readable = false;
          more = unreadable.goesOn();
          tell(unreadable.problem());
        }
      }
      return new FileCheck(
          records,
          bad,
          withoutId,
          repeated,
          ids.beyond(),
          readable,
          problems,
          otherSeparator.get());
    }

    private void count(FileRecord record) {
      records++;
      switch (record) {
        case FileRecord.Document made when made.idMade() -> withoutId++;
        case FileRecord.Document document -> compare(document);
        case FileRecord.Bad(Problem problem) -> {
          bad++;
          tell(problem);
        }
      }
    }

    /** As an import does: what could not become a document has no {@code _id} to conflict with. */
    private void compare(FileRecord.Document document) {
      long first = ids.firstLine(document.id(), document.line());
      if (first == 0) {
        return;
      }
      repeated++;
      if (mode == ConflictMode.INSERT) {
        bad++;
        String what = "line %d has the _id %s already".formatted(first, document.id());
        tell(new Problem(ProblemKind.ID_TAKEN, document.line(), document.column(), what));
      }
    }

    private void tell(Problem problem) {
      problems.merge(problem.kind(), 1L, Long::sum);
      found.accept(problem);
    }
  }
}
