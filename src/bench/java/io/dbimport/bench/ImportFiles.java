package io.dbimport.bench;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/**
 * The same documents as each loader takes them, about 200 bytes each, their {@code _id} in random
 * order. Immutable.
 *
 * @param lines JSON, one a line
 * @param rows CSV of their flat fields
 * @param linesForCopy the first as COPY's text form takes them: {@code _id} and document
 * @param rowsForCopy the second likewise
 * @param changed JSON of the same documents with another score
 * @param others JSON of as many other documents
 */
record ImportFiles(
    Path lines, Path rows, Path linesForCopy, Path rowsForCopy, Path changed, Path others) {
  static final String HEADER = "_id,name,age,loc.city,score,created";

  /** Writes them into this folder. */
  static ImportFiles write(Path folder, int documents) throws IOException {
    Files.createDirectories(folder);
    ImportFiles files =
        new ImportFiles(
            folder.resolve("lines.jsonl"),
            folder.resolve("rows.csv"),
            folder.resolve("lines.copy"),
            folder.resolve("rows.copy"),
            folder.resolve("changed.jsonl"),
            folder.resolve("others.jsonl"));
    try (BufferedWriter lines = Files.newBufferedWriter(files.lines);
        BufferedWriter rows = Files.newBufferedWriter(files.rows);
        BufferedWriter linesForCopy = Files.newBufferedWriter(files.linesForCopy);
        BufferedWriter rowsForCopy = Files.newBufferedWriter(files.rowsForCopy);
        BufferedWriter changed = Files.newBufferedWriter(files.changed)) {
      rows.write(HEADER + "\n");
      Random random = new Random(1);
      for (int i = 0; i < documents; i++) {
        Row row = Row.any(random);
        lines.write(row.json() + "\n");
        rows.write(row.csv() + "\n");
        linesForCopy.write(row.id + "\t" + row.json().replace("\\", "\\\\") + "\n");
        changed.write(row.json().replace("\"score\":", "\"score\":1") + "\n");
        rowsForCopy.write(row.id + "\t" + row.flatJson().replace("\\", "\\\\") + "\n");
      }
    }
    try (BufferedWriter others = Files.newBufferedWriter(files.others)) {
      Random random = new Random(2);
      for (int i = 0; i < documents; i++) {
        others.write(Row.any(random).json() + "\n");
      }
    }
    return files;
  }

  /** One document. */
  private record Row(
      String id, String name, int age, String city, int lon, int lat, int score, int second) {
    private static final String[] CITIES = {"上海", "Hangzhou", "Zürich", "広州", "Shenzhen"};

    static Row any(Random random) {
      String id = "%016x%08x".formatted(random.nextLong(), random.nextInt());
      String name =
          switch (random.nextInt(20)) {
            case 0 -> "Customer \"the %05d\"".formatted(random.nextInt(100_000));
            case 1, 2, 3 -> "顾客 %06d".formatted(random.nextInt(1_000_000));
            default -> "Customer %08d".formatted(random.nextInt(100_000_000));
          };
      return new Row(
          id,
          name,
          18 + random.nextInt(60),
          CITIES[random.nextInt(CITIES.length)],
          random.nextInt(180_000),
          random.nextInt(90_000),
          random.nextInt(100_000),
          random.nextInt(60));
    }

    private String quoted() {
      return name.replace("\"", "\\\"");
    }

    private String created() {
      return "2026-01-01T00:00:%02d.000Z".formatted(second);
    }

    String json() {
      return """
      {"_id":"%s","name":"%s","age":%d,"tags":["a%d","b"],"loc":{"city":"%s","geo":[%d.%03d,%d.%03d]},"score":%d.%02d,"created":{"$date":"%s"}}\
      """
          .formatted(
              id,
              quoted(),
              age,
              second,
              city,
              lon / 1000,
              lon % 1000,
              lat / 1000,
              lat % 1000,
              score / 100,
              score % 100,
              created());
    }

    String flatJson() {
      return """
      {"_id":"%s","name":"%s","age":%d,"loc":{"city":"%s"},"score":%d.%02d,"created":"%s"}\
      """
          .formatted(id, quoted(), age, city, score / 100, score % 100, created());
    }

    String csv() {
      return "%s,\"%s\",%d,%s,%d.%02d,%s"
          .formatted(
              id, name.replace("\"", "\"\""), age, city, score / 100, score % 100, created());
    }
  }
}
