package io.dbimport.engine;

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

/**
 * What an import of a file would find in it, without a server. Immutable.
 *
 * @param records all of them, bad ones included
 * @param bad how many could not become documents
 * @param withoutId how many have no {@code _id}, so that importing them twice doubles them
 * @param readable whether an import would come to the file's end
 * @param problems how many there are of each kind
 */
public record FileCheck(
    long records, long bad, long withoutId, boolean readable, Map<ProblemKind, Long> problems) {

  public FileCheck {
    problems = Map.copyOf(problems);
  }

  /** Whether an import would take every record. */
  public boolean good() {
    return problems.isEmpty();
  }

  /**
   * Reads the whole file with the reader of the import; blocks for as long as that takes, in memory
   * that does not grow with it.
   *
   * @param found is told each problem when it is met, in the file's order
   * @throws IOException when the file cannot be read
   */
  public static FileCheck of(
      InputStream in, FileType type, CsvNumbers numbers, Consumer<Problem> found)
      throws IOException {
    SplittableRandom random = new SplittableRandom(0);
    RecordReader reader =
        switch (type) {
          case JSON -> new JsonRecords(in, Place.START, random);
          case CSV -> new CsvRecords(in, Place.START, numbers, random);
        };
    return new Counting(found).read(reader);
  }

  private static final class Counting {
    private final Consumer<Problem> found;
    private final Map<ProblemKind, Long> problems = new EnumMap<>(ProblemKind.class);
    private long records;
    private long bad;
    private long withoutId;
    private boolean readable = true;

    Counting(Consumer<Problem> found) {
      this.found = found;
    }

    FileCheck read(RecordReader reader) throws IOException {
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
      return new FileCheck(records, bad, withoutId, readable, problems);
    }

    private void count(FileRecord record) {
      records++;
      switch (record) {
        case FileRecord.Document document -> withoutId += document.idMade() ? 1 : 0;
        case FileRecord.Bad(Problem problem) -> {
          bad++;
          tell(problem);
        }
      }
    }

    private void tell(Problem problem) {
      problems.merge(problem.kind(), 1L, Long::sum);
      found.accept(problem);
    }
  }
}
