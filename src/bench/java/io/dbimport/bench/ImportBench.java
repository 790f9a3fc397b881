package io.dbimport.bench;

import io.dbimport.ConflictMode;
import io.dbimport.FileType;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** How fast documents come into PostgreSQL, through our server and beside it. */
final class ImportBench {
  private static final Path FOLDER = Bench.FOLDER.resolve("import");

  /** Who is measured, at what. */
  private enum Loader {
    PSQL("psql \\copy, converted before"),
    PSQL_FILLED("the same into a filled table"),
    JDBC("JDBC, batches of 1,000"),
    INSERT("ours, INSERT"),
    INSERT_FILLED("ours, INSERT into a filled one"),
    INSERT_TWO("ours, INSERT, two jobs at once"),
    UPSERT("ours, UPSERT"),
    UPSERT_CHANGED("ours, UPSERT that changes all"),
    UPSERT_SAME("ours, UPSERT that changes nothing"),
    PSQL_CSV("CSV: psql \\copy, converted before"),
    PGLOADER("CSV: pgloader, plain columns"),
    CSV("CSV: ours, INSERT");

    final String label;

    Loader(String label) {
      this.label = label;
    }

    boolean csv() {
      return this == PSQL_CSV || this == PGLOADER || this == CSV;
    }

    /** The program it needs that is not ours; empty when there is none. */
    String program() {
      return switch (this) {
        case PSQL, PSQL_FILLED, PSQL_CSV -> "psql";
        case PGLOADER -> "pgloader";
        default -> "";
      };
    }
  }

  /**
   * One run.
   *
   * @param loaderCpu seconds
   * @param databaseCpu of PostgreSQL's processes together, seconds
   * @param logBytes written ahead
   */
  private record Run(
      long documents,
      long bytes,
      double seconds,
      double loaderCpu,
      double databaseCpu,
      long logBytes) {}

  private final int documents;
  private final int runs;
  private final Map<Loader, List<Run>> all = new EnumMap<>(Loader.class);

  ImportBench(int documents, int runs) {
    this.documents = documents;
    this.runs = runs;
  }

  /** All rounds; the report. */
  String run() throws Exception {
    ImportFiles files = ImportFiles.write(FOLDER, documents);
    List<Loader> loaders =
        Arrays.stream(Loader.values()).filter(loader -> there(loader.program())).toList();
    try (ImportStand stand = new ImportStand(Files.createTempDirectory(FOLDER, "stand-"))) {
      stand.put("lines", files.lines());
      stand.put("rows", files.rows());
      stand.put("others", files.others());
      stand.put("changed", files.changed());
      for (int round = 1; round <= runs; round++) {
        for (Loader loader : loaders) {
          Run run = run(stand, files, loader);
          all.computeIfAbsent(loader, _ -> new ArrayList<>()).add(run);
          System.out.printf("%s, round %d of %d  %.2f s%n", loader.label, round, runs, run.seconds);
        }
      }
      return report(stand.serverPeakMiB());
    }
  }

  private static boolean there(String program) {
    boolean there =
        program.isEmpty()
            || Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    if (!there) {
      System.out.println(program + " is not on this machine: left out");
    }
    return there;
  }

  private Run run(ImportStand stand, ImportFiles files, Loader loader) throws Exception {
    stand.emptyTable("docs");
    stand.emptyTable("docs2");
    switch (loader) {
      case PSQL_FILLED, INSERT_FILLED -> insert(stand, "others", List.of("docs"));
      case UPSERT_CHANGED, UPSERT_SAME -> insert(stand, "lines", List.of("docs"));
      default -> {}
    }
    stand.execute("checkpoint");
    double loaderCpu = stand.serverCpuSeconds();
    double databaseCpu = stand.databaseCpuSeconds();
    long logBytes = stand.logBytes();
    long start = System.nanoTime();
    switch (loader) {
      case PSQL, PSQL_FILLED -> loaderCpu = psql(stand, files.linesForCopy());
      case PSQL_CSV -> loaderCpu = psql(stand, files.rowsForCopy());
      case JDBC -> loaderCpu = jdbc(stand, files.lines());
      case PGLOADER -> loaderCpu = pgloader(stand, files.rows());
      case INSERT, INSERT_FILLED -> insert(stand, "lines", List.of("docs"));
      case INSERT_TWO -> insert(stand, "lines", List.of("docs", "docs2"));
      case UPSERT, UPSERT_SAME -> upsert(stand, "lines");
      case UPSERT_CHANGED -> upsert(stand, "changed");
      case CSV ->
          stand.importAll("rows", FileType.CSV, ConflictMode.INSERT, List.of("docs"), documents);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    boolean ours = loader.label.contains("ours");
    int times = loader == Loader.INSERT_TWO ? 2 : 1;
    return new Run(
        (long) documents * times,
        Files.size(loader.csv() ? files.rows() : files.lines()) * times,
        seconds,
        ours ? stand.serverCpuSeconds() - loaderCpu : loaderCpu,
        stand.databaseCpuSeconds() - databaseCpu,
        stand.logBytes() - logBytes);
  }

  private void insert(ImportStand stand, String path, List<String> collections)
      throws InterruptedException {
    stand.importAll(path, FileType.JSON, ConflictMode.INSERT, collections, documents);
  }

  private void upsert(ImportStand stand, String path) throws InterruptedException {
    stand.importAll(path, FileType.JSON, ConflictMode.UPSERT, List.of("docs"), documents);
  }

  private static double psql(ImportStand stand, Path file) throws Exception {
    return await(
        List.of(
            "psql",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            "\\copy " + ImportStand.table("docs") + " from '" + file + "'",
            stand.address()));
  }

  private static double jdbc(ImportStand stand, Path file) throws Exception {
    return await(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            "-cp",
            System.getProperty("java.class.path"),
            JdbcLoader.class.getName(),
            stand.jdbcUrl(),
            ImportStand.table("docs"),
            file.toString()));
  }

  private static double pgloader(ImportStand stand, Path file) throws Exception {
    stand.execute("drop table if exists public.plain");
    stand.execute(
        "create table public.plain (_id text primary key, name text, age int, city text,"
            + " score float8, created text)");
    Path load = FOLDER.resolve("rows.load");
    Files.writeString(
        load,
        """
        load csv from '%s' (_id, name, age, city, score, created)
        into %s?tablename=plain (_id, name, age, city, score, created)
        with skip header = 1, fields optionally enclosed by '"', fields escaped by double-quote,
          fields terminated by ',';
        """
            .formatted(file, stand.address()));
    double cpu = await(List.of("pgloader", "-q", load.toString()));
    if (stand.number("select count(*) from public.plain") == 0) {
      throw new IllegalStateException("pgloader loaded nothing");
    }
    return cpu;
  }

  /** Runs a program to its end; the time of all processors that it used, in seconds. */
  private static double await(List<String> command) throws IOException, InterruptedException {
    Path log = FOLDER.resolve("peer.log");
    List<String> timed = new ArrayList<>(List.of("bash", "-c", "time \"$@\"", "bash"));
    timed.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(timed).redirectErrorStream(true);
    builder.environment().put("TIMEFORMAT", "cpu %U %S");
    Process process = builder.redirectOutput(log.toFile()).start();
    int code = process.waitFor();
    String printed = Files.readString(log);
    if (code != 0) {
      throw new IllegalStateException(command.getFirst() + " ends with " + code + ": " + printed);
    }
    String[] cpu = printed.substring(printed.lastIndexOf("cpu ")).strip().split(" ", -1);
    return Double.parseDouble(cpu[1]) + Double.parseDouble(cpu[2]);
  }

  private String report(long serverPeakMiB) throws IOException, SQLException {
    Report report = new Report("Bench: documents into PostgreSQL");
    report.line(
        "%,d documents, %d interleaved rounds, PostgreSQL 18 with its defaults and fsync, a table with a key; our server with a heap of %s; median (least-most)."
            .formatted(documents, runs, ImportStand.HEAP));
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of("", "documents/s", "of psql", "MB/s", "CPU s", "PostgreSQL's CPU s", "log MB"));
    all.forEach((loader, runs) -> {
      List<Run> beside = all.getOrDefault(loader.csv() ? Loader.PSQL_CSV : Loader.PSQL, List.of());
      rows.add(
          List.of(
              loader.label,
              spread(runs, run -> run.documents / run.seconds, 0),
              ratio(runs, beside),
              spread(runs, run -> run.bytes / 1e6 / run.seconds, 1),
              spread(runs, run -> run.loaderCpu, 1),
              spread(runs, run -> run.databaseCpu, 1),
              spread(runs, run -> run.logBytes / 1e6, 0)));
    });
    report.table(rows);
    report.line(
        "\"of psql\" is documents/s beside the first row of the same format in the same round. Most memory of our server's process: %,d MiB."
            .formatted(serverPeakMiB));
    return report.text();
  }

  private static String ratio(List<Run> runs, List<Run> beside) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < Math.min(runs.size(), beside.size()); i++) {
      Run run = runs.get(i);
      Run other = beside.get(i);
      ratios.add(run.documents / run.seconds / (other.documents / other.seconds));
    }
    return Spread.of(ratios.stream().mapToDouble(ratio -> ratio), 2);
  }

  private static String spread(List<Run> runs, ToDoubleFunction<Run> figure, int decimals) {
    return Spread.of(runs.stream().mapToDouble(figure), decimals);
  }
}
