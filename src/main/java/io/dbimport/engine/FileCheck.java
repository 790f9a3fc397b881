package io.dbimport.engine;

import io.dbimport.FileType;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * What an import of a file would find in it, without a server. Immutable.
 *
 * @param records all of them, bad ones included
 * @param bad how many could not become documents
 * @param withoutId how many have no {@code _id}, so that importing them twice doubles them
 * @param problems the first bad records: line and reason
 */
public record FileCheck(long records, long bad, long withoutId, List<String> problems) {
  private static final int MAX_PROBLEMS = 20;

  public FileCheck {
    problems = List.copyOf(problems);
  }

  /** What the end of a file that cannot be read any further says. */
  public static final class Unreadable extends IOException {
    private static final long serialVersionUID = 1L;

    Unreadable(String why) {
      super(why);
    }
  }

  /**
   * Reads the whole file; blocks for as long as that takes, in memory that does not grow with it.
   *
   * @throws Unreadable when nothing more can be read, whatever is done about single records: says
   *     what to change
   * @throws IOException when the file cannot be read at all
   */
  public static FileCheck of(Path file, FileType type) throws IOException {
    long records = 0;
    long bad = 0;
    long withoutId = 0;
    List<String> problems = new ArrayList<>();
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file));
        RecordReader reader = reader(type, in)) {
      for (Optional<FileRecord> next = reader.next(); next.isPresent(); next = reader.next()) {
        records++;
        switch (next.get()) {
          case FileRecord.Document document -> withoutId += document.idMade() ? 1 : 0;
          case FileRecord.Bad(long line, String reason) -> {
            bad++;
            if (problems.size() < MAX_PROBLEMS) {
              problems.add("line " + line + ": " + reason);
            }
          }
        }
      }
    } catch (RecordReader.UnreadableFile unreadable) {
      throw new Unreadable(unreadable.why());
    }
    return new FileCheck(records, bad, withoutId, problems);
  }

  private static RecordReader reader(FileType type, InputStream in)
      throws IOException, RecordReader.UnreadableFile {
    SplittableRandom random = new SplittableRandom(0);
    return switch (type) {
      case JSON -> new JsonRecords(in, 0, 1, random);
      case CSV -> new CsvRecords(in, 0, random);
    };
  }
}
